"""The program: python -m orchestrator.awslambda --config FILE [--host HOST] [--port PORT]."""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from orchestrator.awslambda import config
from orchestrator.awslambda.app import make_app
from orchestrator.awslambda.environment import provide_runtime
from orchestrator.awslambda.errors import ConfigError
from orchestrator.awslambda.logs import announce
from orchestrator.awslambda.region import Region

_SCRATCH = ".awslambda"


def main() -> int:
    arguments = _arguments()
    try:
        settings = config.read(arguments.config)
        listener = _listen(arguments.host or settings.host, settings.port if arguments.port is None else arguments.port)
        _make_folders(settings.logs)
    except ConfigError as error:
        sys.stderr.write(f"awslambda: {error}\n")
        return 1
    with listener:
        _serve(settings, listener)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m orchestrator.awslambda", description="A local AWS Lambda.")
    parser.add_argument("--config", type=Path, required=True, help="the JSON file that describes the functions")
    parser.add_argument("--host", help="listen here instead of where the file says")
    parser.add_argument("--port", type=int, help="listen on this port; 0 takes a free one")
    return parser.parse_args()


def _make_folders(logs: Path) -> None:
    """The logs' folder, and in it an empty one for this run. An emulator that was killed left its own behind."""
    try:
        shutil.rmtree(logs / _SCRATCH, ignore_errors=True)
        (logs / _SCRATCH / "uploads").mkdir(parents=True, mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"logs: {logs}: {error.strerror or error}") from error


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError if the address is taken or is not of this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error}") from error
    return listener


def _serve(settings: config.Config, listener: socket.socket) -> None:
    scratch = settings.logs / _SCRATCH
    runtime = provide_runtime(scratch / "runtime")
    region = Region(settings.region, settings.account, runtime, settings.logs, scratch / "uploads")
    app = make_app(region, settings.functions)
    options = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    server = _Server(options, region)
    host, port = listener.getsockname()[:2]
    announce(f"listening on {host}:{port} with {len(settings.functions)} functions")
    # uvicorn stops at a signal and then raises it again, which would end the program before it has tidied up.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])
    shutil.rmtree(scratch, ignore_errors=True)


class _Server(uvicorn.Server):
    """uvicorn, but what the workers are running ends first: nobody waits for the timeout of a function."""

    def __init__(self, options: uvicorn.Config, region: Region) -> None:
        super().__init__(options)
        self._region = region

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._region.close()
        await super().shutdown(sockets)


if __name__ == "__main__":
    sys.exit(main())

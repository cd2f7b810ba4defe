"""The program: python -m orchestrator.awslambda --config FILE [--host HOST] [--port PORT]."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import tempfile
from pathlib import Path

import uvicorn

from orchestrator.awslambda import config
from orchestrator.awslambda.app import make_app
from orchestrator.awslambda.environment import provide_runtime
from orchestrator.awslambda.errors import ConfigError
from orchestrator.awslambda.logs import announce
from orchestrator.awslambda.region import Region


def main() -> int:
    arguments = _arguments()
    try:
        settings = config.read(arguments.config)
        _make_folder(settings.logs)
        listener = _listen(arguments.host or settings.host, settings.port if arguments.port is None else arguments.port)
    except ConfigError as error:
        sys.stderr.write(f"awslambda: {error}\n")
        return 1
    with listener, tempfile.TemporaryDirectory(prefix="awslambda-", ignore_cleanup_errors=True) as scratch:
        _serve(settings, listener, Path(scratch))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m orchestrator.awslambda", description="A local AWS Lambda.")
    parser.add_argument("--config", type=Path, required=True, help="the JSON file that describes the functions")
    parser.add_argument("--host", help="listen here instead of where the file says")
    parser.add_argument("--port", type=int, help="listen on this port; 0 takes a free one")
    return parser.parse_args()


def _make_folder(logs: Path) -> None:
    try:
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
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


def _serve(settings: config.Config, listener: socket.socket, scratch: Path) -> None:
    uploads = scratch / "uploads"
    uploads.mkdir()
    runtime = provide_runtime(scratch / "runtime")
    region = Region(settings.region, settings.account, runtime, settings.logs, uploads)
    app = make_app(region, settings.functions)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
    )
    host, port = listener.getsockname()[:2]
    announce(f"listening on {host}:{port} with {len(settings.functions)} functions")
    # uvicorn stops at a signal and then raises it again, which would leave the scratch folder behind.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())

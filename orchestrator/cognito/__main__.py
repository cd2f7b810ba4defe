"""The program: `python -m orchestrator.cognito --config FILE [--host H] [--port N]`."""

from __future__ import annotations

import argparse
import contextlib
import logging
import secrets
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvicorn

from .app import make_app
from .config import Config, ConfigError, read
from .emulator import assemble
from .lambda_client import LambdaClient
from .service_model import ServiceModel
from .store.database import DatabaseError, open_database


class StartError(Exception):
    """The emulator can't start; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after a clean stop, 1 (with one line on stderr) if it could not start."""
    options = _options(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%FT%T%z"
    )
    try:
        model = ServiceModel.load()
        config = read(options.config, model)
        config = replace(
            config, host=options.host or config.host, port=config.port if options.port is None else options.port
        )
        serve(config, model)
    except (ConfigError, DatabaseError, StartError, FileNotFoundError) as error:
        print(f"cognito: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def serve(config: Config, model: ServiceModel) -> None:
    """Answers until SIGTERM or SIGINT; raises StartError, ConfigError or DatabaseError if it can't start."""
    with contextlib.ExitStack() as open_until_the_end:
        listener = open_until_the_end.enter_context(_listener(config.host, config.port))
        port = listener.getsockname()[1]
        listeners = [listener]
        if config.also_host:
            listeners.append(open_until_the_end.enter_context(_listener(config.also_host, port)))
        database = open_database(config.database)
        functions = LambdaClient(config.lambda_url)
        emulator = assemble(config, database, functions, time.time, secrets.token_bytes)
        settings = uvicorn.Config(
            make_app(emulator, model, functions),
            access_log=False,
            proxy_headers=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=65,
        )
        # uvicorn raises the signal again once it has stopped; for us a stop is a success.
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: sys.exit(0))
        logging.getLogger("cognito").info(
            "serving pool %s at http://%s:%s", config.pool_id, *listener.getsockname()[:2]
        )
        uvicorn.Server(settings).run(sockets=listeners)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise StartError(f"{host}:{port} can't be listened on: {error}. Name another with --port.") from error
    return listener


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m orchestrator.cognito", description="A local Amazon Cognito.")
    parser.add_argument("--config", type=Path, required=True, help="the JSON file that describes pool and clients")
    parser.add_argument("--host", help="the address to listen on, instead of the file's")
    parser.add_argument("--port", type=int, help="the port to listen on, instead of the file's; 0 takes a free one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

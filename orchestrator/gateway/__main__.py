"""The program: `python -m orchestrator.gateway --config FILE [--host H] [--port N]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.gateway import config
from orchestrator.gateway.errors import ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after a clean stop, 1 (with one line on stderr) if it could not start."""
    options = _options(arguments)
    try:
        settings, secrets = config.read(options.config), config.secrets(os.environ)
        # Here, so that --help and a bad configuration answer before the server is loaded.
        from orchestrator.gateway import server

        port = settings.port if options.port is None else options.port
        server.serve(replace(settings, host=options.host or settings.host, port=port), secrets)
    except ConfigError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 1
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.gateway", description="Passes signed sync requests on to Hasura, and nothing else."
    )
    parser.add_argument("--config", type=Path, required=True, help="the JSON file that says what is passed on to where")
    parser.add_argument("--host", help="the address to listen on, instead of the file's")
    parser.add_argument("--port", type=int, help="the port to listen on, instead of the file's; 0 takes a free one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""The program: `python -m orchestrator.engine`, configured as Hasura's graphql-engine is."""

from __future__ import annotations

import gc
import os
import sys

from orchestrator.engine import config


def main() -> int:
    try:
        settings = config.load(sys.argv[1:], os.environ)
        # Here, so that --help and a bad configuration answer before the server is loaded.
        from orchestrator.engine import server

        server.serve(settings)
    except config.ConfigError as error:
        print(f"graphql-engine: {error}", file=sys.stderr)  # noqa: T201 - the one line before logging is set up
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    # What loading makes is kept: server.run() has the collector pass over it, and turns it on again.
    gc.disable()
    sys.exit(main())

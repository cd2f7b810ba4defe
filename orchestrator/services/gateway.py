"""The sync gateway, which a tunnel leads to. Its two secrets are in its environment only."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestrator.services.spec import Child, HttpReady, Spec

NAME = "gateway"
PATH = "/sync"


def gateway_id(key: str) -> str:
    """What the gateway with this key answers to `GET /sync`: it tells it from another's behind the same public URL."""
    return hmac.digest(key.encode(), b"gateway id", hashlib.sha256).hex()[:16]


def gateway(
    *,
    mutation: str,
    columns: Sequence[str],
    key: str,
    admin_secret: str,
    graphql_url: str,
    url: str,
    host: str,
    port: int,
    state: Path,
) -> Spec:
    """`mutation` is the text of the one that may be sent, `columns` what its `user` may have."""
    config = state / "gateway.json"
    return Spec(
        name=NAME,
        run=Child(
            argv=(sys.executable, "-m", "orchestrator.gateway", "--config", str(config)),
            cwd=state,
            files={
                config: json.dumps(
                    {
                        "host": host,
                        "port": port,
                        "graphql_url": graphql_url,
                        "mutation": mutation,
                        "columns": list(columns),
                        "database": str(state / "gateway.sqlite"),
                    },
                    indent=1,
                )
            },
        ),
        env={"GATEWAY_KEY": key, "HASURA_GRAPHQL_ADMIN_SECRET": admin_secret},
        ports={"GATEWAY_PORT": port},
        ready=HttpReady(f"{url}{PATH}"),
    )

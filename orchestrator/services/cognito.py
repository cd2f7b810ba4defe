"""The Cognito emulator with the pool and the clients of the template."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.services.awslambda import ACCOUNT
from orchestrator.services.spec import Child, HttpReady, Spec
from orchestrator.settings import Cognito


def cognito(
    settings: Cognito,
    *,
    pool: Mapping[str, Any],
    mfa: Mapping[str, Any],
    clients: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    providers: Sequence[Mapping[str, Any]],
    resource_servers: Sequence[Mapping[str, Any]],
    domain: str | None,
    url: str,
    lambda_url: str,
    host: str,
    port: int,
    state: Path,
    also_host: str | None = None,
) -> Spec:
    """`also_host` is one more address to listen on, for containers.

    `pool`, `mfa`, `clients` … are inputs of CreateUserPool, SetUserPoolMfaConfig, CreateUserPoolClient …
    """
    config = state / "cognito.json"
    return Spec(
        name="cognito",
        run=Child(
            argv=(sys.executable, "-m", "orchestrator.cognito", "--config", str(config)),
            cwd=state,
            files={
                config: json.dumps(
                    {
                        "region": settings.region,
                        "account": ACCOUNT,
                        "host": host,
                        "also_host": also_host,
                        "port": port,
                        "url": url,
                        "database": str(state / "cognito.sqlite"),
                        "lambda_url": lambda_url,
                        "pool": {"Id": settings.pool_id, **pool},
                        "mfa": dict(mfa),
                        "clients": list(clients),
                        "groups": list(groups),
                        "providers": list(providers),
                        "resource_servers": list(resource_servers),
                        "domain": domain,
                    },
                    indent=1,
                )
            },
        ),
        ports={"COGNITO_PORT": port},
        ready=HttpReady(f"{url}/_local/health"),
    )

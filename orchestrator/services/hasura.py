"""Hasura: the embedded engine, with the same HASURA_GRAPHQL_* variables that the image takes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.services.spec import Child, DockerHost, HttpReady, InCompose, Spec
from orchestrator.settings import Hasura

# Where metadata/databases/databases.yaml looks for the application's database.
SOURCE_URL_VARIABLE = "PG_DATABASE_URL"
CONSOLE = "HASURA_GRAPHQL_ENABLE_CONSOLE"
# Where Hasura looks for its claims in a token, unless it is told otherwise.
CLAIMS_NAMESPACE = "https://hasura.io/jwt/claims"
# Hasura's words for it.
TRUE = ("true", "t", "yes", "y")


def jwt_secret(*, jwks: str, issuer: str, audience: tuple[str, ...]) -> str:
    """HASURA_GRAPHQL_JWT_SECRET for a user pool: `type` is left out, since Hasura takes it from the keys.

    https://hasura.io/docs/2.0/auth/authentication/jwt/
    """
    return json.dumps(
        {"jwk_url": jwks, "claims_format": "stringified_json", "issuer": issuer, "audience": list(audience)}
    )


def environment(
    settings: Hasura, *, database: str, metadata_database: str, jwt_secret: str, cors_domain: str
) -> Mapping[str, str]:
    """What Hasura is told, whichever way it is run. A variable of the user's own beats a default, never an address."""
    return {
        "HASURA_GRAPHQL_JWT_SECRET": jwt_secret,
        "HASURA_GRAPHQL_CORS_DOMAIN": cors_domain,
        CONSOLE: "true",
        "HASURA_GRAPHQL_ENABLE_TELEMETRY": "false",
        "HASURA_GRAPHQL_DEV_MODE": "true",
        **settings.passed_on,
        "HASURA_GRAPHQL_ADMIN_SECRET": settings.admin_secret,
        "HASURA_GRAPHQL_UNAUTHORIZED_ROLE": settings.unauthorized_role,
        "HASURA_GRAPHQL_METADATA_DATABASE_URL": metadata_database,
        SOURCE_URL_VARIABLE: database,
    }


def console_url(settings: Hasura, url: str) -> str | None:
    """Where the console is; None where the user has switched it off."""
    asked = settings.passed_on.get(CONSOLE, "true").lower()
    return f"{url}/console" if asked in TRUE else None


def hasura(
    env: Mapping[str, str], *, postgres_bin: Path, url: str, host: str, port: int, cwd: Path, needs: Sequence[str]
) -> Spec:
    """The embedded engine as a service; in `postgres_bin` it finds the pg_dump that fits.

    Beside PostgreSQL it `needs` whoever has the keys of its tokens.
    """
    own = {"HASURA_GRAPHQL_SERVER_HOST": host, "HASURA_GRAPHQL_SERVER_PORT": str(port), "PG_BIN": str(postgres_bin)}
    return Spec(
        name="hasura",
        run=Child(argv=(sys.executable, "-m", "orchestrator.engine", "serve"), cwd=cwd),
        env={**env, **own},
        ports={"HASURA_PORT": port},
        ready=HttpReady(f"{url}/healthz"),
        needs=("postgres", *needs),
    )


def in_compose(
    docker: DockerHost,
    settings: Hasura,
    env: Mapping[str, str],
    *,
    url: str,
    host: str,
    port: int,
    needs: Sequence[str],
) -> Spec:
    """Hasura in its container. docker-compose.yml says where its databases are."""
    databases = ("HASURA_GRAPHQL_METADATA_DATABASE_URL", SOURCE_URL_VARIABLE)
    image = {"HASURA_IMAGE": settings.image} if settings.image else {}
    passed = {name: value for name, value in env.items() if name not in databases}
    return Spec(
        name="hasura",
        run=InCompose("hasura", docker.definition),
        env={**passed, "STACK_HOST": host, "HASURA_PORT": str(port), **image},
        ports={"HASURA_PORT": port},
        ready=HttpReady(f"{url}/healthz"),
        needs=("postgres", *needs),
    )

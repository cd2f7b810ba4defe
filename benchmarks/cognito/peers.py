"""The other emulators, each with a pool and the user that signs in."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import npm
from benchmarks.cognito.emulator import add_sign_in_user
from benchmarks.cognito.load import Target, client_of
from benchmarks.servers import running

COGNITO_LOCAL = "cognito-local@5"


@contextlib.contextmanager
def moto() -> Iterator[Target]:
    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    with running(command) as server:
        yield _prepared(server.url)


@contextlib.contextmanager
def cognito_local() -> Iterator[Target]:
    program = npm.install(COGNITO_LOCAL) / "node_modules" / "cognito-local" / "lib" / "bin" / "start.js"
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        environ = {"NODE_ENV": "production", "HOST": "127.0.0.1"}
        with running(lambda _: ["node", str(program)], environ=environ, folder=Path(folder)) as server:
            yield _prepared(server.url)


def _prepared(url: str) -> Target:
    api: Any = client_of(Target(url, "", ""))
    pool = api.create_user_pool(PoolName="bench")["UserPool"]["Id"]
    client = api.create_user_pool_client(
        UserPoolId=pool, ClientName="bench", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    target = Target(url, pool, client)
    add_sign_in_user(target)
    return target

"""The emulator alone, with as many users as a measurement wants."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.cognito.load import PASSWORD, SIGN_IN_USER, Target, client_of
from benchmarks.servers import Server, running
from orchestrator.cognito.model import CONFIRMED, Pool, User
from orchestrator.cognito.store import users
from orchestrator.cognito.store.database import open_database

POOL_ID, CLIENT_ID = "us-east-1_Bench1", "benchclient"
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]

Fill = Callable[[Path], None]


def nobody(_: Path) -> None:
    """Adds no users."""


@contextlib.contextmanager
def started(add_users: Fill = nobody) -> Iterator[tuple[Server, Target]]:
    """A running emulator and its pool, which has the users added and the one that signs in."""
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        database, config = Path(folder, "cognito.sqlite"), Path(folder, "cognito.json")
        config.write_text(json.dumps(_config(database)))

        def command(port: int) -> list[str]:
            return [sys.executable, "-m", "orchestrator.cognito", "--config", str(config), "--port", str(port)]

        if add_users is not nobody:
            with running(command):
                pass  # The first start makes the database and the pool.
            add_users(database)
        with running(command) as server:
            target = Target(server.url, POOL_ID, CLIENT_ID)
            add_sign_in_user(target)
            yield server, target


def add_sign_in_user(target: Target) -> None:
    api = client_of(target)
    api.admin_create_user(UserPoolId=target.pool_id, Username=SIGN_IN_USER, MessageAction="SUPPRESS")
    api.admin_set_user_password(UserPoolId=target.pool_id, Username=SIGN_IN_USER, Password=PASSWORD, Permanent=True)


def fill(count: int) -> Fill:
    """Adds so many confirmed users, straight to the database: by the API it would take minutes."""

    def add(path: Path) -> None:
        database = open_database(path)
        pool = Pool(POOL_ID, _config(path)["pool"], 0, 0)  # type: ignore[arg-type]
        with contextlib.closing(database), database.transaction():
            for number in range(count):
                attributes = {"email": f"user{number}@example.com", "email_verified": "true"}
                sub = str(uuid.uuid4())
                users.add(database, pool, User(POOL_ID, sub, f"user{number}", attributes, CONFIRMED, number, number))

    return add


def _config(database: Path) -> dict[str, object]:
    return {
        "database": str(database),
        "pool": {"Id": POOL_ID, "PoolName": "bench"},
        "clients": [{"ClientId": CLIENT_ID, "ClientName": "bench", "ExplicitAuthFlows": FLOWS}],
    }

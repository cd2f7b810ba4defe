"""A database with one pool, one client and one user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cognito.model import Pool, User
from orchestrator.cognito.store import pools, users
from orchestrator.cognito.store.database import Database, open_database

POOL = Pool("us-east-1_Test1", {"PoolName": "test"}, 0, 0)


def user(username: str, **attributes: str) -> User:
    return User(POOL.id, f"sub of {username}", username, attributes, "CONFIRMED", created_at=1, modified_at=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "cognito.sqlite")
    pools.save(opened, POOL.id, POOL.settings, None, 0)
    pools.save_client(opened, "client", POOL.id, {"ClientName": "c"}, secret=None, configured=True, at=0)
    users.add(opened, POOL, user("ann", email="ann@example.com"))
    yield opened
    opened.close()

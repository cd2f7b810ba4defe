"""The gateway before the embedded engine, with the project's own users table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.conftest import Engine, start_engine, stop_engine
from tests.gateway.conftest import Gateway, Start
from tests.gateway.requests import ADMIN_SECRET, sync

MIGRATIONS = Path(__file__).parents[2] / "migrations/default"


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = start_engine(database, HASURA_GRAPHQL_ADMIN_SECRET=ADMIN_SECRET)
    engine.client.headers["x-hasura-admin-secret"] = ADMIN_SECRET
    for migration in sorted(MIGRATIONS.iterdir()):
        engine.sql((migration / "up.sql").read_text())
    engine.metadata("pg_track_table", {"table": "users"})
    yield engine
    assert "Traceback" not in stop_engine(engine)


@pytest.fixture
def gateway(start: Start, engine: Engine) -> Gateway:
    return start(graphql_url=f"{engine.url}/v1/graphql")


def rows(engine: Engine) -> list[dict]:
    return engine.data("{ users { id username email email_verified deleted_at } }")["users"]


def test_the_row_is_written_and_an_older_event_does_not_overwrite_it(gateway: Gateway, engine: Engine) -> None:
    now = datetime.now(UTC)
    assert json.loads(gateway.send(sync("ada-1", at=now)).body) == {"data": {"insert_users_one": {"id": "ada-1"}}}
    later = sync("ada-1", at=now + timedelta(seconds=2), email=None)
    assert json.loads(gateway.send(later).body)["data"]["insert_users_one"]["id"] == "ada-1"
    older = sync("ada-1", at=now - timedelta(seconds=2), email="old@example.com")
    assert json.loads(gateway.send(older).body) == {"data": {"insert_users_one": None}}
    (row,) = rows(engine)
    assert row == {"id": "ada-1", "username": "ada", "email": None, "email_verified": True, "deleted_at": None}


def test_texts_of_any_letters_arrive_as_they_are(gateway: Gateway, engine: Engine) -> None:
    name = '\'; drop table users; -- "🦉" \\ é\u202e' + "x" * 2000
    assert gateway.send(sync(username=name)).status == 200
    assert [row["username"] for row in rows(engine)] == [name]


def test_hasuras_own_refusal_is_answered(gateway: Gateway, engine: Engine) -> None:
    request = sync(username=None)
    answer = gateway.send(request)
    assert answer.body == engine.post("/v1/graphql", json.loads(request.body)).content
    assert "errors" in json.loads(answer.body)
    assert not rows(engine)


def test_an_engine_that_has_ended_is_away_although_its_connection_was_kept(gateway: Gateway, engine: Engine) -> None:
    assert gateway.send(sync()).status == 200
    engine.process.terminate()
    engine.process.wait(10)
    assert gateway.send(sync()).code == "hasura-away"

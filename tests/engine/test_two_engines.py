"""Two engines on one metadata database: what one changes the other takes up, and neither overwrites the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Engine, start_engine, stop_engine

SECONDS = 15


@pytest.fixture(scope="module")
def engines(module_database: str) -> Iterator[tuple[Engine, Engine]]:
    """The second looks often, the first never on its own account."""
    one = start_engine(module_database, HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL="0")
    two = start_engine(module_database, HASURA_GRAPHQL_SCHEMA_SYNC_POLL_INTERVAL="50")
    yield one, two
    for engine in (one, two):
        assert "Traceback" not in stop_engine(engine)


def until(engine: Engine, query: str, answer: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while (found := engine.graphql(query)) != {"data": answer}:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_metadata_and_ddl_of_one_engine_are_seen_by_the_other(engines: tuple[Engine, Engine]) -> None:
    one, two = engines
    one.sql("create table seen (id int primary key)")
    one.metadata("pg_track_table", {"table": "seen"})
    until(two, "{ seen { id } }", {"seen": []})
    one.sql("alter table seen add column name text; insert into seen values (1, 'x')")
    until(two, "{ seen { name } }", {"seen": [{"name": "x"}]})


def test_a_change_is_made_on_what_the_other_left(engines: tuple[Engine, Engine]) -> None:
    one, two = engines
    two.sql("create table made (id int primary key); create table too (id int primary key)")
    two.metadata("pg_track_table", {"table": "made"})
    one.metadata("pg_track_table", {"table": "too"})
    names = {table["table"]["name"] for table in one.metadata("export_metadata", {})["sources"][0]["tables"]}
    assert {"made", "too"} <= names
    until(two, "{ made { id } too { id } }", {"made": [], "too": []})


def test_a_stale_resource_version_is_refused_by_either(engines: tuple[Engine, Engine]) -> None:
    one, two = engines
    version = one.post("/v1/metadata", {"type": "export_metadata", "version": 2, "args": {}}).json()["resource_version"]
    two.metadata("reload_metadata", {})
    body = {"type": "reload_metadata", "resource_version": version, "args": {}}
    answer = one.post("/v1/metadata", body)
    assert answer.status_code == 409
    assert answer.json() == {
        "error": f"metadata resource version referenced ({version}) did not match current version",
        "path": "$",
        "code": "conflict",
    }
    assert one.post("/v1/metadata", {**body, "resource_version": version + 1}).status_code == 200

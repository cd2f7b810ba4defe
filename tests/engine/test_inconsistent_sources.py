"""A source whose database is away is told of and left out; it comes back with reload_metadata."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.conftest import Server
from tests.engine.conftest import Engine, start_engine, stop_engine


@pytest.fixture
def other(postgres_server: Server) -> Iterator[str]:
    """The name of a second database."""
    name = f"engine_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def allow(server: Server, database: str, *, connections: bool) -> None:
    server.execute(f"ALTER DATABASE {database} WITH ALLOW_CONNECTIONS {connections}")


def add_other(engine: Engine, url: str) -> None:
    info = {"database_url": url}
    engine.metadata("pg_add_source", {"name": "other", "configuration": {"connection_info": info}})
    engine.sql("create table far (id int primary key); insert into far values (1)", source="other")
    engine.metadata("pg_track_table", {"source": "other", "table": "far"})


def test_a_database_that_is_away_at_the_start_is_an_inconsistency_until_it_is_back(
    database: str, other: str, postgres_server: Server
) -> None:
    engine = start_engine(database)
    engine.sql("create table near (id int primary key)")
    engine.metadata("pg_track_table", {"table": "near"})
    add_other(engine, postgres_server.url.rsplit("/", 1)[0] + f"/{other}")
    stop_engine(engine)

    allow(postgres_server, other, connections=False)
    again = start_engine(database)
    assert again.data("{ near { id } }") == {"near": []}
    assert again.error("{ far { id } }")[2] == "field 'far' not found in type: 'query_root'"
    found = again.metadata("get_inconsistent_metadata", {})
    (source,) = found["inconsistent_objects"]
    assert (source["type"], source["name"], source["definition"]) == ("source", "source other", "other")
    assert source["reason"] == "Inconsistent object: connection error"
    assert "not currently accepting connections" in source["message"]
    assert "a%20password" not in source["message"]

    for path, kind, args in (
        ("/v2/query", "run_sql", {"sql": "select 1", "source": "other"}),
        ("/v1/query", "select", {"table": "far", "columns": ["id"], "source": "other"}),
    ):
        answer = again.post(path, {"type": kind, "args": args})
        assert answer.status_code == 400
        assert answer.json()["error"] == 'source with name "other" is inconsistent'

    exported = again.metadata("export_metadata", {})
    assert [source["name"] for source in exported["sources"]] == ["default", "other"]
    allow(postgres_server, other, connections=True)
    assert again.metadata("reload_metadata", {}) == {"message": "success", "is_consistent": True}
    assert again.data("{ far { id } near { id } }") == {"far": [{"id": 1}], "near": []}
    assert "Traceback" not in stop_engine(again)


def test_a_variable_that_is_not_set_is_the_reason(database: str) -> None:
    engine = start_engine(database)
    metadata = engine.metadata("export_metadata", {})
    configuration = {"connection_info": {"database_url": {"from_env": "NOT_SET"}}}
    metadata["sources"].append({"name": "unset", "kind": "postgres", "tables": [], "configuration": configuration})
    body = {"type": "replace_metadata", "version": 2}
    refused = engine.post("/v1/metadata", {**body, "args": {"metadata": metadata}})
    assert (refused.status_code, refused.json()["error"]) == (400, "cannot continue due to inconsistent metadata")
    allowed = {"metadata": metadata, "allow_inconsistent_metadata": True}
    answer = engine.post("/v1/metadata", {**body, "args": allowed}).json()
    assert [each["reason"] for each in answer["inconsistent_objects"]] == [
        "Inconsistent object: environment variable 'NOT_SET' not set"
    ]
    assert engine.metadata("drop_inconsistent_metadata", {}) == {"message": "success"}
    assert [source["name"] for source in engine.metadata("export_metadata", {})["sources"]] == ["default"]
    stop_engine(engine)


def test_ddl_of_another_connection_is_seen_after_reload_metadata(database: str, postgres_server: Server) -> None:
    engine = start_engine(database)
    engine.sql("create table t (id int primary key, name text)")
    engine.metadata("pg_track_table", {"table": "t"})
    permission = {"columns": ["name"], "filter": {}}
    engine.metadata("pg_create_select_permission", {"table": "t", "role": "user", "permission": permission})
    unseen = {"check_metadata_consistency": False}
    engine.sql("alter table t rename name to label", **unseen)
    answer = engine.metadata("reload_metadata", {})
    assert [each["name"] for each in answer["inconsistent_objects"]] == [
        "select_permission user in table t in source default"
    ]
    assert engine.data("{ t { id label } }") == {"t": []}
    assert engine.error("{ t { label } }", x_hasura_role="user")[2] == "field 't' not found in type: 'query_root'"
    engine.sql("alter table t rename label to name", **unseen)
    assert engine.metadata("reload_metadata", {})["is_consistent"] is True
    assert engine.data("{ t { name } }", x_hasura_role="user") == {"t": []}
    stop_engine(engine)

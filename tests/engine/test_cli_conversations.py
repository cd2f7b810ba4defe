"""What the Hasura CLI v2 posts for each of its commands, in its words, and what it needs to read in the answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.launchers import postgres_binaries
from tests.engine.conftest import Engine, start_engine, stop_engine

MIGRATION = """
CREATE TABLE "public"."authors" ("id" serial NOT NULL, "name" text NOT NULL, PRIMARY KEY ("id"));
CREATE TABLE "public"."posts" ("id" serial PRIMARY KEY, "author_id" integer REFERENCES "public"."authors" ("id"));
"""
VERSION = "1616826329751"


@pytest.fixture(scope="module")
def running(module_database: str) -> Iterator[Engine]:
    bin_folder = postgres_binaries.find(None, search_path=os.environ["PATH"]).bin
    engine = start_engine(module_database, PG_BIN=str(bin_folder), HASURA_GRAPHQL_ADMIN_SECRET="cli secret")
    engine.client.headers["X-Hasura-Admin-Secret"] = "cli secret"
    yield engine
    assert "Traceback" not in stop_engine(engine)


@pytest.fixture
def fresh(running: Engine) -> Engine:
    """An engine without tables, metadata or state of the CLI's."""
    running.metadata("clear_metadata", {})
    running.sql("DROP TABLE IF EXISTS posts, authors")
    running.metadata("set_catalog_state", {"type": "cli", "state": {}})
    return running


@pytest.fixture
def engine(fresh: Engine) -> Engine:
    """An engine with the migration applied."""
    migrate(fresh)
    return fresh


def migrate(engine: Engine) -> Any:
    sql = {"type": "run_sql", "args": {"sql": MIGRATION, "source": "default", "cascade": False, "read_only": False}}
    return engine.metadata("bulk", [sql], "/v2/query")


def state(engine: Engine) -> Any:
    return engine.metadata("get_catalog_state", {})["cli_state"]


def tables(*names: str) -> list[dict[str, Any]]:
    return [{"table": {"schema": "public", "name": name}} for name in names]


def apply(engine: Engine, *, allow: bool, **sources: Any) -> Any:
    metadata = engine.metadata("export_metadata", {})
    changed = {**metadata, "sources": [{**metadata["sources"][0], **sources}]}
    args = {"allow_inconsistent_metadata": allow, "metadata": changed}
    return engine.post("/v1/metadata", {"type": "replace_metadata", "version": 2, "args": args})


def test_every_command_first_asks_what_server_this_is(engine: Engine) -> None:
    assert engine.client.get("/healthz").status_code == 200
    version = engine.client.get("/v1/version").json()
    assert version["version"].startswith("v2.")
    assert version["server_type"] == "ce"
    config = engine.client.get("/v1alpha1/config").json()
    assert config["is_admin_secret_set"] is True


def test_migrate_apply_runs_the_sql_and_keeps_its_version(fresh: Engine) -> None:
    sources = fresh.metadata("export_metadata", {})["sources"]
    assert [(source["name"], source["kind"]) for source in sources] == [("default", "postgres")]
    assert state(fresh) == {}
    old_table = (
        "SELECT COUNT(1) FROM information_schema.tables "
        "WHERE table_name = 'schema_migrations' AND table_schema = 'hdb_catalog' LIMIT 1"
    )
    assert fresh.sql(old_table, source="default")["result"] == [["count"], ["0"]]
    assert migrate(fresh) == [{"result_type": "CommandOk", "result": None}]
    kept = {"migrations": {"default": {VERSION: False}}, "isStateCopyCompleted": True, "settings": {}}
    assert fresh.metadata("set_catalog_state", {"type": "cli", "state": kept}) == {"message": "success"}
    assert state(fresh) == kept


def test_a_migration_that_fails_says_where(engine: Engine) -> None:
    wrong = {"type": "run_sql", "args": {"sql": "CREATE TABLE authors (id int);", "source": "default"}}
    answer = engine.post("/v2/query", {"type": "bulk", "args": [wrong]})
    assert answer.status_code == 400
    error = answer.json()
    assert (error["code"], error["path"]) == ("postgres-error", "$.args[0].args")
    assert error["internal"]["error"]["message"] == 'relation "authors" already exists'


def test_metadata_apply_replaces_all_and_reports_what_is_inconsistent(engine: Engine) -> None:
    answer = apply(engine, allow=True, tables=tables("authors", "missing"))
    assert answer.status_code == 200
    assert answer.json()["is_consistent"] is False
    (found,) = answer.json()["inconsistent_objects"]
    assert (found["type"], found["name"]) == ("table", "table missing in source default")
    assert apply(engine, allow=False, tables=tables("authors", "missing")).status_code == 400


def test_metadata_inconsistency_lists_and_drops(engine: Engine) -> None:
    apply(engine, allow=True, tables=tables("authors", "missing"))
    listed = engine.metadata("get_inconsistent_metadata", {})
    assert [each["reason"] for each in listed["inconsistent_objects"]] == [
        'Inconsistent object: no such table/view exists in source: "missing"'
    ]
    assert engine.client.get("/healthz").text == "WARN: inconsistent objects in schema"
    assert engine.metadata("drop_inconsistent_metadata", {}) == {"message": "success"}
    assert engine.metadata("get_inconsistent_metadata", {}) == {"is_consistent": True, "inconsistent_objects": []}


def test_metadata_export_and_diff_read_it_back(engine: Engine) -> None:
    apply(engine, allow=True, tables=tables("authors"))
    exported = engine.metadata("export_metadata", {})
    assert exported["version"] == 3
    assert exported["sources"][0]["tables"] == tables("authors")
    versioned = engine.post("/v1/metadata", {"type": "export_metadata", "version": 2, "args": {}}).json()
    assert versioned["metadata"] == exported
    assert isinstance(versioned["resource_version"], int)


def test_metadata_reload_and_clear(engine: Engine) -> None:
    apply(engine, allow=True, tables=tables("authors"))
    args = {"reload_remote_schemas": True, "reload_sources": True, "recreate_event_triggers": False}
    assert engine.metadata("reload_metadata", args) == {"message": "success", "is_consistent": True}
    assert engine.metadata("clear_metadata", {}) == {"message": "success"}
    assert engine.metadata("export_metadata", {})["sources"][0]["tables"] == []


def test_seed_apply_is_one_bulk_of_sql(engine: Engine) -> None:
    apply(engine, allow=True, tables=tables("authors"))
    seed(engine)
    assert engine.data("{ authors { name } }") == {"authors": [{"name": "Ada"}, {"name": "Bob"}]}


def seed(engine: Engine) -> None:
    seeds = [f"INSERT INTO authors (name) VALUES ('{name}');" for name in ("Ada", "Bob")]
    items = [{"type": "run_sql", "args": {"sql": sql, "source": "default"}} for sql in seeds]
    assert len(engine.metadata("bulk", items, "/v2/query")) == 2


def test_migrate_create_from_server_and_seed_create_dump(engine: Engine) -> None:
    seed(engine)
    schema = {"opts": ["-O", "-x", "--schema-only", "--schema", "public"], "clean_output": True, "source": "default"}
    assert "CREATE TABLE public.posts" in engine.post("/v1alpha1/pg_dump", schema).text
    opts = ["--no-owner", "--no-acl", "--data-only", "--column-inserts", "--table", "public.authors"]
    rows = engine.post("/v1alpha1/pg_dump", {"opts": opts, "clean_output": True, "source": "default"}).text
    assert "INSERT INTO public.authors (id, name) VALUES (1, 'Ada');" in rows


def test_migrate_apply_down_drops_what_nothing_needs(engine: Engine) -> None:
    apply(engine, allow=True, tables=tables("authors"))
    engine.metadata("bulk", [{"type": "run_sql", "args": {"sql": "DROP TABLE posts"}}], "/v2/query")
    engine.metadata("set_catalog_state", {"type": "cli", "state": {"migrations": {"default": {}}}})
    assert state(engine) == {"migrations": {"default": {}}}


def test_no_command_works_without_the_secret(engine: Engine) -> None:
    for path in ("/v1/metadata", "/v2/query", "/v1alpha1/pg_dump", "/v1alpha1/config"):
        method = engine.client.get if path.endswith("config") else engine.client.post
        answer = method(path, headers={"X-Hasura-Admin-Secret": "wrong"})
        assert (answer.status_code, answer.json()["code"]) == (401, "access-denied")

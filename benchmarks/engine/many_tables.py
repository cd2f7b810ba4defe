"""Databases of many related tables, all of them tracked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.engine.servers import call, engine_server
from benchmarks.postgres import Postgres


def tables(count: int) -> Iterator[str]:
    """A chain: each table refers to the one before, and every tenth one to the first, too."""
    for number in range(1, count + 1):
        before = f"references t{number - 1}" if number > 1 else ""
        first = "references t1" if number % 10 == 0 else ""
        yield f"""create table t{number} (
          id integer primary key, name text not null, amount numeric, is_open boolean not null default false,
          made_at timestamptz not null default now(), details jsonb,
          before_id integer {before}, first_id integer {first}
        )"""


def metadata(count: int) -> dict[str, Any]:
    """All tables with a relationship for each foreign key, from both ends, and a permission for a role."""
    found: dict[int, dict[str, Any]] = {number: tracked(number) for number in range(1, count + 1)}
    for number in range(2, count + 1):
        relate(found[number], found[number - 1], "before")
        if number % 10 == 0:
            relate(found[number], found[1], "first")
    source = {
        "name": "default",
        "kind": "postgres",
        "tables": list(found.values()),
        "configuration": {"connection_info": {"database_url": {"from_env": "HASURA_GRAPHQL_DATABASE_URL"}}},
    }
    return {"version": 3, "sources": [source]}


def tracked(number: int) -> dict[str, Any]:
    permission = {"columns": "*", "filter": {}, "allow_aggregations": True}
    return {
        "table": {"schema": "public", "name": f"t{number}"},
        "object_relationships": [],
        "array_relationships": [],
        "select_permissions": [{"role": "app_user", "permission": permission}],
    }


def relate(table: dict[str, Any], target: dict[str, Any], name: str) -> None:
    column = f"{name}_id"
    table["object_relationships"].append({"name": name, "using": {"foreign_key_constraint_on": column}})
    using = {"foreign_key_constraint_on": {"table": table["table"], "column": column}}
    target["array_relationships"].append({"name": f"{name}_of_{table['table']['name']}", "using": using})


def database_of(count: int, postgres: Postgres) -> str:
    """The URL of a database with that many tables, which an engine that has ended tracks."""
    database = postgres.database(f"tables_{count}")
    postgres.execute(*tables(count), "analyze", url=database)
    with engine_server(database) as engine:
        call(engine, "replace_metadata", metadata(count))
    return database

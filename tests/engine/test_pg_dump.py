"""Dumps of real databases by the pg_dump of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.engine import pg_dump
from orchestrator.engine.errors import EngineError
from orchestrator.launchers import postgres_binaries
from tests.engine.conftest import Engine, start_engine, stop_engine

PG_BIN = str(postgres_binaries.find(None, search_path=os.environ["PATH"]).bin)
OPTIONS = ["-O", "-x", "--schema-only", "--schema", "public"]
TABLES = """
create table author (id integer primary key, name text not null);
comment on table author is 'a comment

-- of three lines';
create function twice(n int) returns int language plpgsql as $f$
begin
  -- doubled

  return n * 2;
end $f$;
insert into author values (1, 'Ada'), (2, '-- no comment');
"""


@pytest.fixture(scope="module")
def engine(module_database: str) -> Iterator[Engine]:
    engine = start_engine(module_database, PG_BIN=PG_BIN)
    engine.sql(TABLES)
    yield engine
    assert "Traceback" not in stop_engine(engine)


def dump(engine: Engine, **args: Any) -> httpx.Response:
    return engine.post("/v1alpha1/pg_dump", {"opts": OPTIONS, "clean_output": True, **args})


def test_a_cleaned_dump_is_a_migration(engine: Engine) -> None:
    answer = dump(engine)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/sql")
    sql = answer.text
    assert sql.startswith("SET check_function_bodies = false;\n")
    assert "CREATE TABLE public.author (\n    id integer NOT NULL,\n    name text NOT NULL\n);\n" in sql
    assert not [words for words in ("\n-- Name:", "CREATE SCHEMA public", "restrict", "\n\n\n") if words in sql]


def test_what_is_quoted_is_no_comment(engine: Engine) -> None:
    sql = dump(engine).text
    assert "'a comment\n\n-- of three lines'" in sql
    assert "begin\n  -- doubled\n\n  return n * 2;\nend" in sql


def test_a_migration_made_of_a_dump_makes_the_same_database(engine: Engine) -> None:
    sql = dump(engine).text
    engine.sql("drop table author; drop function twice", check_metadata_consistency=False)
    engine.sql(sql)
    assert dump(engine).text == sql


def test_rows_are_dumped_where_the_options_say_so(engine: Engine) -> None:
    engine.sql("truncate author; insert into author values (1, 'Ada'), (2, '-- no comment')")
    sql = dump(engine, opts=["--data-only", "--inserts", "--table", "public.author"]).text
    assert "INSERT INTO public.author VALUES (1, 'Ada');" in sql
    copied = dump(engine, opts=["--data-only", "--table", "public.author"]).text
    assert "\n2\t-- no comment\n\\.\n" in copied


def test_without_cleaning_everything_is_there(engine: Engine) -> None:
    assert "-- PostgreSQL database dump" in dump(engine, clean_output=False).text


def test_an_unknown_source_is_refused(engine: Engine) -> None:
    answer = dump(engine, source="other")
    assert answer.json() == {"code": "not-found", "path": "$", "error": 'source "other" does not exist'}


def test_what_pg_dump_complains_of_is_told(engine: Engine) -> None:
    answer = dump(engine, opts=["--schema", "nowhere"])
    assert answer.status_code == 500
    assert "no matching schemas were found" in answer.json()["error"]


@pytest.mark.parametrize("option", ["-hother", "--host=other", "-f", "--file=/tmp/x", "-W", "--dbname=x"])
def test_options_that_lead_elsewhere_are_refused(engine: Engine, option: str) -> None:
    error = dump(engine, opts=[option]).json()
    assert (error["code"], error["path"]) == ("parse-failed", "$.opts")


def test_only_admins_dump(engine: Engine) -> None:
    answer = engine.post("/v1alpha1/pg_dump", {"opts": OPTIONS}, x_hasura_role="user")
    assert answer.status_code == 400
    assert answer.json() == {"code": "access-denied", "path": "$", "error": "restricted access : admin only"}


def program(folder: Path, version: str) -> str:
    folder.mkdir()
    path = folder / "pg_dump"
    path.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def test_the_first_program_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    paths = [program(tmp_path / name, name) for name in ("13.1", "16.2", "17.0")]
    assert await pg_dump.fitting(iter(paths), 15) == pg_dump.Program(paths[1], 16)


async def test_programs_that_are_too_old_are_named(tmp_path: Path) -> None:
    path = program(tmp_path / "old", "12.3")
    with pytest.raises(EngineError, match=rf"older than the server \(15\): {path} \(12\)"):
        await pg_dump.fitting(iter([path]), 15)


async def test_without_a_program_the_ways_out_are_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Install the client programs of PostgreSQL 15 or later, or set PG_BIN"):
        await pg_dump.fitting(iter([str(tmp_path / "missing")]), 15)


async def test_the_password_is_not_in_the_list_of_processes(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    spy = tmp_path / "pg_dump"
    spy.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.0" || echo "$@" > {seen}\n')
    spy.chmod(0o755)
    args = pg_dump.DumpArgs(("-x",), True, "default")
    await pg_dump.dump(
        "postgresql://me:a%20secret@127.0.0.1:1/x", args, server_major=15, environ={"PG_BIN": str(tmp_path)}
    )
    assert seen.read_text() == "-x --no-password --dbname=postgresql://me@127.0.0.1:1/x\n"

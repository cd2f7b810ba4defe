"""Tests for reading and applying migrations, against a real PostgreSQL behind a server that speaks Hasura's API."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import catalogue, migrate, migrations
from orchestrator.project.catalogue import Status
from orchestrator.project.hasura import Hasura
from orchestrator.project.migrations import Migration

from .conftest import Write
from .hasura_server import HasuraServer

ONE = {"migrations/default/100_one/up.sql": "create table one (id int primary key);"}
TWO = {
    "migrations/default/200_two/up.sql": "insert into one values (1);",
    "migrations/default/200_two/down.sql": "-- no",
}


def read(root: Path) -> tuple[Migration, ...]:
    return migrations.read(root / "migrations", root)


def test_migrations_are_read_in_the_order_of_their_versions(write: Write) -> None:
    root = write({"migrations/default/1000_late/up.sql": "select 1;", **TWO, "migrations/default/.gitkeep": ""})
    two, late = read(root)
    assert two == Migration(
        source="default",
        version=200,
        name="two",
        folder=Path("migrations/default/200_two"),
        up="insert into one values (1);",
        down="-- no",
    )
    assert (late.version, late.down) == (1000, None)


def test_what_the_hasura_cli_squashed_is_left_aside(write: Write) -> None:
    root = write({**TWO, "migrations/default/squashed_100_to_150/100_one/up.sql": "select 1;"})
    assert [each.name for each in read(root)] == ["two"]


def test_a_source_without_a_folder_has_no_migrations(tmp_path: Path) -> None:
    assert migrations.read(tmp_path / "migrations", tmp_path) == ()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"migrations/default/100_a/down.sql": ""}, "migrations/default/100_a has no up.sql"),
        ({"migrations/default/100_a b/up.sql": ""}, "migrations/default/100_a b is no name for a migration"),
        ({"migrations/default/one_a/up.sql": ""}, "migrations/default/one_a is no name for a migration"),
        ({"migrations/default/0_a/up.sql": ""}, "is no name for a migration"),
        ({"migrations/default/9223372036854775808_a/up.sql": ""}, "is no name for a migration"),
        (
            {"migrations/default/100_a/up.sql": "", "migrations/default/0100_b/up.sql": ""},
            "migrations/default/0100_b and migrations/default/100_a have the same version",
        ),
    ],
)
def test_a_folder_that_is_no_migration_is_named(write: Write, files: dict[str, str], message: str) -> None:
    with pytest.raises(StackError, match=message):
        read(write(files))


def test_what_is_applied_is_recorded_where_the_hasura_cli_keeps_it(
    write: Write, hasura: Hasura, server: HasuraServer
) -> None:
    server.state = {"settings": {"migration_mode": "true"}, "migrations": {"other": {"7": False}}, "console": 1}
    told: list[str] = []
    done = migrate.apply(hasura, read(write(ONE | TWO)), lambda each: told.append(each.name))
    assert [each.name for each in done] == told == ["one", "two"]
    assert server.state == {
        "settings": {"migration_mode": "true"},
        "migrations": {"other": {"7": False}, "default": {"100": False, "200": False}},
        "console": 1,
        "isStateCopyCompleted": True,
    }
    assert server.query("select id from one") == [(1,)]


def test_a_second_call_runs_nothing(write: Write, hasura: Hasura, server: HasuraServer) -> None:
    found = read(write(ONE | TWO))
    migrate.apply(hasura, found)
    server.commands.clear()
    assert migrate.apply(hasura, found) == ()
    assert server.commands == ["get_catalog_state"]


def test_a_late_migration_of_an_older_version_is_run(write: Write, hasura: Hasura) -> None:
    migrate.apply(hasura, read(write(ONE)))
    write({"migrations/default/50_zero/up.sql": "create table zero (id int);"})
    assert [each.name for each in migrate.apply(hasura, read(write({})))] == ["zero"]


def test_a_failing_migration_is_rolled_back_and_the_ones_before_it_stay(
    write: Write, hasura: Hasura, server: HasuraServer
) -> None:
    broken = "create table two (id int);\n\n-- a comment\ninsert into\n  nowhere\nvalues (1);"
    root = write(ONE | {"migrations/default/200_two/up.sql": broken})
    with pytest.raises(StackError) as caught:
        migrate.apply(hasura, read(root))
    assert caught.value.message == ('migrations/default/200_two/up.sql:5: relation "nowhere" does not exist (42P01).')
    assert server.state["migrations"] == {"default": {"100": False}}
    assert server.query("select tablename from pg_tables where schemaname = 'public'") == [("one",)]

    write({"migrations/default/200_two/up.sql": "create table two (id int);"})
    assert [each.name for each in migrate.apply(hasura, read(root))] == ["two"]
    assert server.state["migrations"] == {"default": {"100": False, "200": False}}


@pytest.mark.parametrize(
    ("line", "words", "sql"),
    [
        (2, 'syntax error at or near "tabel" (42601)', "select 1;\ncreate tabel t (id int);"),
        (3, 'syntax error at or near ")" (42601)', "create table t (\n  id int,\n);"),
        (2, "syntax error at end of input (42601)", "create table t (id int\n,"),
        (3, 'column "id" of relation "t" already', "create table t (id int);\nalter table t\n  add column id int;"),
        (4, "division by zero (22012)", "create table t (a int);\ninsert into t\nvalues (1);\nselect 1/0;"),
        (2, "Key (i)=(1) already exists", "create table t (i int unique);\ninsert into t\nvalues (1), (1);"),
        (3, 'at or near "retrun"', "create function f() returns int language plpgsql as $$\nbegin\n  retrun;\nend $$;"),
        (1, 'extension "no_such" is not available', "create extension no_such;"),
        (2, 'relation "nowhere" does not exist', "select $try0$ $trial1$ $try0$;\nselect 1 from nowhere"),
        (1, "unterminated quoted string", "select 'not closed"),
        (2, "VACUUM cannot run inside a transaction block", "create table t (id int);\nvacuum t;"),
        (3, 'relation "app.missing" does not exist', "create schema app;\nselect 1 -- app.missing\nfrom app.missing;"),
    ],
)  # fmt: skip
def test_a_failure_is_told_with_its_line_and_postgresqls_words(
    write: Write, hasura: Hasura, sql: str, line: int, words: str
) -> None:
    with pytest.raises(StackError) as caught:
        migrate.apply(hasura, read(write({"migrations/default/200_two/up.sql": sql})))
    assert caught.value.message.startswith(f"migrations/default/200_two/up.sql:{line}: ")
    assert words in caught.value.message


def test_a_migration_with_a_transaction_of_its_own_is_run(write: Write, hasura: Hasura, server: HasuraServer) -> None:
    sql = "BEGIN TRANSACTION;\ncreate table one (id int);\nCOMMIT TRANSACTION;"
    migrate.apply(hasura, read(write({"migrations/default/100_one/up.sql": sql})))
    assert server.query("select * from one") == []


def test_what_a_migration_committed_itself_is_not_said_to_be_rolled_back(write: Write, hasura: Hasura) -> None:
    sql = "begin;\ncreate table one (id int);\ncommit;\nselect * from nowhere;"
    with pytest.raises(StackError) as caught:
        migrate.apply(hasura, read(write({"migrations/default/100_one/up.sql": sql})))
    assert caught.value.message.startswith('migrations/default/100_one/up.sql:4: relation "nowhere"')
    assert caught.value.hint.startswith("What came before its own COMMIT stayed")


def test_an_empty_migration_is_recorded(write: Write, hasura: Hasura, server: HasuraServer) -> None:
    migrate.apply(hasura, read(write({"migrations/default/100_nothing/up.sql": "\n"})))
    assert server.state["migrations"] == {"default": {"100": False}}
    assert "run_sql" not in server.commands


def test_a_lost_answer_leaves_the_mark_and_the_next_call_sees_that_it_took_effect(
    write: Write, hasura: Hasura, server: HasuraServer
) -> None:
    found = read(write(ONE | TWO))
    server.cut_after_sql = True
    with pytest.raises(StackError, match="cannot be reached"):
        migrate.apply(hasura, found)
    assert server.state["migrations"] == {"default": {"100": True}}
    server.cut_after_sql = False
    assert [each.name for each in migrate.apply(hasura, found)] == ["two"]
    assert server.state["migrations"] == {"default": {"100": False, "200": False}}


def test_a_migration_killed_before_it_took_effect_is_run_again(
    write: Write, hasura: Hasura, server: HasuraServer
) -> None:
    server.state = {"migrations": {"default": {"100": True}}}
    assert [each.name for each in migrate.apply(hasura, read(write(ONE)))] == ["one"]
    assert server.query("select count(*) from one") == [(0,)]


def test_an_interrupted_migration_that_may_have_taken_effect_is_not_run_twice(
    write: Write, hasura: Hasura, server: HasuraServer
) -> None:
    migrate.apply(hasura, read(write(ONE)))
    server.state["migrations"]["default"]["200"] = True
    with pytest.raises(StackError, match=r"200_two was interrupted .* --skip-execution --version 200"):
        migrate.apply(hasura, read(write(TWO)))
    assert server.query("select count(*) from one") == [(0,)]


def test_the_status_names_each_version_of_either_side(write: Write) -> None:
    found = read(write(ONE | TWO | {"migrations/default/300_three/up.sql": ""}))
    assert catalogue.status(found, {100: False, 200: True, 250: False}) == (
        Status("default", 100, "one", "applied"),
        Status("default", 200, "two", "dirty"),
        Status("default", 250, "", "missing"),
        Status("default", 300, "three", "pending"),
    )

"""The migrate commands against the embedded engine, and what they leave where the Hasura CLI looks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Project
from tests.engine.conftest import Engine

USERS = 1767225600000
NOTES = {
    "migrations/default/1767225700000_notes/up.sql": "create table notes (id int primary key);",
    "migrations/default/1767225700000_notes/down.sql": "drop table notes;",
    "migrations/default/1767225800000_marks/up.sql": "create table marks (id int);",
    "migrations/default/1767225800000_marks/down.sql": "drop table marks;",
}


@pytest.fixture
def three(project: Project, engine: Engine) -> Project:
    """A project of three migrations on an engine that knows none of them."""
    for name, text in NOTES.items():
        project.write(name, text)
    return project


def recorded(engine: Engine) -> Any:
    return engine.metadata("get_catalog_state", {})["cli_state"].get("migrations", {}).get("default", {})


def tables(engine: Engine) -> list[str]:
    rows = engine.sql("select tablename from pg_tables where schemaname = 'public' order by 1")["result"]
    return [name for (name,) in rows[1:]]


def test_apply_runs_all_and_keeps_the_state_as_the_hasura_cli_does(three: Project, engine: Engine) -> None:
    done = three.ok("migrate", "apply").out
    assert done.splitlines() == [
        "default  1767225600000_create_users  applied",
        "default  1767225700000_notes  applied",
        "default  1767225800000_marks  applied",
    ]
    assert recorded(engine) == {str(USERS): False, "1767225700000": False, "1767225800000": False}
    assert three.ok("migrate", "apply").out == "Nothing to apply.\n"
    assert three.ok("migrate", "apply", "-o", "json").json == []


def test_status_tells_of_both_sides_in_the_hasura_clis_words(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply", "--up", "1")
    state = {"migrations": {"default": {str(USERS): False, "1767225750000": False}}}
    engine.metadata("set_catalog_state", {"type": "cli", "state": state})
    told = three.ok("migrate", "status", "-o", "json").json
    assert [(each["version"], each["source_status"], each["database_status"]) for each in told] == [
        (USERS, "Present", "Applied"),
        (1767225700000, "Present", "Not Applied"),
        (1767225750000, "Not Present", "Applied"),
        (1767225800000, "Present", "Not Applied"),
    ]
    first = three.ok("migrate", "status").out.splitlines()[1].split("  ")
    assert [cell.strip() for cell in first if cell] == ["default", str(USERS), "create_users", "Present", "Applied"]


def test_a_dirty_migration_is_reported_with_the_way_out(three: Project, engine: Engine) -> None:
    state = {"migrations": {"default": {"1767225700000": True}}}
    engine.metadata("set_catalog_state", {"type": "cli", "state": state})
    done = three.run("migrate", "status")
    assert done.code == 1
    assert "Dirty" in done.out
    assert "--skip-execution --version VERSION" in done.err
    three.ok("migrate", "apply", "--skip-execution", "--version", "1767225700000", "--type", "down")
    assert recorded(engine) == {}


def test_a_failing_migration_is_told_with_its_line_and_the_ones_before_it_stay(three: Project, engine: Engine) -> None:
    three.write("migrations/default/1767225800000_marks/up.sql", "create table marks (id int);\n\nselect nothing;")
    said = three.fails("migrate", "apply")
    assert 'migrations/default/1767225800000_marks/up.sql:3: column "nothing" does not exist (42703).' in said
    assert recorded(engine) == {str(USERS): False, "1767225700000": False}
    assert "marks" not in tables(engine)


def test_rollback_takes_back_the_last_one_or_as_many_as_asked(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply")
    assert three.ok("migrate", "rollback").out == "default  1767225800000_marks  taken back\n"
    assert "marks" not in tables(engine)
    three.ok("migrate", "apply", "--down", "all")
    assert tables(engine) == []
    assert recorded(engine) == {}


def test_goto_and_version_choose(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply", "--goto", "1767225700000")
    assert list(recorded(engine)) == [str(USERS), "1767225700000"]
    three.ok("migrate", "apply", "--goto", str(USERS))
    assert list(recorded(engine)) == [str(USERS)]
    three.ok("migrate", "apply", "--version", "1767225800000")
    assert "notes" not in tables(engine)
    assert "marks" in tables(engine)


def test_skip_execution_only_records_and_dry_run_only_tells(three: Project, engine: Engine) -> None:
    assert "1767225600000_create_users  would be applied" in three.ok("migrate", "apply", "--dry-run").out
    assert recorded(engine) == {}
    three.ok("migrate", "apply", "--skip-execution")
    assert list(recorded(engine)) == [str(USERS), "1767225700000", "1767225800000"]
    assert tables(engine) == []


def test_what_cannot_be_taken_back_says_why_before_anything_is_run(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply")
    (three.root / "migrations/default/1767225700000_notes/down.sql").unlink()
    said = three.fails("migrate", "apply", "--down", "2")
    assert "migrations/default/1767225700000_notes has no down.sql" in said
    assert "--skip-execution --type down --version 1767225700000" in said
    assert "marks" in tables(engine)


def test_what_metadata_still_needs_is_not_taken_back(three: Project, engine: Engine) -> None:
    three.write("migrations/default/1767225800000_marks/up.sql", "create table marks (id int references notes (id));")
    three.write("migrations/default/1767225800000_marks/down.sql", "alter table marks drop constraint marks_id_fkey;")
    three.ok("migrate", "apply")
    for name in ("notes", "marks"):
        engine.metadata("pg_track_table", {"table": name})
    relationship = {"table": "marks", "name": "note", "using": {"foreign_key_constraint_on": "id"}}
    engine.metadata("pg_create_object_relationship", relationship)
    said = three.fails("migrate", "rollback")
    assert "migrations/default/1767225800000_marks/down.sql: cannot drop due to the following dependent objects" in said
    assert recorded(engine)["1767225800000"] is False


def test_create_makes_a_folder_that_apply_and_status_know(project: Project, engine: Engine) -> None:
    sql = ("--up-sql", "create table notes ();", "--down-sql", "drop table notes;")
    made = project.ok("migrate", "create", "notes", *sql, "-o", "json").json
    assert made["folder"] == f"migrations/default/{made['version']}_notes"
    assert len(str(made["version"])) == 13
    project.ok("migrate", "apply")
    project.ok("migrate", "rollback")
    assert "notes" not in tables(engine)


def test_create_from_the_server_counts_as_applied(project: Project, engine: Engine) -> None:
    engine.sql("create table there (id int primary key)")
    made = project.ok("migrate", "create", "init", "--from-server", "-o", "json").json
    text = (project.root / made["folder"] / "up.sql").read_text()
    assert text.startswith("SET check_function_bodies = false;\n")
    assert "CREATE TABLE public.there" in text
    assert recorded(engine) == {str(made["version"]): False}


def test_delete_forgets_the_folder_and_the_record(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply")
    three.ok("migrate", "delete", "--version", "1767225700000", "-y")
    assert not (three.root / "migrations/default/1767225700000_notes").exists()
    assert "1767225700000" not in recorded(engine)
    three.ok("migrate", "delete", "--all", "--server", "-y")
    assert recorded(engine) == {}
    assert (three.root / "migrations/default/1767225800000_marks").is_dir()


def test_two_databases_are_applied_together_and_taken_back_one_at_a_time(project: Project, engine: Engine) -> None:
    databases = (project.root / "metadata/databases/databases.yaml").read_text()
    other = databases.replace("name: default", "name: other").partition("  tables:")[0] + "  tables: []\n"
    project.write("metadata/databases/databases.yaml", databases + other)
    project.write("migrations/other/1_logs/up.sql", "create table logs (id int);")
    project.write("migrations/other/1_logs/down.sql", "drop table logs;")
    assert project.ok("migrate", "apply").out.splitlines()[-1] == "other  1_logs  applied"
    said = project.fails("migrate", "rollback", code=2)
    assert "Say which database with --database-name: default, other." in said
    for command in (("create", "more"), ("delete", "--all"), ("squash", "--from", "1")):
        assert "Say which database" in project.fails("migrate", *command, code=2)
    project.ok("migrate", "rollback", "--database-name", "other")
    told = project.ok("migrate", "status", "-o", "json").json
    assert [(each["database"], each["database_status"]) for each in told] == [
        ("default", "Applied"),
        ("other", "Not Applied"),
    ]


def test_squash_makes_one_of_several_and_undoes_them_in_reverse(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply")
    made = three.ok("migrate", "squash", "--from", "1767225700000", "--name", "two", "-o", "json").json
    assert made["folder"] == "migrations/default/1767225800000_two"
    down = (three.root / made["folder"] / "down.sql").read_text()
    assert down == "-- 1767225800000_marks\ndrop table marks;\n\n-- 1767225700000_notes\ndrop table notes;\n"
    assert (three.root / "migrations/default/squashed_1767225700000_to_1767225800000/1767225700000_notes").is_dir()
    assert three.ok("migrate", "apply").out == "Nothing to apply.\n"
    three.ok("migrate", "rollback")
    assert not {"notes", "marks"} & set(tables(engine))
    assert recorded(engine) == {str(USERS): False}
    assert "There is no migration of version 5 here" in three.fails("migrate", "squash", "--from", "5")


def test_squash_may_delete_the_old_ones_and_refuses_what_is_half_applied(three: Project, engine: Engine) -> None:
    three.ok("migrate", "apply", "--up", "2")
    said = three.fails("migrate", "squash", "--from", str(USERS))
    assert "migrations/default/1767225800000_marks differs from the first" in said
    assert "no two migrations" in three.fails("migrate", "squash", "--from", "1767225800000")
    three.ok("migrate", "squash", "--from", str(USERS), "--to", "1767225700000", "--delete-source")
    assert recorded(engine) == {"1767225700000": False}
    assert sorted(each.name for each in (three.root / "migrations/default").iterdir()) == [
        "1767225700000_squashed",
        "1767225800000_marks",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "a b"), "'a b' has spaces or slashes"),
        (("create", "../a"), "'../a' has spaces or slashes"),
        (("apply", "--up", "1", "--down", "1"), "Give one of --up and --down"),
        (("apply", "--up", "0"), "'0' is neither a number from 1 on nor all"),
        (("apply", "--goto", "1", "--skip-execution"), "--skip-execution goes with"),
        (("apply", "--type", "down"), "--type goes with --version"),
        (("apply", "--database-name", "other"), "There is no 'other'; there are: default"),
        (("delete",), "Give either --version or --all"),
    ],
)
def test_wrong_usage_is_told(project: Project, engine: Engine, arguments: tuple[str, ...], said: str) -> None:
    assert said in project.fails("migrate", *arguments, code=2)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"migrations/default/100_a/down.sql": ""}, "migrations/default/100_a has no up.sql"),
        ({"migrations/default/100_a b/up.sql": ""}, "migrations/default/100_a b is no name for a migration"),
        (
            {"migrations/default/100_a/up.sql": "", "migrations/default/100_b/up.sql": ""},
            "100_a and migrations/default/100_b have the same version",
        ),
    ],
)
def test_a_bad_folder_is_named(project: Project, engine: Engine, files: dict[str, str], said: str) -> None:
    for name, text in files.items():
        project.write(name, text)
    for command in ("apply", "status"):
        assert said in project.fails("migrate", command)


def test_an_unreachable_server_and_a_wrong_secret_say_what_to_do(project: Project, engine: Engine) -> None:
    assert "cannot be reached" in project.fails("migrate", "status", "--endpoint", "http://127.0.0.1:9")
    assert "The admin secret does not fit" in project.fails("migrate", "status", "--admin-secret", "wrong")
    assert "is no URL" in project.fails("migrate", "status", "--endpoint", "localhost:8080")

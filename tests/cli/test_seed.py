"""The seed commands against the embedded engine."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Project
from tests.engine.conftest import Engine


@pytest.fixture
def own(project: Project, engine: Engine) -> Project:
    project.ok("migrate", "apply")
    return project


def names(engine: Engine) -> list[list[str]]:
    rows: list[list[str]] = engine.sql("select username from users order by 1")["result"][1:]
    return rows


def test_apply_runs_all_or_those_named_in_their_order(own: Project, engine: Engine) -> None:
    assert own.ok("seed", "apply").out == "seeds/default/1767225600000_example_users.sql  applied\n"
    assert names(engine) == [["ada"], ["grace"], ["private"]]
    own.write("seeds/default/2_more.sql", "update users set username = 'A' where username = 'ada';")
    own.ok("seed", "apply", "-f", "2_more.sql")
    assert ["A"] in names(engine)


def test_a_seed_that_fails_or_is_missing_is_named(own: Project, engine: Engine) -> None:
    own.write("seeds/default/2_more.sql", "select 1;\ninsert into nowhere values (1);")
    assert 'seeds/default/2_more.sql:2: relation "nowhere" does not exist' in own.fails("seed", "apply")
    assert "There is no seed gone.sql" in own.fails("seed", "apply", "-f", "gone.sql")


def test_create_takes_the_rows_of_a_table(own: Project, engine: Engine) -> None:
    own.ok("seed", "apply")
    made = own.ok("seed", "create", "users", "--from-table", "public.users", "-o", "json").json
    text = (own.root / made["file"]).read_text()
    assert "INSERT INTO public.users" in text
    engine.sql("delete from users")
    own.ok("seed", "apply", "-f", made["file"].rpartition("/")[2])
    assert names(engine) == [["ada"], ["grace"], ["private"]]
    assert "'a b' has spaces or slashes" in own.fails("seed", "create", "a b", code=2)

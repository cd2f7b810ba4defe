"""Tests for cutting SQL into statements."""

from __future__ import annotations

import pytest

from orchestrator.project.sql_text import statements


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("", []),
        (" ; ;\n-- nothing\n", []),
        ("select 1", [(1, "select 1")]),
        ("select 1;\n\n-- two\nselect 2;\n", [(1, "select 1"), (4, "select 2")]),
        ("select ';', $$;$$, $a$;$$;$a$, \"a;\", E'\\';' ; select 2", [
            (1, "select ';', $$;$$, $a$;$$;$a$, \"a;\", E'\\';'"), (1, "select 2"),
        ]),
        ("/* a /* ; */ ; */ select 1;\nselect 2", [(1, "select 1"), (2, "select 2")]),
        ("create rule r as on insert to t do also (select 1; select 2);\nselect 3", [
            (1, "create rule r as on insert to t do also (select 1; select 2)"), (2, "select 3"),
        ]),
        ("create function f() returns int begin atomic select case when true then 1 end; select 2; end;\nselect 3", [
            (1, "create function f() returns int begin atomic select case when true then 1 end; select 2; end"),
            (2, "select 3"),
        ]),
        ("begin; select 1; end;", [(1, "begin"), (1, "select 1"), (1, "end")]),
        ("select 'not closed; select 2", [(1, "select 'not closed"), (1, "select 2")]),
    ],
)  # fmt: skip
def test_statements_end_at_their_own_semicolons(sql: str, found: list[tuple[int, str]]) -> None:
    assert [(each.line, each.text) for each in statements(sql)] == found


def test_a_word_is_found_outside_of_comments_only() -> None:
    [statement] = statements("\ncreate table t (\n  -- nope is what we want\n  a nope,\n  b int\n);")
    assert statement.line_of("nope") == 4
    assert statement.line_of("int") == 5
    assert statement.line_of("missing") is None


def test_a_word_on_several_lines_has_none() -> None:
    [statement] = statements("select a,\n a")
    assert statement.line_of("a") is None

"""SQL values, and what scripts of run_sql are cut into."""

from __future__ import annotations

import doctest

import pytest

from orchestrator.engine import catalog, errors, run_sql, scalars, selection, sql
from orchestrator.engine.sql import Literal, SessionVariable, compile_sql, literal_param, param, raw


@pytest.mark.parametrize("module", [catalog, errors, run_sql, scalars, selection, sql])
def test_the_examples_in_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0


def test_equal_sources_share_a_parameter() -> None:
    user = param(SessionVariable("x-hasura-user-id"), "integer")
    statement = compile_sql("select " + user + ", " + literal_param("a", "text") + ", " + user)
    assert statement.text == "select ($1::text)::integer, ($2::text), ($1::text)::integer"
    assert statement.sources == (SessionVariable("x-hasura-user-id"), Literal("a"))


def test_names_are_quoted() -> None:
    assert sql.qualified('a"b', "c d") == '"a""b"."c d"'


def test_a_script_is_cut_at_the_semicolons_that_count() -> None:
    script = """
      create function f() returns int language plpgsql as $body$ begin return 1; end; $body$;
      insert into t values ('a;b', E'it\\'s;', "c;d"); /* no; /* nested; */ end; */
      create function g() returns int begin atomic select case when true then 1 end; select 2; end;
      select 1 -- last; of all
    """
    starts = [statement.split()[0:2] for statement in run_sql.split(script)]
    assert starts == [["create", "function"], ["insert", "into"], ["/*", "no;"], ["select", "1"]]


def test_empty_statements_are_left_out() -> None:
    assert list(run_sql.split(" ; ;; -- nothing\n")) == []


def test_pieces_keep_their_order() -> None:
    assert sql.join(" and ", [raw("a"), "b = " + literal_param("1", "int")]).pieces == (
        "a",
        " and ",
        "b = ",
        sql.Param(Literal("1"), "int"),
    )

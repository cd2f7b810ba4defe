from dataclasses import replace

import pytest

from orchestrator.engine.catalog import Argument, FunctionInfo
from orchestrator.engine.consistency.function_checks import computed_field_reason, tracking_reason
from orchestrator.engine.metadata.model import ComputedField, Function, FunctionConfiguration

from ..catalogs import public

AUTHOR = public("author")
ROW = Argument("author_row", "author", "author", "c", "i", False, AUTHOR)
SEARCH = Argument("search", "text", "text", "b", "i", False, None)
SESSION = Argument("session", "json", "json", "b", "i", False, None)
SCALAR = FunctionInfo(public("full_name"), 1, (ROW, SEARCH, SESSION), False, "text", "b", None, "s", False, None)
ROWS = replace(SCALAR, name=public("search"), returns_set=True, returns_type="article", returns_kind="c")
ARTICLES = replace(ROWS, returns_table=public("article"))


def computed(function, *, overloads=None, tracked=True, **arguments):
    field = ComputedField("field", function.name, **arguments)
    overloads = (function,) if overloads is None else overloads
    reason = computed_field_reason(field, AUTHOR, overloads, lambda _: tracked)
    prefix = 'in table "author": in computed field "field": '
    assert reason is None or reason.startswith(prefix)
    return reason and reason.removeprefix(prefix).removeprefix(
        'the computed field "field" cannot be added to table "author" '
    )


@pytest.mark.parametrize("function", [SCALAR, ARTICLES])
def test_a_function_of_the_row_may_be_a_computed_field(function):
    assert computed(function, table_argument="author_row", session_argument="session") is None
    assert computed(function) is None


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        (replace(SCALAR, arguments=()), {}, 'because the function "full_name" has no input arguments'),
        (SCALAR, {"table_argument": "x"}, 'because "x" is not an input argument of the function "full_name"'),
        (SCALAR, {"session_argument": "x"}, 'because "x" is not an input argument of the function "full_name"'),
        (
            SCALAR,
            {"session_argument": "search"},
            'because "search" argument of the function "full_name" is not of type JSON',
        ),
        (
            replace(SCALAR, volatility="v"),
            {},
            'because the function "full_name" is of type VOLATILE; cannot be added as a computed field',
        ),
        (
            replace(SCALAR, arguments=(SEARCH, ROW)),
            {},
            (
                'for the following reasons:\n  • first argument of the function "full_name" is not COMPOSITE type\n'
                '  • first argument of the function "full_name" of type "pg_catalog.text" is not the table to '
                "which the computed field is being added\n"
            ),
        ),
        (
            replace(SCALAR, arguments=(replace(ROW, table=public("other")),)),
            {},
            (
                'because first argument of the function "full_name" of type "public.other" is not the table to '
                "which the computed field is being added"
            ),
        ),
    ],
)
def test_why_a_function_is_no_computed_field(function, arguments, reason):
    assert computed(function, **arguments) == reason


def test_a_computed_field_needs_one_function_of_its_name():
    assert computed(SCALAR, overloads=()) == 'no such function exists: "full_name"'
    assert "is overloaded" in (computed(SCALAR, overloads=(SCALAR, SCALAR)) or "")


def test_the_rows_of_a_computed_field_must_be_of_a_tracked_table():
    expected = 'because the function "search" returning set of table "article" is not tracked or not found in database'
    assert computed(ARTICLES, tracked=False) == expected


def tracked(function, overloads=None, **configuration):
    declared = Function(function.name, FunctionConfiguration(**configuration))
    return tracking_reason(declared, (function,) if overloads is None else overloads)


def test_a_function_that_gives_rows_may_be_tracked():
    assert tracked(ARTICLES) is None
    assert tracked(ARTICLES, session_argument="session") is None
    assert tracked(replace(ARTICLES, volatility="v"), exposed_as="mutation") is None


@pytest.mark.parametrize(
    ("function", "configuration", "reason"),
    [
        (SCALAR, {}, 'the function does not return a "COMPOSITE" type'),
        (ROWS, {}, "the function does not return a table"),
        (ARTICLES, {"session_argument": "x"}, 'given session argument "x" not the input argument of the function'),
        (ARTICLES, {"session_argument": "search"}, 'given session argument "search" is not of type json'),
        (
            ARTICLES,
            {"exposed_as": "mutation"},
            (
                "the function was requested to be exposed as a mutation, but is not marked VOLATILE. "
                "Maybe the function was given the wrong volatility when it was defined?"
            ),
        ),
    ],
)
def test_why_a_function_is_not_tracked(function, configuration, reason):
    name = function.name
    expected = f'in function "{name}": the function "{name}" cannot be tracked because {reason}'
    assert tracked(function, **configuration) == expected


def test_a_function_must_exist_once():
    assert tracked(ARTICLES, ()) == 'no such function exists: "search"'
    assert "overloaded" in (tracked(ARTICLES, (ARTICLES, ARTICLES)) or "")


def test_what_becomes_a_name_in_the_schema_must_be_graphqls() -> None:
    odd = replace(ARTICLES, arguments=(replace(SEARCH, name="at most"), replace(SEARCH, name="1st"), SEARCH))
    reason = tracking_reason(Function(odd.name), (odd,))
    assert reason is not None
    assert reason.endswith("because the function arguments at most,1st are not in compliance with GraphQL spec")
    odd = replace(ARTICLES, arguments=(replace(SEARCH, type="odd type"),))
    assert 'the type "odd type" of an argument is not' in str(tracking_reason(Function(odd.name), (odd,)))
    unnamed = replace(ARTICLES, arguments=(replace(SEARCH, name=""),))
    assert tracking_reason(Function(unnamed.name), (unnamed,)) is None

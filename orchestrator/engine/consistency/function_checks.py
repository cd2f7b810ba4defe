"""What a function must look like to be tracked or to be a computed field, and Hasura's words for what it lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from orchestrator.engine.catalog import Argument, FunctionInfo, QualifiedName
from orchestrator.engine.metadata.model import ComputedField, Function

GRAPHQL_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
VOLATILE: Final = "v"
COMPOSITE: Final = "c"


def because(problems: Sequence[str]) -> str:
    """One problem as a clause, several as a list."""
    if len(problems) == 1:
        return f" because {problems[0]}"
    return " for the following reasons:\n" + "".join(f"  • {problem}\n" for problem in problems)


def the_one(name: QualifiedName, overloads: Sequence[FunctionInfo]) -> FunctionInfo | str:
    """The function of that name, or why there is none to speak of."""
    if not overloads:
        return f'no such function exists: "{name}"'
    if len(overloads) > 1:
        return f'function "{name}" is overloaded. Overloaded functions are not supported'
    return overloads[0]


def inputs(function: FunctionInfo) -> list[Argument]:
    return [argument for argument in function.arguments if argument.mode in "ibv"]


def tracking_reason(function: Function, overloads: Sequence[FunctionInfo]) -> str | None:
    """Why the function can't be tracked; None where it can."""
    found = the_one(function.name, overloads)
    if isinstance(found, str):
        return found if not overloads else f'in function "{function.name}": {found}'
    problems = list(tracking_problems(function, found))
    if not problems:
        return None
    return f'in function "{function.name}": the function "{function.name}" cannot be tracked{because(problems)}'


def tracking_problems(function: Function, found: FunctionInfo) -> Iterator[str]:
    if not GRAPHQL_NAME.fullmatch(found.name.name):
        yield "function name is not a legal GraphQL identifier"
    if any(argument.mode == "v" for argument in found.arguments):
        yield 'function with "VARIADIC" parameters are not supported'
    if found.returns_kind != COMPOSITE:
        yield 'the function does not return a "COMPOSITE" type'
    elif found.returns_table is None:
        yield "the function does not return a table"
    if function.configuration.exposed_as == "mutation" and found.volatility != VOLATILE:
        yield (
            "the function was requested to be exposed as a mutation, but is not marked VOLATILE. "
            "Maybe the function was given the wrong volatility when it was defined?"
        )
    yield from tracked_session_problems(function.configuration.session_argument, found)
    yield from naming_problems(found)


def naming_problems(found: FunctionInfo) -> Iterator[str]:
    """The arguments become fields of an input object, and their types scalars."""
    names = [each.name for each in inputs(found) if each.name and not GRAPHQL_NAME.fullmatch(each.name)]
    if names:
        yield f"the function arguments {','.join(names)} are not in compliance with GraphQL spec"
    for each in inputs(found):
        if each.kind != COMPOSITE and not GRAPHQL_NAME.fullmatch(each.type.removeprefix("_")):
            yield f'the type "{each.type}" of an argument is not a legal GraphQL identifier'


def tracked_session_problems(name: str | None, found: FunctionInfo) -> Iterator[str]:
    if name is None:
        return
    argument = next((argument for argument in inputs(found) if argument.name == name), None)
    if argument is None:
        yield f'given session argument "{name}" not the input argument of the function'
    elif argument.type != "json":
        yield f'given session argument "{name}" is not of type json'


def computed_field_reason(
    computed: ComputedField,
    table: QualifiedName,
    overloads: Sequence[FunctionInfo],
    is_tracked: Callable[[QualifiedName], bool],
) -> str | None:
    """Why the function can't be that computed field of the table; None where it can."""
    where = f'in table "{table}": in computed field "{computed.name}": '
    found = the_one(computed.function, overloads)
    if isinstance(found, str):
        return where + found
    problems = [
        *volatility_problems(found),
        *table_problems(computed, table, found),
        *session_problems(computed, found),
        *return_problems(found, is_tracked),
        *naming_problems(found),
    ]
    if not problems:
        return None
    return f'{where}the computed field "{computed.name}" cannot be added to table "{table}"{because(problems)}'


def volatility_problems(found: FunctionInfo) -> Iterator[str]:
    if found.volatility == VOLATILE:
        yield f'the function "{found.name}" is of type VOLATILE; cannot be added as a computed field'


def table_problems(computed: ComputedField, table: QualifiedName, found: FunctionInfo) -> Iterator[str]:
    """What is wrong with the argument that takes the row."""
    arguments, named = inputs(found), computed.table_argument
    if not arguments:
        yield f'the function "{found.name}" has no input arguments'
        return
    argument = next((each for each in arguments if each.name == named), None) if named else arguments[0]
    if argument is None:
        yield f'"{named}" is not an input argument of the function "{found.name}"'
        return
    called = f'"{named}" argument' if named else "first argument"
    if argument.kind != COMPOSITE:
        yield f'{called} of the function "{found.name}" is not COMPOSITE type'
    if argument.table != table:
        yield (
            f'{called} of the function "{found.name}" of type "{type_name(argument)}" '
            "is not the table to which the computed field is being added"
        )


def type_name(argument: Argument) -> str:
    return f"{argument.table.schema}.{argument.table.name}" if argument.table else f"pg_catalog.{argument.type}"


def session_problems(computed: ComputedField, found: FunctionInfo) -> Iterator[str]:
    name = computed.session_argument
    if name is None:
        return
    argument = next((each for each in inputs(found) if each.name == name), None)
    if argument is None:
        yield f'"{name}" is not an input argument of the function "{found.name}"'
    elif argument.type != "json":
        yield f'"{name}" argument of the function "{found.name}" is not of type JSON'


def return_problems(found: FunctionInfo, is_tracked: Callable[[QualifiedName], bool]) -> Iterator[str]:
    if found.returns_table is not None and found.returns_set:
        if not is_tracked(found.returns_table):
            rows = found.returns_table
            yield f'the function "{found.name}" returning set of table "{rows}" is not tracked or not found in database'
    elif found.returns_kind in "cp":
        yield f'the function "{found.name}" returning type {found.returns_type} is not a BASE type'

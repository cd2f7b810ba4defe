"""How a computed field's function is called."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engine.boolexp import FunctionCall
from orchestrator.engine.sql import Param, SessionVariable
from orchestrator.engine.tracked import TrackedSource, TrackedTable


def computed_call(
    source: TrackedSource, table: TrackedTable, name: str, given: Mapping[str, Param] | None = None
) -> FunctionCall:
    """The call of a computed field's function: the row and the session where they belong, and the given arguments."""
    meta = table.meta.computed_fields[name]
    function = source.catalog.functions[meta.function][0]
    inputs = [argument for argument in function.arguments if argument.mode in "ib"]
    row = meta.table_argument or inputs[0].name
    arguments: list[tuple[str | None, Param | None]] = []
    for index, argument in enumerate(inputs):
        if argument.name == row and (argument.name or index == 0):
            arguments.append((argument.name or None, None))
        elif meta.session_argument and argument.name == meta.session_argument:
            arguments.append((argument.name, Param(SessionVariable(None), argument.sql_type)))
        elif given and argument.name in given:
            arguments.append((argument.name, given[argument.name]))
    return FunctionCall(function.name, tuple(arguments))

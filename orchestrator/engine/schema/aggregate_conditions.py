"""The types of conditions on aggregates over related rows: `articles_aggregate: {count: {predicate: {_gt: 3}}}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.engine.catalog import Column
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.bindings import AggregatePredicate, ColumnOf
from orchestrator.engine.schema.rows import hidden_unless
from orchestrator.engine.schema.types import Enum, EnumValue, Input, InputObject, Ref, inputs_of, list_of, required

if TYPE_CHECKING:
    from orchestrator.engine.schema.role import RoleSchema


@dataclass(frozen=True, slots=True)
class Predicate:
    """An aggregate function that can be compared: the type of its columns and of what it gives, and its arguments'
    names where it takes several."""

    takes: str
    gives: str
    arguments: tuple[str, ...] = ()


PREDICATES: Mapping[str, Predicate] = {
    **dict.fromkeys(("avg", "max", "min", "stddev_samp", "sum", "var_samp"), Predicate("float8", "float8")),
    **dict.fromkeys(("bool_and", "bool_or"), Predicate("bool", "bool")),
    **dict.fromkeys(("corr", "covar_samp"), Predicate("float8", "float8", ("Y", "X"))),
}


def aggregate_bool_exp(schema: RoleSchema, access: TableAccess) -> InputObject:
    """One of its fields must be given, and no more."""
    typed = access.table.typed
    functions = (
        Input(
            function,
            Ref(typed(f"_aggregate_bool_exp_{function}")),
            binding=AggregatePredicate(function, predicate.arguments),
        )
        for function, predicate in PREDICATES.items()
        if _columns(schema, access, predicate)
    )
    count = Input("count", Ref(typed("_aggregate_bool_exp_count")), binding=AggregatePredicate("count"))
    return InputObject(typed("_aggregate_bool_exp"), inputs_of(count, *functions))


def count_bool_exp(schema: RoleSchema, access: TableAccess) -> InputObject:
    columns = Input("arguments", list_of(required(access.table.typed("_select_column"))))
    return _predicate(schema, access, "count", columns, "int4")


def function_bool_exp(schema: RoleSchema, access: TableAccess, function: str) -> InputObject | None:
    """`T_aggregate_bool_exp_avg` and so on, where the role sees a column of the type that the function takes."""
    predicate = PREDICATES[function]
    if not _columns(schema, access, predicate):
        return None
    column = _columns_name(access, function)
    below = access.table.typed(f"_aggregate_bool_exp_{function}_arguments")
    arguments = Input("arguments", required(below if predicate.arguments else column))
    return _predicate(schema, access, function, arguments, predicate.gives)


def _predicate(schema: RoleSchema, access: TableAccess, function: str, arguments: Input, gives: str) -> InputObject:
    return InputObject(
        access.table.typed(f"_aggregate_bool_exp_{function}"),
        inputs_of(
            arguments,
            Input("distinct", Ref("Boolean")),
            Input("filter", Ref(access.table.typed("_bool_exp"))),
            Input("predicate", required(schema.scalar_comparison(gives, access.table.naming))),
        ),
    )


def several_arguments(schema: RoleSchema, access: TableAccess, function: str) -> InputObject | None:
    """The arguments of a function of several columns, in PostgreSQL's order."""
    predicate, column = PREDICATES[function], required(_columns_name(access, function))
    if not predicate.arguments or not _columns(schema, access, predicate):
        return None
    name = access.table.typed(f"_aggregate_bool_exp_{function}_arguments")
    return InputObject(name, inputs_of(*(Input(argument, column) for argument in predicate.arguments)))


def argument_columns(schema: RoleSchema, access: TableAccess, function: str) -> Enum | None:
    name = _columns_name(access, function)
    values = {
        column: EnumValue(column, "column name", ColumnOf(found))
        for column, found in sorted(_columns(schema, access, PREDICATES[function]).items())
    }
    of = access.table.typed(f"_aggregate_bool_exp_{function}_arguments_columns")
    return Enum(name, values, f'select "{of}" columns of table "{access.table.name}"') if values else None


def _columns_name(access: TableAccess, function: str) -> str:
    own = access.table.base_name
    return access.table.typed(f"_select_column_{own}_aggregate_bool_exp_{function}_arguments_columns")


def _columns(schema: RoleSchema, access: TableAccess, predicate: Predicate) -> Mapping[str, Column]:
    return {
        name: column
        for name, column in schema.columns(access)
        if column.type == predicate.takes and hidden_unless(access, column) is None
    }

"""The types of streaming subscriptions: where a table's stream begins, and which way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.engine.catalog import Column
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.bindings import ColumnOf
from orchestrator.engine.schema.rows import hidden_unless
from orchestrator.engine.schema.types import Enum, EnumValue, Input, InputObject, Ref, inputs_of, list_of, required

if TYPE_CHECKING:
    from orchestrator.engine.schema.role import RoleSchema

# The comparison with the cursor, and the order of the rows.
DIRECTIONS: Mapping[str, tuple[str, str]] = {"ASC": ("_gt", "ASC"), "DESC": ("_lt", "DESC")}


def arguments(access: TableAccess) -> Mapping[str, Input]:
    cursor = list_of(Ref(access.table.typed("_stream_cursor_input")), non_null=True)
    named = access.table.naming.field
    return inputs_of(
        Input(
            named("batch_size"), required("Int"), "maximum number of rows returned in a single batch", key="batch_size"
        ),
        Input("cursor", cursor, "cursor to stream the results returned by the query"),
        Input("where", Ref(access.table.typed("_bool_exp")), "filter the rows returned"),
    )


def cursor_columns(schema: RoleSchema, access: TableAccess) -> Mapping[str, Column]:
    """The columns that a cursor can go by: those that the role sees in every row."""
    return {name: column for name, column in schema.columns(access) if hidden_unless(access, column) is None}


def cursor_input(schema: RoleSchema, access: TableAccess) -> InputObject | None:
    if not cursor_columns(schema, access):
        return None
    table = access.table
    initial = required(table.typed("_stream_cursor_value_input"))
    return InputObject(
        table.typed("_stream_cursor_input"),
        inputs_of(
            Input(
                table.naming.field("initial_value"),
                initial,
                "Stream column input with initial value",
                key="initial_value",
            ),
            Input("ordering", Ref(ordering(access).name), "cursor ordering"),
        ),
        f'Streaming cursor of the table "{table.base_name}"',
    )


def cursor_value_input(schema: RoleSchema, access: TableAccess) -> InputObject | None:
    columns = cursor_columns(schema, access)
    inputs = (
        Input(
            name,
            schema.column_type(access.table, column),
            access.table.comment_of(column),
            ColumnOf(column, schema.enum_name(access.table, column)),
        )
        for name, column in columns.items()
    )
    return InputObject(
        access.table.typed("_stream_cursor_value_input"),
        inputs_of(*inputs),
        "Initial value of the column from where the streaming should start",
    )


def ordering(access: TableAccess) -> Enum:
    words = {"ASC": "ascending", "DESC": "descending"}
    return Enum(
        access.table.customization.type_name("cursor_ordering"),
        {name: EnumValue(name, f"{words[name]} ordering of the cursor", sql) for name, sql in DIRECTIONS.items()},
        "ordering argument of a cursor",
    )

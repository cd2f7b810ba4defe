"""The types of mutations: what is inserted, set, matched on conflict, and given back."""

# ruff: noqa: ARG001 - every builder takes the schema, so that one table holds them all.
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.engine import scalars
from orchestrator.engine.catalog import Column, Key
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.bindings import AffectedRowsOf, ColumnOf, NestedInsert, ReturningOf, UpdateOperator
from orchestrator.engine.schema.types import (
    Enum,
    EnumValue,
    Field,
    Input,
    InputObject,
    ObjectType,
    Ref,
    fields_of,
    inputs_of,
    list_of,
    required,
)
from orchestrator.engine.tracked import GRAPHQL_NAME

if TYPE_CHECKING:
    from orchestrator.engine.schema.role import RoleSchema

PLACEHOLDER = "_PLACEHOLDER"
JSONB_OPERATORS = {
    "_append": "append existing jsonb value of filtered columns with new jsonb value",
    "_delete_at_path": "delete the field or element with specified path "
    "(for JSON arrays, negative integers count from the end)",
    "_delete_elem": "delete the array element with specified index (negative integers count from the end). "
    "throws an error if top level container is not an array",
    "_delete_key": "delete key/value pair or string element. key/value pairs are matched based on their key value",
    "_prepend": "prepend existing jsonb value of filtered columns with new jsonb value",
}


def insert_columns(access: TableAccess) -> Iterator[tuple[str, Column]]:
    columns = access.insert.columns if access.insert else ()
    return _named(access, columns)


def update_columns(access: TableAccess) -> Iterator[tuple[str, Column]]:
    columns = access.update.columns if access.update else ()
    return _named(access, columns)


def _named(access: TableAccess, columns: tuple[str, ...]) -> Iterator[tuple[str, Column]]:
    return ((name, column) for name, column in access.table.graphql_columns.items() if column.name in columns)


def insert_input(schema: RoleSchema, access: TableAccess) -> InputObject:
    columns = (_column(schema, access, name, column) for name, column in insert_columns(access))
    return InputObject(
        access.table.typed("_insert_input"),
        inputs_of(*columns, *_nested(schema, access)),
        f'input type for inserting data into table "{access.table.name}"',
    )


def _column(schema: RoleSchema, access: TableAccess, name: str, column: Column) -> Input:
    binding = ColumnOf(column, schema.enum_name(access.table, column))
    return Input(name, schema.column_type(access.table, column), access.table.comment_of(column), binding)


def _nested(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    for relationship in access.table.relationships.values():
        target = schema.access(access.source, relationship.join.table)
        if target and target.insert:
            kind = "arr" if relationship.is_array else "obj"
            type_ = Ref(target.table.typed(f"_{kind}_rel_insert_input"))
            yield Input(relationship.name, type_, binding=NestedInsert(relationship, target))


def obj_rel_insert_input(schema: RoleSchema, access: TableAccess) -> InputObject:
    data = Input("data", required(access.table.typed("_insert_input")))
    return InputObject(
        access.table.typed("_obj_rel_insert_input"),
        inputs_of(data, *on_conflict_argument(schema, access)),
        f'input type for inserting object relation for remote table "{access.table.name}"',
    )


def arr_rel_insert_input(schema: RoleSchema, access: TableAccess) -> InputObject:
    data = Input("data", list_of(required(access.table.typed("_insert_input")), non_null=True))
    return InputObject(
        access.table.typed("_arr_rel_insert_input"),
        inputs_of(data, *on_conflict_argument(schema, access)),
        f'input type for inserting array relation for remote table "{access.table.name}"',
    )


def conflict_keys(access: TableAccess) -> list[Key]:
    """The keys whose constraint has a name that GraphQL can express."""
    return [key for key in access.table.keys if GRAPHQL_NAME.match(key.name)]


def on_conflict_argument(schema: RoleSchema, access: TableAccess) -> tuple[Input, ...]:
    """The argument, where a key exists that could be in conflict."""
    if not conflict_keys(access) or access.table.info.is_view:
        return ()
    name = access.table.naming.field("on_conflict")
    return (Input(name, Ref(access.table.typed("_on_conflict")), "upsert condition", key="on_conflict"),)


def on_conflict(schema: RoleSchema, access: TableAccess) -> InputObject:
    where = Input("where", Ref(access.table.typed("_bool_exp")))
    return InputObject(
        access.table.typed("_on_conflict"),
        inputs_of(
            Input("constraint", required(access.table.typed("_constraint"))),
            Input(
                access.table.naming.field("update_columns"),
                list_of(required(access.table.typed("_update_column")), non_null=True),
                default="[]",
                key="update_columns",
            ),
            where,
        ),
        f'on_conflict condition type for table "{access.table.name}"',
    )


def constraint(schema: RoleSchema, access: TableAccess) -> Enum:
    primary = access.table.info.primary_key
    values = (
        EnumValue(
            key.name,
            f"unique or primary key constraint on columns {', '.join(f'{chr(34)}{c}{chr(34)}' for c in key.columns)}",
            key if key != primary else primary,
        )
        for key in conflict_keys(access)
    )
    description = f'unique or primary key constraints on table "{access.table.name}"'
    return Enum(access.table.typed("_constraint"), {value.name: value for value in values}, description)


def update_column(schema: RoleSchema, access: TableAccess) -> Enum:
    columns = sorted(update_columns(access), key=lambda pair: pair[0])
    values = [EnumValue(name, "column name", ColumnOf(column)) for name, column in columns]
    if not values:
        values = [EnumValue(PLACEHOLDER, "placeholder (do not use)")]
    description = f'update columns of table "{access.table.name}"'
    return Enum(access.table.typed("_update_column"), {value.name: value for value in values}, description)


def set_input(schema: RoleSchema, access: TableAccess) -> InputObject:
    columns = (_column(schema, access, name, column) for name, column in update_columns(access))
    description = f'input type for updating data in table "{access.table.name}"'
    return InputObject(access.table.typed("_set_input"), inputs_of(*columns), description)


def inc_input(schema: RoleSchema, access: TableAccess) -> InputObject | None:
    columns = [pair for pair in update_columns(access) if pair[1].type in scalars.NUMERIC_TYPES]
    inputs = (_column(schema, access, name, column) for name, column in columns)
    description = f'input type for incrementing numeric columns in table "{access.table.name}"'
    return InputObject(access.table.typed("_inc_input"), inputs_of(*inputs), description) if columns else None


JSONB_VALUES = {
    "_append": Ref("jsonb"),
    "_prepend": Ref("jsonb"),
    "_delete_key": Ref("String"),
    "_delete_elem": Ref("Int"),
    "_delete_at_path": list_of(required("String")),
}


def jsonb_input(schema: RoleSchema, access: TableAccess, operator: str) -> InputObject | None:
    """`T_append_input`, `T_delete_key_input` and so on."""
    columns = [pair for pair in update_columns(access) if pair[1].type == "jsonb"]
    value = JSONB_VALUES[operator]
    inputs = (Input(name, value, access.table.comment_of(c), ColumnOf(c)) for name, c in columns)
    name = access.table.typed(f"{operator}_input")
    return InputObject(name, inputs_of(*inputs), JSONB_OPERATORS[operator]) if columns else None


def update_arguments(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    """`_append` … `_set`, for those that some column allows."""
    for operator, description in JSONB_OPERATORS.items():
        if schema.has(access.table.typed(f"{operator}_input")):
            type_, name = Ref(access.table.typed(f"{operator}_input")), access.table.naming.field(operator)
            yield Input(name, type_, description, UpdateOperator(operator))
    if schema.has(access.table.typed("_inc_input")):
        description = "increments the numeric columns with given value of the filtered values"
        yield Input("_inc", Ref(access.table.typed("_inc_input")), description, UpdateOperator("_inc"))
    if next(iter(update_columns(access)), None):
        description = "sets the columns of the filtered rows to the given values"
        yield Input("_set", Ref(access.table.typed("_set_input")), description, UpdateOperator("_set"))


def pk_columns_input(schema: RoleSchema, access: TableAccess) -> InputObject | None:
    key = access.table.info.primary_key
    if key is None:
        return None
    columns = [pair for pair in access.table.graphql_columns.items() if pair[1].name in key.columns]
    inputs = (
        Input(name, schema.column_type(access.table, column, non_null=True), binding=ColumnOf(column))
        for name, column in columns
    )
    description = f"primary key columns input for table: {access.table.name}"
    return InputObject(access.table.typed("_pk_columns_input"), inputs_of(*inputs), description)


def updates(schema: RoleSchema, access: TableAccess) -> InputObject:
    where = Input("where", required(access.table.typed("_bool_exp")), "filter the rows which have to be updated")
    return InputObject(access.table.typed("_updates"), inputs_of(*update_arguments(schema, access), where))


def mutation_response(schema: RoleSchema, access: TableAccess) -> ObjectType:
    name = access.table.type_name
    affected = Field(
        access.table.naming.field("affected_rows"),
        required("Int"),
        {},
        AffectedRowsOf(),
        "number of rows affected by the mutation",
    )
    rows = list_of(required(name), non_null=True)
    returning = Field("returning", rows, {}, ReturningOf(access), "data from the rows affected by the mutation")
    return ObjectType(
        access.table.typed("_mutation_response"),
        fields_of(affected, *((returning,) if access.select else ())),
        f'response of any mutation on the table "{access.table.name}"',
    )

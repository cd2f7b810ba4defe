"""The types that show rows: the table's object, its aggregates, and the arguments that choose and order rows."""

# ruff: noqa: ARG001 - every builder takes the schema, so that one table holds them all.
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.engine import scalars
from orchestrator.engine.boolexp import TRUE, BoolExp
from orchestrator.engine.catalog import Column
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.bindings import (
    AggregateObject,
    AggregateRows,
    ColumnOf,
    ComputedOf,
    CountOf,
    FunctionOf,
    RelatedAggregate,
    RelationshipOf,
    RemoteOf,
)
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

if TYPE_CHECKING:
    from orchestrator.engine.schema.role import RoleSchema

NUMERIC_FUNCTIONS = ("avg", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance")
COMPARING_FUNCTIONS = ("max", "min")
FUNCTIONS = ("avg", "max", "min", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance")
# These keep their column's type; the others answer with Float.
TYPE_KEEPING = frozenset({"max", "min", "sum"})


def object_type(schema: RoleSchema, access: TableAccess) -> ObjectType:
    table = access.table
    columns = (_column(schema, access, name, column) for name, column in schema.columns(access))
    comment = table.meta.configuration.comment
    description = table.info.comment if comment is None else comment
    return ObjectType(
        table.type_name,
        fields_of(*columns, *_relationships(schema, access), *_remote(schema, access), *_computed(schema, access)),
        description or f'columns and relationships of "{table.name}"',
    )


def _column(schema: RoleSchema, access: TableAccess, name: str, column: Column) -> Field:
    args: Mapping[str, Input] = {}
    if column.type in scalars.JSON_TYPES:
        args = inputs_of(Input("path", Ref("String"), "JSON select path"))
    when = hidden_unless(access, column)
    binding = ColumnOf(column, schema.enum_name(access.table, column), when)
    type_ = schema.column_type(access.table, column, non_null=not column.nullable and when is None)
    return Field(name, type_, args, binding, access.table.comment_of(column))


def hidden_unless(access: TableAccess, column: Column) -> BoolExp | None:
    """The condition under which the role may see the column in a row, where there is one."""
    return access.select.conditions.get(column.name) if access.select else None


def _relationships(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    for relationship, target in schema.relationships(access):
        name = target.table.type_name
        binding = RelationshipOf(relationship, target)
        if not relationship.is_array:
            type_ = Ref(name, non_null=_always_there(relationship.nullable, access, target))
            yield Field(relationship.name, type_, {}, binding, relationship.comment or "An object relationship")
            continue
        rows = list_of(required(name), non_null=True)
        args = row_arguments(schema, target)
        yield Field(relationship.name, rows, args, binding, relationship.comment or "An array relationship")
        if target.select and target.select.aggregations:
            yield Field(
                access.table.naming.field(f"{relationship.name}_aggregate"),
                required(target.table.typed("_aggregate")),
                args,
                RelatedAggregate(relationship, target),
                "An aggregate relationship",
            )


def _remote(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    for relationship, target in schema.remote_relationships(access):
        name, binding = target.table.type_name, RemoteOf(relationship, target)
        if not relationship.is_array:
            yield Field(relationship.name, Ref(name), {}, binding)
            continue
        args = row_arguments(schema, target)
        yield Field(relationship.name, list_of(required(name), non_null=True), args, binding)
        if target.select and target.select.aggregations:
            aggregate = required(target.table.typed("_aggregate"))
            yield Field(f"{relationship.name}_aggregate", aggregate, args, replace(binding, aggregate=True))


def _always_there(nullable: bool, access: TableAccess, target: TableAccess) -> bool:
    """Whether an object relationship's row exists and the role may see it."""
    return not nullable and target.select is not None and target.select.filter == TRUE


def _computed(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    for computed in schema.computed_fields(access):
        if computed.target is None:
            yield _scalar(schema, access, computed)
            continue
        args = schema.function_arguments(computed)
        rows = list_of(required(computed.target.table.type_name))
        single = not computed.function.returns_set
        yield Field(
            computed.name,
            Ref(computed.target.table.type_name) if single else rows,
            args if single else {**args, **row_arguments(schema, computed.target)},
            computed,
            _description(access, computed),
        )


def _scalar(schema: RoleSchema, access: TableAccess, computed: ComputedOf) -> Field:
    args, type_ = schema.function_arguments(computed), schema.scalar(computed.function.returns_type)
    path = inputs_of(Input("path", Ref("String"), "JSON select path"))
    extra = path if computed.function.returns_type in scalars.JSON_TYPES else {}
    return Field(computed.name, type_, {**args, **extra}, computed, _description(access, computed))


def _description(access: TableAccess, computed: ComputedOf) -> str | None:
    meta = access.table.meta.computed_fields[computed.name]
    usual = computed.function.comment or f'A computed field, executes function "{meta.function}"'
    return usual if meta.comment is None else meta.comment or None


def row_arguments(schema: RoleSchema, access: TableAccess) -> Mapping[str, Input]:
    """distinct_on, limit, offset, order_by and where."""
    named, distinct = access.table.naming.field, list_of(required(access.table.typed("_select_column")))
    order = list_of(required(access.table.typed("_order_by")))
    return inputs_of(
        Input(named("distinct_on"), distinct, "distinct select on columns", key="distinct_on"),
        Input("limit", Ref("Int"), "limit the number of rows returned"),
        Input("offset", Ref("Int"), "skip the first n rows. Use only with order_by"),
        Input(named("order_by"), order, "sort the rows by one or more columns", key="order_by"),
        Input("where", Ref(access.table.typed("_bool_exp")), "filter the rows returned"),
    )


def select_column(schema: RoleSchema, access: TableAccess) -> Enum:
    values = (
        EnumValue(name, "column name", ColumnOf(column))
        for name, column in sorted(schema.columns(access), key=lambda pair: pair[0])
        # What is hidden in some rows can't be told apart by, either.
        if hidden_unless(access, column) is None
    )
    return Enum(
        access.table.typed("_select_column"),
        {v.name: v for v in values},
        f'select columns of table "{access.table.name}"',
    )


def order_by(schema: RoleSchema, access: TableAccess) -> InputObject:
    columns = (
        Input(n, Ref("order_by"), binding=ColumnOf(column, when=hidden_unless(access, column)))
        for n, column in schema.columns(access)
    )
    return InputObject(
        access.table.typed("_order_by"),
        inputs_of(*columns, *_related_order(schema, access), *_computed_order(schema, access)),
        f'Ordering options when selecting data from "{access.table.name}".',
    )


def _related_order(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    for relationship, target in schema.relationships(access):
        if not relationship.is_array:
            yield Input(
                relationship.name, Ref(target.table.typed("_order_by")), binding=RelationshipOf(relationship, target)
            )
        elif target.select and target.select.aggregations:
            yield Input(
                access.table.naming.field(f"{relationship.name}_aggregate"),
                Ref(target.table.typed("_aggregate_order_by")),
                binding=RelatedAggregate(relationship, target),
            )


def _computed_order(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    for computed in schema.computed_fields(access):
        if schema.function_arguments(computed):
            continue
        if computed.target is None:
            yield Input(computed.name, Ref("order_by"), binding=computed)
        else:
            aggregates = Ref(computed.target.table.typed("_aggregate_order_by"))
            yield Input(access.table.naming.field(f"{computed.name}_aggregate"), aggregates, binding=computed)


def aggregate(schema: RoleSchema, access: TableAccess) -> ObjectType:
    name = access.table.type_name
    return ObjectType(
        access.table.typed("_aggregate"),
        fields_of(
            Field("aggregate", Ref(access.table.typed("_aggregate_fields")), {}, AggregateObject(access)),
            Field("nodes", list_of(required(name), non_null=True), {}, AggregateRows(access)),
        ),
        f'aggregated selection of "{access.table.name}"',
    )


def aggregate_fields(schema: RoleSchema, access: TableAccess) -> ObjectType:
    count_args = inputs_of(
        Input("columns", list_of(required(access.table.typed("_select_column")))), Input("distinct", Ref("Boolean"))
    )
    named = access.table.naming.field
    functions = (
        Field(named(function), Ref(access.table.typed(f"_{function}_fields")), {}, FunctionOf(function))
        for function in FUNCTIONS
        if aggregated_columns(schema, access, function) or aggregated_computed(schema, access, function)
    )
    return ObjectType(
        access.table.typed("_aggregate_fields"),
        fields_of(Field("count", required("Int"), count_args, CountOf(access)), *functions),
        f'aggregate fields of "{access.table.name}"',
    )


def aggregated_types(function: str) -> frozenset[str]:
    return scalars.COMPARABLE_TYPES if function in COMPARING_FUNCTIONS else scalars.NUMERIC_TYPES


def aggregated_columns(schema: RoleSchema, access: TableAccess, function: str) -> tuple[tuple[str, Column], ...]:
    """The columns, by GraphQL name, that an aggregate function can take; an enum's values have no order."""
    types = aggregated_types(function)
    return tuple(
        pair
        for pair in schema.columns(access)
        if pair[1].type in types and pair[1].name not in access.table.enum_columns
    )


def aggregated_computed(schema: RoleSchema, access: TableAccess, function: str) -> tuple[ComputedOf, ...]:
    """The scalar computed fields that an aggregate function can take."""
    scalar = (computed for computed in schema.computed_fields(access) if computed.target is None)
    return tuple(computed for computed in scalar if computed.function.returns_type in aggregated_types(function))


def function_fields(schema: RoleSchema, access: TableAccess, function: str) -> ObjectType | None:
    """`T_sum_fields` and so on."""
    columns = aggregated_columns(schema, access, function)
    fields = (
        Field(
            name,
            schema.column_type(access.table, column) if function in TYPE_KEEPING else Ref("Float"),
            {},
            ColumnOf(column, when=hidden_unless(access, column)),
            access.table.comment_of(column),
        )
        for name, column in columns
    )
    computed = tuple(_scalar(schema, access, item) for item in aggregated_computed(schema, access, function))
    name = access.table.typed(f"_{function}_fields")
    if not columns and not computed:
        return None
    return ObjectType(name, fields_of(*fields, *computed), f"aggregate {function} on columns")


def aggregate_order_by(schema: RoleSchema, access: TableAccess) -> InputObject:
    named = access.table.naming.field
    functions = (
        Input(named(function), Ref(access.table.typed(f"_{function}_order_by")), binding=FunctionOf(function))
        for function in FUNCTIONS
        if aggregated_columns(schema, access, function)
    )
    return InputObject(
        access.table.typed("_aggregate_order_by"),
        inputs_of(Input("count", Ref("order_by"), binding=CountOf(access)), *functions),
        f'order by aggregate values of table "{access.table.name}"',
    )


def function_order_by(schema: RoleSchema, access: TableAccess, function: str) -> InputObject | None:
    """`T_sum_order_by` and so on."""
    columns = aggregated_columns(schema, access, function)
    inputs = (
        Input(name, Ref("order_by"), access.table.comment_of(column), ColumnOf(column))
        for name, column in columns
        if hidden_unless(access, column) is None
    )
    name = access.table.typed(f"_{function}_order_by")
    description = f'order by {function}() on columns of table "{access.table.name}"'
    return InputObject(name, inputs_of(*inputs), description) if columns else None

"""The types of `where`: `T_bool_exp`, and `<Scalar>_comparison_exp` for the columns in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.engine import scalars
from orchestrator.engine.boolexp import IS_NULL, OPERATORS, OperandPart
from orchestrator.engine.catalog import Column
from orchestrator.engine.naming import Naming
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.bindings import (
    CastTo,
    ColumnOf,
    ComputedOf,
    Connective,
    OperandOf,
    OperatorOf,
    RelatedAggregate,
    RelationshipOf,
)
from orchestrator.engine.schema.types import Input, InputObject, Ref, inputs_of, list_of, required

if TYPE_CHECKING:
    from orchestrator.engine.schema.role import RoleSchema

COMPARISONS = ("_eq", "_gt", "_gte", "_in", "_lt", "_lte", "_neq", "_nin")
EQUALITIES = ("_eq", "_in", "_neq", "_nin")
PATTERNS = (
    "_like",
    "_nlike",
    "_ilike",
    "_nilike",
    "_similar",
    "_nsimilar",
    "_regex",
    "_iregex",
    "_nregex",
    "_niregex",
)
JSONB = (
    "_contains",
    "_contained_in",
    "_has_key",
    "_has_keys_any",
    "_has_keys_all",
    "_jsonb_path_exists",
    "_jsonb_path_match",
)
LTREE = (
    "_ancestor",
    "_ancestor_any",
    "_descendant",
    "_descendant_any",
    "_matches",
    "_matches_any",
    "_matches_fulltext",
)
GEO: Mapping[str, tuple[str, ...]] = {
    "geometry": (
        "_st_contains",
        "_st_crosses",
        "_st_equals",
        "_st_intersects",
        "_st_overlaps",
        "_st_touches",
        "_st_within",
        "_st_3d_intersects",
        "_st_d_within",
        "_st_3d_d_within",
    ),
    "geography": ("_st_intersects", "_st_d_within"),
    "raster": ("_st_intersects_rast", "_st_intersects_nband_geom", "_st_intersects_geom_nband"),
}
PARTS_TYPES: Mapping[tuple[str, str], str] = {
    ("_st_d_within", "geometry"): "st_d_within_input",
    ("_st_3d_d_within", "geometry"): "st_d_within_input",
    ("_st_d_within", "geography"): "st_d_within_geography_input",
    ("_st_intersects_nband_geom", "raster"): "st_intersects_nband_geom_input",
    ("_st_intersects_geom_nband", "raster"): "st_intersects_geom_nband_input",
}
"""The input object of an operator on columns of a type, where its operand is one."""


def bool_exp(schema: RoleSchema, access: TableAccess) -> InputObject:
    name = access.table.typed("_bool_exp")
    connectives = (
        Input("_and", list_of(required(name)), binding=Connective("_and")),
        Input("_not", Ref(name), binding=Connective("_not")),
        Input("_or", list_of(required(name)), binding=Connective("_or")),
    )
    return InputObject(
        name,
        inputs_of(*connectives, *_columns(schema, access), *_relationships(schema, access), *_computed(schema, access)),
        f'Boolean expression to filter rows from the table "{access.table.name}". '
        "All fields are combined with a logical 'AND'.",
    )


def _columns(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    for name, column in schema.columns(access):
        comparison = schema.comparison(access.table, column)
        when = access.select.conditions.get(column.name) if access.select else None
        binding = ColumnOf(column, schema.enum_name(access.table, column), when)
        yield Input(name, Ref(comparison), binding=binding)


def _relationships(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    for relationship, target in schema.relationships(access):
        yield Input(
            relationship.name, Ref(target.table.typed("_bool_exp")), binding=RelationshipOf(relationship, target)
        )
        if relationship.is_array and target.select and target.select.aggregations:
            yield Input(
                access.table.naming.field(f"{relationship.name}_aggregate"),
                Ref(target.table.typed("_aggregate_bool_exp")),
                binding=RelatedAggregate(relationship, target),
            )


def _computed(schema: RoleSchema, access: TableAccess) -> Iterator[Input]:
    for computed in schema.computed_fields(access):
        if computed.target:
            yield Input(computed.name, Ref(computed.target.table.typed("_bool_exp")), binding=computed)
        elif not _has_arguments(computed):
            compared = schema.scalar_comparison(computed.function.returns_type, access.table.naming)
            yield Input(computed.name, Ref(compared), binding=computed)


def _has_arguments(computed: ComputedOf) -> bool:
    meta = computed.access.table.meta.computed_fields[computed.name]
    given = 1 + (meta.session_argument is not None)
    return len([argument for argument in computed.function.arguments if argument.mode in "ib"]) > given


def comparison_exp(name: str, column: Column, naming: Naming) -> InputObject:
    """The comparisons of a scalar type's columns."""
    type_name, sql_type = column.type, column.sql_type
    scalar = Ref(scalars.graphql_name(type_name))
    if column.element:
        scalar = list_of(required(scalars.graphql_name(column.element)))
    operators = [_shown(_operator(op, scalar, type_name, sql_type), naming) for op in _operators(column)]
    cast = (
        [Input("_cast", Ref(naming.type_name(f"{type_name}_cast_exp")), binding="_cast")] if type_name in CASTS else []
    )
    kind = f'Boolean expression to compare columns of type "{scalars.graphql_name(type_name)}". '
    return InputObject(
        name,
        inputs_of(*cast, *operators, _is_null(naming)),
        f"{kind}All fields are combined with logical 'AND'.",
    )


# A column's type: the name of the cast, the type that is compared then.
CASTS: Mapping[str, tuple[str, str]] = {
    "jsonb": ("String", "text"),
    "geometry": ("geography", "geography"),
    "geography": ("geometry", "geometry"),
}


def cast_exp(schema: RoleSchema, type_name: str, naming: Naming) -> InputObject:
    target, sql_type = CASTS[type_name]
    return InputObject(
        naming.type_name(f"{type_name}_cast_exp"),
        inputs_of(Input(target, Ref(schema.scalar_comparison(sql_type, naming)), binding=CastTo(sql_type))),
    )


def _shown(item: Input, naming: Naming) -> Input:
    return replace(item, name=naming.field(item.name)) if naming.is_camel else item


def _is_null(naming: Naming) -> Input:
    binding = OperatorOf(IS_NULL, None, "bool", "bool")
    return Input(naming.field("_is_null"), Ref("Boolean"), binding=binding)


def _operators(column: Column) -> tuple[str, ...]:
    if column.element:
        return (*COMPARISONS, "_contains", "_contained_in")
    if column.type in scalars.TEXT_TYPES:
        return (*COMPARISONS, *PATTERNS)
    if column.type == "jsonb":
        return (*COMPARISONS, *JSONB)
    if column.type == "ltree":
        return (*COMPARISONS, *LTREE)
    return (*COMPARISONS, *GEO.get(column.type, ()))


def parts_input(name: str, operator: str, column_type: str) -> InputObject:
    """The operand of an operator that takes several values."""
    return InputObject(
        name, inputs_of(*(_part(part, column_type) for part in OPERATORS[operator].parts_for(column_type)))
    )


def _part(part: OperandPart, column_type: str) -> Input:
    type_name = part.type or column_type
    default = None if part.default is None else str(part.default).lower()
    # A distance is a double for PostgreSQL, but no number of its own kind for the client.
    shown = "Float" if type_name == "float8" else scalars.graphql_name(type_name)
    binding = OperandOf(type_name, type_name, default)
    return Input(part.name, Ref(shown, not part.nullable and default is None), binding=binding, default=default)


def _operator(name: str, scalar: Ref, type_name: str, sql_type: str) -> Input:
    operator = OPERATORS[name]
    item = Ref(scalar.name, True, scalar.item)
    if operator.operand == "array":
        return Input(name, list_of(item), binding=OperatorOf(name, operator, type_name, f"{sql_type}[]"))
    if operator.operand == "keys":
        cast = operator.cast or "text[]"
        return Input(name, list_of(required("String")), binding=OperatorOf(name, operator, "_text", cast))
    if operator.operand == "parts":
        return Input(name, Ref(PARTS_TYPES[name, type_name]), binding=OperatorOf(name, operator, type_name, sql_type))
    if operator.operand == "text" and type_name not in scalars.TEXT_TYPES:
        kind = operator.takes or "text"
        binding = OperatorOf(name, operator, kind, operator.cast or kind)
        return Input(name, Ref(scalars.graphql_name(kind)), binding=binding)
    return Input(name, scalar, binding=OperatorOf(name, operator, type_name, sql_type))


def enum_comparison_exp(name: str, enum: str, naming: Naming) -> InputObject:
    """The comparisons of a column whose values are an enum table's."""
    scalar = Ref(enum)
    operators = (_shown(_operator(operator, scalar, "text", "text"), naming) for operator in EQUALITIES)
    return InputObject(
        name,
        inputs_of(*operators, _is_null(naming)),
        f"Boolean expression to compare columns of type \"{enum}\". All fields are combined with logical 'AND'.",
    )

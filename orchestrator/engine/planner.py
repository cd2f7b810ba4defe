"""An operation into plan nodes: each selected field's binding says what it asks of the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from orchestrator.engine import boolexp, given, plan, scalars
from orchestrator.engine.arguments import Arguments, arguments_of, literal
from orchestrator.engine.auth import json_path
from orchestrator.engine.boolexp import BoolExp, Compare, Join
from orchestrator.engine.document import Operation
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.function_calls import call_of_computed, passed_to, tracked_call
from orchestrator.engine.given import Given, Variables
from orchestrator.engine.introspection.introspect import introspect
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.bindings import (
    AggregateObject,
    AggregateRows,
    ColumnOf,
    ComputedOf,
    CountOf,
    FunctionOf,
    FunctionRoot,
    Namespace,
    RelatedAggregate,
    RelationshipOf,
    RemoteOf,
    SelectRoot,
)
from orchestrator.engine.schema.role import RoleSchema
from orchestrator.engine.schema.rows import TYPE_KEEPING
from orchestrator.engine.schema.types import Field, Input, ObjectType
from orchestrator.engine.selection import Budget, Selected, collect
from orchestrator.engine.sql import Literal, Param

TYPENAME = "__typename"
# Plans a root field of a type, given the path of what it is in.
PlanRoot = Callable[[ObjectType, Selected, str], plan.Root]


@dataclass(frozen=True)
class Planner:
    """Plans the fields of one operation."""

    schema: RoleSchema
    operation: Operation
    variables: Variables
    stringify: bool
    budget: Budget = field(default_factory=Budget)

    @property
    def arguments(self) -> Arguments:
        return Arguments(self.schema)

    def query(self, type_: ObjectType) -> tuple[plan.Root, ...]:
        """The root fields of a query."""
        selection = (self.operation.selection,)
        selected = collect(selection, type_.name, self.operation.fragments, self.variables, "$.selectionSet")
        return tuple(self._root(type_, item) for item in selected)

    def _root(self, type_: ObjectType, selected: Selected, parent: str = "$.selectionSet.") -> plan.Root:
        path = parent + selected.name
        if selected.name == TYPENAME:
            return plan.Root(selected.key, "", None, orjson.dumps(type_.name))
        if selected.name in ("__schema", "__type") and type_ is self.schema.query:
            answer = introspect(self.schema, selected, self.operation.fragments, self.variables, path)
            of_values = selected.name == "__type" and bool(self.operation.declared)
            return plan.Root(selected.key, "", None, answer, of_values=of_values)
        field = find_field(type_, selected.name, path)
        if field.binding is None:
            return plan.Root(selected.key, "", None, b"null")
        if isinstance(field.binding, Namespace):
            return self.namespace(field.binding.type, selected, path, self._root)
        return plan.Root(selected.key, field.binding.access.source.name, self.root_node(field, selected, path))

    def namespace(self, type_: ObjectType, selected: Selected, path: str, root: PlanRoot) -> plan.Root:
        """A source's root fields below the one field that holds them."""
        below = tuple(root(type_, item, f"{path}.selectionSet.") for item in self.below(selected, type_, path))
        return plan.Root(selected.key, "", None, below=below)

    def root_node(self, field: Field, selected: Selected, path: str) -> plan.Query:
        binding = field.binding
        if isinstance(binding, FunctionRoot):
            return self.function(field, binding, selected, path)
        root: SelectRoot = binding
        arguments = arguments_of(field, selected, self.variables, path)
        if root.kind == "by_pk":
            return self._by_key(root.access, field, arguments, selected, path)
        if root.kind == "aggregate":
            return self.aggregate(root.access, root.access.table.name, arguments, selected, path)
        return self.rows(root.access, root.access.table.name, arguments, selected, path)

    def _by_key(
        self, access: TableAccess, field: Field, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Rows:
        where = self.key_condition(field.args, arguments, f"{path}.args")
        fields = self.fields(access, selected, path)
        filter_ = access.select.filter if access.select else boolexp.FALSE
        return plan.Rows(access.table.name, fields, boolexp.all_of([where, filter_]), single=True)

    def key_condition(self, inputs: Mapping[str, Input], arguments: Mapping[str, Given], path: str) -> BoolExp:
        """The condition that the key's columns have the values given."""
        items: list[BoolExp] = []
        for name, value in arguments.items():
            binding: ColumnOf = inputs[name].binding
            items.append(Compare(binding.column.name, "_eq", self.column_param(binding, value, f"{path}.{name}")))
        return boolexp.all_of(items)

    def column_param(self, binding: ColumnOf, value: Given, path: str) -> Param:
        """The value of a column, which may not be null."""
        column = binding.column
        if binding.enum is not None:
            enum = self.arguments.enum(binding.enum)
            return literal(given.as_enum(value, enum, path).binding, "text")
        return self.arguments.scalar(value, column.type, column.sql_type, path)

    def written_param(self, binding: ColumnOf, value: Given, path: str) -> Param:
        """The value to be written into a column, null where the column takes it."""
        if value.value is None and binding.column.nullable:
            return Param(Literal(None), binding.column.sql_type)
        return self.column_param(binding, value, path)

    def rows(
        self,
        access: TableAccess,
        origin: plan.Origin,
        arguments: Mapping[str, Given],
        selected: Selected,
        path: str,
    ) -> plan.Rows:
        """The rows that the arguments choose, showing the fields selected."""
        rows = self._chosen(access, origin, arguments, path)
        fields = self.fields(access, selected, path)
        return replace(rows, fields=fields, limits=rows.limits + _limits_of_role(access))

    def _chosen(self, access: TableAccess, origin: plan.Origin, arguments: Mapping[str, Given], path: str) -> plan.Rows:
        reader, at = self.arguments, f"{path}.args"
        # Here null means no condition, no order and so on; within them it is refused.
        arguments = {name: value for name, value in arguments.items() if value.value is not None}
        where: BoolExp = boolexp.TRUE
        if "where" in arguments:
            where = reader.where(arguments["where"], access.table.typed("_bool_exp"), f"{at}.where")
        order = reader.order(arguments.get("order_by"), access, f"{at}.order_by")
        distinct = reader.column_names(arguments.get("distinct_on"), access, f"{at}.distinct_on")
        filter_ = access.select.filter if access.select else boolexp.FALSE
        limit = _bound(arguments.get("limit"), scalars.encode_non_negative, f"{at}.limit")
        return plan.Rows(
            origin,
            (),
            boolexp.all_of([where, filter_]),
            _distinct_first(order, distinct, at),
            distinct,
            () if limit is None else (limit,),
            _bound(arguments.get("offset"), scalars.encode_offset, f"{at}.offset"),
        )

    def aggregate(
        self,
        access: TableAccess,
        origin: plan.Origin,
        arguments: Mapping[str, Given],
        selected: Selected,
        path: str,
    ) -> plan.Aggregate:
        rows = self._chosen(access, origin, arguments, path)
        type_ = self.object_type(access.table.typed("_aggregate"))
        parts = tuple(self._aggregate_part(type_, item, path) for item in self.below(selected, type_, path))
        return plan.Aggregate(rows, parts, _limits_of_role(access))

    def _aggregate_part(
        self, type_: ObjectType, selected: Selected, path: str
    ) -> plan.AggregateValues | plan.AggregateNodes | plan.ConstantField:
        if selected.name == TYPENAME:
            return plan.ConstantField(selected.key, type_.name)
        at = f"{path}.selectionSet.{selected.name}"
        binding = find_field(type_, selected.name, at).binding
        if isinstance(binding, AggregateRows):
            return plan.AggregateNodes(selected.key, self.fields(binding.access, selected, at))
        below: AggregateObject = binding
        fields = self.object_type(below.access.table.typed("_aggregate_fields"))
        items = tuple(self._aggregate_item(fields, item, at) for item in self.below(selected, fields, at))
        return plan.AggregateValues(selected.key, items)

    def _aggregate_item(
        self, type_: ObjectType, selected: Selected, path: str
    ) -> plan.Count | plan.AggregateOfColumns | plan.ConstantField:
        if selected.name == TYPENAME:
            return plan.ConstantField(selected.key, type_.name)
        at = f"{path}.selectionSet.{selected.name}"
        field = find_field(type_, selected.name, at)
        if isinstance(field.binding, CountOf):
            arguments = arguments_of(field, selected, self.variables, at)
            columns = self.arguments.column_names(arguments.get("columns"), field.binding.access, f"{at}.args.columns")
            distinct = arguments.get("distinct")
            is_distinct = distinct is not None and given.as_boolean(distinct, f"{at}.args.distinct")
            return plan.Count(selected.key, columns, is_distinct)
        binding: FunctionOf = field.binding
        fields = self.object_type(field.type.named)
        columns_below = self.below(selected, fields, at)
        shown = tuple(self._aggregated(fields, item, binding.function, at) for item in columns_below)
        return plan.AggregateOfColumns(selected.key, binding.function, shown)

    def _aggregated(
        self, type_: ObjectType, selected: Selected, function: str, path: str
    ) -> plan.ColumnField | plan.ComputedField | plan.ConstantField:
        if selected.name == TYPENAME:
            return plan.ConstantField(selected.key, type_.name)
        at = f"{path}.selectionSet.{selected.name}"
        field = find_field(type_, selected.name, at)
        binding: ColumnOf | ComputedOf = field.binding
        if isinstance(binding, ComputedOf):
            return self._scalar(field, binding, arguments_of(field, selected, self.variables, at), selected, at)
        no_subselection(selected, at)
        keeps = function in TYPE_KEEPING
        output = self.output(binding.column.type) if keeps else "plain"
        return plan.ColumnField(selected.key, binding.column.name, output, when=binding.when)

    def fields(self, access: TableAccess, selected: Selected, path: str) -> tuple[plan.Field, ...]:
        """What is shown of each row."""
        type_ = self.object_type(access.table.type_name)
        return tuple(self._field(type_, item, path) for item in self.below(selected, type_, path))

    def below(self, selected: Selected, type_: ObjectType, path: str) -> tuple[Selected, ...]:
        if not selected.below:
            raise validation_failed(f"missing selection set for '{type_.name}'", path)
        at = f"{path}.selectionSet"
        found = collect(selected.below, type_.name, self.operation.fragments, self.variables, at)
        self.budget.spend(len(found), at)
        return found

    def object_type(self, name: str) -> ObjectType:
        found = self.schema.type(name)
        if not isinstance(found, ObjectType):
            raise validation_failed(f"'{name}' is not an object type")
        return found

    def _field(self, type_: ObjectType, selected: Selected, path: str) -> plan.Field:
        if selected.name == TYPENAME:
            return plan.ConstantField(selected.key, type_.name)
        at = f"{path}.selectionSet.{selected.name}"
        field = find_field(type_, selected.name, at)
        arguments = arguments_of(field, selected, self.variables, at)
        binding = field.binding
        if isinstance(binding, ColumnOf):
            return self._column(binding, arguments, selected, at)
        if isinstance(binding, RelationshipOf):
            return self._related(binding, arguments, selected, at)
        if isinstance(binding, RelatedAggregate):
            target, join = binding.target, binding.relationship.join
            aggregate = self.aggregate(target, target.table.name, arguments, selected, at)
            return plan.AggregateField(selected.key, join, aggregate)
        if isinstance(binding, RemoteOf):
            return self._remote(binding, arguments, selected, at)
        return self._computed(field, binding, arguments, selected, at)

    def _column(
        self, binding: ColumnOf, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.ColumnField:
        no_subselection(selected, path)
        steps = _json_steps(arguments.get("path"), f"{path}.args.path")
        return plan.ColumnField(
            selected.key, binding.column.name, self.output(binding.column.type), steps, binding.when
        )

    def _related(
        self, binding: RelationshipOf, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.ObjectField | plan.ArrayField:
        target, relationship = binding.target, binding.relationship
        if relationship.is_array:
            rows = self.rows(target, target.table.name, arguments, selected, path)
            return plan.ArrayField(selected.key, relationship.join, rows)
        filter_ = target.select.filter if target.select else boolexp.FALSE
        fields = self.fields(target, selected, path)
        rows = plan.Rows(target.table.name, fields, filter_, single=True)
        return plan.ObjectField(selected.key, relationship.join, rows)

    def _remote(
        self, binding: RemoteOf, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.RemoteField:
        target, relationship = binding.target, binding.relationship
        ours = tuple(column for column, _ in relationship.columns)
        theirs = [column for _, column in relationship.columns]
        query: plan.Query
        if binding.aggregate:
            query = self.aggregate(target, target.table.name, arguments, selected, path)
        else:
            rows = self.rows(target, target.table.name, arguments, selected, path)
            query = rows if relationship.is_array else replace(rows, single=True, limits=())
        join = Join(target.table.name, tuple((f"c{index}", column) for index, column in enumerate(theirs)))
        types = tuple(target.table.info.column[column].sql_type for column in theirs)
        return plan.RemoteField(selected.key, ours, relationship.source, join, types, query)

    def _computed(
        self, field: Field, binding: ComputedOf, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.ComputedField | plan.ComputedRows:
        if binding.target is None:
            return self._scalar(field, binding, arguments, selected, path)
        call = call_of_computed(self.schema, field, binding, arguments, path)
        if binding.function.returns_set:
            return plan.ComputedRows(selected.key, self.rows(binding.target, call, arguments, selected, path))
        filter_ = binding.target.select.filter if binding.target.select else boolexp.FALSE
        rows = plan.Rows(call, self.fields(binding.target, selected, path), filter_, single=True)
        return plan.ComputedRows(selected.key, rows)

    def _scalar(
        self, field: Field, binding: ComputedOf, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.ComputedField:
        no_subselection(selected, path)
        call = call_of_computed(self.schema, field, binding, arguments, path)
        steps = _json_steps(arguments.get("path"), f"{path}.args.path")
        return plan.ComputedField(selected.key, call, self.output(binding.function.returns_type), steps, binding.when)

    def function(self, field: Field, binding: FunctionRoot, selected: Selected, path: str) -> plan.Query:
        """The rows that a tracked function gives."""
        arguments = arguments_of(field, selected, self.variables, path)
        call = tracked_call(binding.function, passed_to(self.schema, field, arguments, path))
        if binding.kind == "aggregate":
            return self.aggregate(binding.access, call, arguments, selected, path)
        rows = self.rows(binding.access, call, arguments, selected, path)
        return rows if binding.function.info.returns_set else replace(rows, single=True)

    def output(self, type_name: str) -> str:
        """How a column of the type is shown: a key of render.OUTPUTS."""
        if type_name in scalars.GEO_TYPES:
            return "geojson"
        return "text" if self.stringify and type_name in scalars.BIG_NUMBERS else "plain"


def find_field(type_: ObjectType, name: str, path: str) -> Field:
    found = type_.fields.get(name)
    if found is None:
        raise validation_failed(f"field '{name}' not found in type: '{type_.name}'", path)
    return found


def no_subselection(selected: Selected, path: str) -> None:
    if selected.below:
        raise validation_failed("unexpected subselection set for non-object field", path)


def _limits_of_role(access: TableAccess) -> tuple[Param, ...]:
    limit = access.select.limit if access.select else None
    return () if limit is None else (Param(Literal(str(limit)), "bigint"),)


def _bound(value: Given | None, encode: Callable[..., str], path: str) -> Param | None:
    return None if value is None else given.as_param(value, partial(encode, in_json=value.in_json), "bigint", path)


def _distinct_first(
    order: tuple[plan.OrderItem, ...], distinct: tuple[str, ...], path: str
) -> tuple[plan.OrderItem, ...]:
    """The order, which must begin with the distinct columns where there is one, or be just these."""
    if not distinct:
        return order
    if not order:
        return tuple(plan.OrderItem(plan.OrderColumn(name), "ASC NULLS LAST") for name in distinct)
    leading = [item.expression for item in order[: len(distinct)]]
    columns = [item.column for item in leading if isinstance(item, plan.OrderColumn)]
    if len(columns) < len(distinct) or not set(distinct) <= set(columns):
        raise validation_failed('"distinct_on" columns must match initial "order_by" columns', path)
    return order


def _json_steps(value: Given | None, path: str) -> Param | None:
    if value is None:
        return None
    return given.as_param(value, partial(_encode_path, in_json=value.in_json), "text[]", path)


def _encode_path(value: object, path: str, *, in_json: bool) -> str:
    text = scalars.encode_string(value, path, in_json=in_json)
    try:
        steps = json_path.parse_select_path(text)
    except json_path.JsonPathError as error:
        raise validation_failed(f"parse json path error: {error}", path) from error
    return scalars.array_encoder("text")([str(step) for step in steps], path) or "{}"

"""Arguments into plan values: `where` into conditions, `order_by` into orders, and the rest that chooses rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from orchestrator.engine import boolexp, given, scalars
from orchestrator.engine.boolexp import IS_NOT_NULL, IS_NULL, BoolExp, Compare
from orchestrator.engine.computed import computed_call
from orchestrator.engine.errors import EngineError, validation_failed
from orchestrator.engine.given import Given, Variables
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.plan import (
    OrderAggregate,
    OrderColumn,
    OrderComputed,
    OrderExpression,
    OrderItem,
    OrderRelated,
)
from orchestrator.engine.schema.bindings import (
    AggregatePredicate,
    CastTo,
    ColumnOf,
    ComputedOf,
    Connective,
    CountOf,
    FunctionOf,
    OperandOf,
    OperatorOf,
    RelatedAggregate,
    RelationshipOf,
)
from orchestrator.engine.schema.role import RoleSchema
from orchestrator.engine.schema.types import Enum, Field, Input, InputObject, key_of
from orchestrator.engine.selection import Selected
from orchestrator.engine.sql import Literal, Param

# Builds a comparison of something (a column, a computed field) from an operator's name and its operand.
Comparing = Callable[[str, boolexp.Operand], BoolExp]


def arguments_of(field: Field, selected: Selected, variables: Variables, path: str) -> Mapping[str, Given]:
    """The field's arguments, by name; those whose variable is absent are left out."""
    found: dict[str, Given] = {}
    for name, node in selected.arguments.items():
        key = key_of(field.args, name)
        if key is None:
            raise validation_failed(f"'{field.name}' has no argument named '{name}'", path)
        given.check_variable(node, variables, field.args[key], f"{path}.args.{name}")
        value = given.given(node, variables, f"{path}.args.{name}")
        if value is not None:
            found[key] = value
    given.require(field.args, found, f"{path}.args")
    return found


@dataclass(frozen=True)
class Arguments:
    """Reads arguments against a role's schema."""

    schema: RoleSchema

    def input_object(self, name: str) -> InputObject:
        found = self.schema.type(name)
        if not isinstance(found, InputObject):
            raise validation_failed(f"'{name}' is not an input object")
        return found

    def enum(self, name: str) -> Enum:
        found = self.schema.type(name)
        if not isinstance(found, Enum):
            raise validation_failed(f"'{name}' is not an enum")
        return found

    # Conditions

    def where(self, value: Given, type_name: str, path: str) -> BoolExp:
        type_ = self.input_object(type_name)
        fields = given.as_object(value, type_, path)
        return boolexp.all_of([self._entry(type_.fields[n], item, f"{path}.{n}") for n, item in fields.items()])

    def _entry(self, field: Input, value: Given, path: str) -> BoolExp:
        binding = field.binding
        if isinstance(binding, Connective):
            return self._connective(binding.name, value, field.type.named, path)
        if isinstance(binding, ColumnOf):
            return self._comparisons(value, field.type.named, path, _comparing_column(binding))
        if isinstance(binding, RelationshipOf):
            where = self.where(value, field.type.named, path)
            return boolexp.Related(binding.relationship.join, self._permitted(binding.target, where))
        if isinstance(binding, RelatedAggregate):
            return self._aggregate(binding, field.type.named, value, path)
        if isinstance(binding, ComputedOf):
            return self._computed(binding, field.type.named, value, path)
        raise EngineError("unexpected", f"no meaning for the field '{field.name}'", path)

    def _connective(self, name: str, value: Given, type_name: str, path: str) -> BoolExp:
        if name == "_not":
            return boolexp.Not(self.where(value, type_name, path))
        items = given.as_list(value, path)
        found = tuple(self.where(item, type_name, f"{path}[{index}]") for index, item in enumerate(items))
        return boolexp.And(found) if name == "_and" else boolexp.Or(found)

    def _permitted(self, target: TableAccess, where: BoolExp) -> BoolExp:
        return boolexp.all_of([where, target.select.filter]) if target.select else where

    def _comparisons(self, value: Given, type_name: str, path: str, comparing: Comparing) -> BoolExp:
        type_ = self.input_object(type_name)
        fields = given.as_object(value, type_, path)
        return boolexp.all_of(
            [self._comparison(type_.fields[n], item, f"{path}.{n}", comparing) for n, item in fields.items()]
        )

    def _comparison(self, field: Input, value: Given, path: str, comparing: Comparing) -> BoolExp:
        if field.binding == "_cast":
            return self._cast(field.type.named, value, path, comparing)
        binding: OperatorOf = field.binding
        if value.value is None and self.schema.options.null_collapses:
            return boolexp.TRUE
        if binding.name == IS_NULL:
            return comparing(IS_NULL if given.as_boolean(value, path) else IS_NOT_NULL, None)
        return comparing(binding.name, self._operand(field, binding, value, path))

    def _cast(self, type_name: str, value: Given, path: str, comparing: Comparing) -> BoolExp:
        type_ = self.input_object(type_name)
        column = comparing(IS_NULL, None)
        if not isinstance(column, Compare):
            raise validation_failed("only a column can be cast", path)
        name, items = column.column, []
        for cast, inner in given.as_object(value, type_, path).items():
            target: CastTo = type_.fields[cast].binding
            sql_type = target.sql_type
            items.append(
                self._comparisons(
                    inner,
                    type_.fields[cast].type.named,
                    f"{path}.{cast}",
                    partial(boolexp.CastCompare, name, sql_type),
                )
            )
        return boolexp.all_of(items)

    def _operand(self, field: Input, binding: OperatorOf, value: Given, path: str) -> Param | boolexp.Operands:
        if binding.operator is not None and binding.operator.operand == "parts":
            return self._operands(field.type.named, value, path)
        enum = self.schema.type(field.type.named)
        if isinstance(enum, Enum):
            return self._enum_operand(enum, binding, value, path)
        listed = binding.operator is not None and binding.operator.operand in ("array", "keys")
        element = binding.type[1:] if binding.operator and binding.operator.operand == "keys" else binding.type
        if not listed:
            return self.scalar(value, binding.type, binding.cast, path)
        items = given.as_list(value, path)
        for index, item in enumerate(items):
            reject_null(item, scalars.graphql_name(element), f"{path}[{index}]")
        return given.as_param(value, scalars.array_encoder(element, takes_text=False), binding.cast, path)

    def _operands(self, type_name: str, value: Given, path: str) -> boolexp.Operands:
        type_ = self.input_object(type_name)
        fields = given.as_object(value, type_, path)
        return boolexp.Operands(
            tuple(self._part(item, fields.get(name), f"{path}.{name}") for name, item in type_.fields.items())
        )

    def _part(self, field: Input, value: Given | None, path: str) -> Param:
        part: OperandOf = field.binding
        if value is None or (value.value is None and not field.type.non_null):
            return literal(part.default, part.cast) if part.default else Param(Literal(None), part.cast)
        return self.scalar(value, part.type, part.cast, path)

    def _enum_operand(self, enum: Enum, binding: OperatorOf, value: Given, path: str) -> Param:
        if binding.operator is None or binding.operator.operand != "array":
            return literal(given.as_enum(value, enum, path).binding, binding.cast)
        items = given.as_list(value, path)
        names = [given.as_enum(item, enum, f"{path}[{index}]").binding for index, item in enumerate(items)]
        return literal(scalars.array_encoder("text")(names, path) or "", binding.cast)

    def scalar(self, value: Given, type_name: str, cast: str, path: str) -> Param:
        """A value that may not be null."""
        reject_null(value, scalars.graphql_name(type_name), path)
        return given.as_param(value, scalars.encoder(type_name), cast, path)

    def _aggregate(self, binding: RelatedAggregate, type_name: str, value: Given, path: str) -> BoolExp:
        type_ = self.input_object(type_name)
        predicates = given.as_object(value, type_, path)
        if len(predicates) != 1:
            raise validation_failed("exactly one predicate should be specified", path)
        ((name, item),) = predicates.items()
        return self._predicate(binding, type_.fields[name], item, f"{path}.{name}")

    def _predicate(self, binding: RelatedAggregate, field: Input, value: Given, path: str) -> BoolExp:
        type_, target, of = self.input_object(field.type.named), binding.target, field.binding
        fields = given.as_object(value, type_, path)
        filter_ = self._permitted(target, boolexp.TRUE)
        if "filter" in fields:
            where = self.where(fields["filter"], type_.fields["filter"].type.named, f"{path}.filter")
            filter_ = self._permitted(target, where)
        columns = self._predicate_columns(of, type_.fields["arguments"], fields.get("arguments"), f"{path}.arguments")
        distinct = "distinct" in fields and given.as_boolean(fields["distinct"], f"{path}.distinct")
        join = binding.relationship.join

        def comparing(operator: str, operand: boolexp.Operand) -> BoolExp:
            return boolexp.AggregateCompare(join, of.function, columns, distinct, filter_, operator, operand)

        predicate = type_.fields["predicate"].type.named
        return self._comparisons(fields["predicate"], predicate, f"{path}.predicate", comparing)

    def _predicate_columns(
        self, binding: AggregatePredicate, field: Input, value: Given | None, path: str
    ) -> tuple[str, ...]:
        """The columns that the function of a predicate takes."""
        if value is None:
            return ()
        if not binding.arguments and field.type.item is not None:
            return self._enum_columns(self.enum(field.type.named), value, path)
        if not binding.arguments:
            return (given.as_enum(value, self.enum(field.type.named), path).binding.column.name,)
        type_ = self.input_object(field.type.named)
        fields, enum = given.as_object(value, type_, path), self.enum(type_.fields[binding.arguments[0]].type.named)
        return tuple(
            given.as_enum(fields[name], enum, f"{path}.{name}").binding.column.name for name in binding.arguments
        )

    def _computed(self, binding: ComputedOf, type_name: str, value: Given, path: str) -> BoolExp:
        call = computed_call(binding.access.source, binding.access.table, binding.name)
        if binding.target:
            return boolexp.ComputedRelated(call, self._permitted(binding.target, self.where(value, type_name, path)))
        comparing = _where_seen(partial(boolexp.ComputedCompare, call), binding.when)
        return self._comparisons(value, type_name, path, comparing)

    # Orders

    def order(self, value: Given | None, access: TableAccess, path: str) -> tuple[OrderItem, ...]:
        if value is None or value.value is None:
            return ()
        type_name = access.table.typed("_order_by")
        items: list[OrderItem] = []
        for index, item in enumerate(given.as_list(value, path)):
            items.extend(self._order_object(item, type_name, f"{path}[{index}]"))
        return tuple(items)

    def _order_object(self, value: Given, type_name: str, path: str) -> list[OrderItem]:
        type_ = self.input_object(type_name)
        items: list[OrderItem] = []
        for name, item in given.as_object(value, type_, path).items():
            if item.value is not None:
                items.extend(self._order_entry(type_.fields[name], item, f"{path}.{name}"))
        return items

    def _order_entry(self, field: Input, value: Given, path: str) -> list[OrderItem]:
        binding = field.binding
        if isinstance(binding, ColumnOf):
            return self._directed(OrderColumn(binding.column.name, binding.when), value, path)
        if isinstance(binding, ComputedOf):
            return self._order_computed(binding, field, value, path)
        if isinstance(binding, RelationshipOf):
            inner = self._order_object(value, field.type.named, path)
            return [OrderItem(self._related(binding, item.expression), item.direction) for item in inner]
        of = partial(OrderAggregate, binding.relationship.join, self._permitted(binding.target, boolexp.TRUE))
        return self._order_aggregate(of, field.type.named, value, path)

    def _order_computed(self, binding: ComputedOf, field: Input, value: Given, path: str) -> list[OrderItem]:
        call = computed_call(binding.access.source, binding.access.table, binding.name)
        if binding.target is None:
            return self._directed(OrderComputed(call, binding.when), value, path)
        of = partial(OrderAggregate, call, self._permitted(binding.target, boolexp.TRUE))
        return self._order_aggregate(of, field.type.named, value, path)

    def _related(self, binding: RelationshipOf, inner: OrderExpression) -> OrderRelated:
        return OrderRelated(binding.relationship.join, self._permitted(binding.target, boolexp.TRUE), inner)

    def _order_aggregate(
        self, of: Callable[[str, str | None], OrderAggregate], type_name: str, value: Given, path: str
    ) -> list[OrderItem]:
        type_ = self.input_object(type_name)
        items: list[OrderItem] = []
        for name, item in given.as_object(value, type_, path).items():
            field = type_.fields[name]
            if isinstance(field.binding, CountOf):
                items.extend(self._directed(of("count", None), item, f"{path}.{name}"))
                continue
            function: FunctionOf = field.binding
            columns = self.input_object(field.type.named)
            for column, order in given.as_object(item, columns, f"{path}.{name}").items():
                source: ColumnOf = columns.fields[column].binding
                expression = of(function.function, source.column.name)
                items.extend(self._directed(expression, order, f"{path}.{name}.{column}"))
        return items

    def _directed(self, expression: OrderExpression, value: Given, path: str) -> list[OrderItem]:
        """The order by the expression; none where its direction is null."""
        return [] if value.value is None else [OrderItem(expression, self._direction(value, path))]

    def _direction(self, value: Given, path: str) -> str:
        return str(given.as_enum(value, self.enum("order_by"), path).binding)

    # Columns

    def column_names(self, value: Given | None, access: TableAccess, path: str) -> tuple[str, ...]:
        """The columns that a list of `T_select_column` names."""
        if value is None:
            return ()
        return self._enum_columns(self.enum(access.table.typed("_select_column")), value, path)

    def _enum_columns(self, enum: Enum, value: Given, path: str) -> tuple[str, ...]:
        items = given.as_list(value, path)
        found = (given.as_enum(item, enum, f"{path}[{index}]").binding for index, item in enumerate(items))
        return tuple(binding.column.name for binding in found)


def _comparing_column(binding: ColumnOf) -> Comparing:
    return _where_seen(partial(Compare, binding.column.name), binding.when)


def _where_seen(comparing: Comparing, when: BoolExp | None) -> Comparing:
    """The comparison of a value that counts as null where the role may not see it."""
    if when is None:
        return comparing

    def compare(operator: str, operand: boolexp.Operand) -> BoolExp:
        plain = comparing(operator, operand)
        return boolexp.Or((boolexp.Not(when), plain)) if operator == IS_NULL else boolexp.And((when, plain))

    return compare


def reject_null(value: Given, type_name: str, path: str) -> None:
    if value.value is None:
        raise validation_failed(f"unexpected null value for type '{type_name}'", path)


def literal(text: str, cast: str) -> Param:
    return given.as_param(Given(text), lambda value, _: str(value), cast, "$")

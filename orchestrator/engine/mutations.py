"""Mutation fields into plan nodes: what is inserted, updated and deleted, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import orjson

from orchestrator.engine import boolexp, given, plan, scalars
from orchestrator.engine.arguments import arguments_of, reject_null
from orchestrator.engine.boolexp import BoolExp
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.given import Given
from orchestrator.engine.input_hooks.checks import InsertChecks, check_of, update_input
from orchestrator.engine.inserts import InsertPlanner, numbered
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.planner import TYPENAME, Planner, find_field
from orchestrator.engine.schema.bindings import (
    AffectedRowsOf,
    ColumnOf,
    DeleteRoot,
    FunctionRoot,
    InsertRoot,
    Namespace,
    UpdateOperator,
    UpdateRoot,
)
from orchestrator.engine.schema.types import Field, Input, InputObject, ObjectType
from orchestrator.engine.schema.writes import JSONB_VALUES
from orchestrator.engine.selection import Selected, collect
from orchestrator.engine.sql import Literal, Param

# The operand's SQL type where it is not the column's.
OPERAND_TYPES: Mapping[str, tuple[str, str]] = {
    "_append": ("jsonb", "jsonb"),
    "_prepend": ("jsonb", "jsonb"),
    "_delete_key": ("text", "text"),
    "_delete_elem": ("int4", "integer"),
    "_delete_at_path": ("_text", "text[]"),
}
# The operators that take null where the column does; the column is null then, too.
KEEPING_NULL = ("_append", "_prepend")


@dataclass(frozen=True)
class MutationPlanner:
    planner: Planner

    def mutation(self, type_: ObjectType) -> tuple[plan.Root, ...]:
        """The root fields of a mutation, in the order in which they are carried out."""
        operation, variables = self.planner.operation, self.planner.variables
        selected = collect((operation.selection,), type_.name, operation.fragments, variables, "$.selectionSet")
        return tuple(self._root(type_, item) for item in selected)

    def _root(self, type_: ObjectType, selected: Selected, parent: str = "$.selectionSet.") -> plan.Root:
        path = parent + selected.name
        if selected.name == TYPENAME:
            return plan.Root(selected.key, "", None, orjson.dumps(type_.name))
        field = find_field(type_, selected.name, path)
        if isinstance(field.binding, Namespace):
            return self.planner.namespace(field.binding.type, selected, path, self._root)
        return plan.Root(selected.key, field.binding.access.source.name, self._node(field, selected, path))

    def _node(self, field: Field, selected: Selected, path: str) -> plan.Mutation | plan.CallFunction:
        binding = field.binding
        if isinstance(binding, FunctionRoot):
            return plan.CallFunction(self.planner.function(field, binding, selected, path))
        arguments = arguments_of(field, selected, self.planner.variables, path)
        if isinstance(binding, InsertRoot):
            return self._insert(binding, arguments, selected, path)
        if isinstance(binding, UpdateRoot):
            update = self._update(binding, field, arguments, selected, path)
            hook = binding.access.update.hook if binding.access.update else None
            return replace(update, checks=check_of(hook, update_input(binding, arguments)))
        delete = self._delete(binding, field, arguments, selected, path)
        by_key = {"pk_columns": Given(dict(arguments))}
        hook = binding.access.delete.hook if binding.access.delete else None
        return replace(delete, checks=check_of(hook, [by_key if binding.by_pk else arguments]))

    def _insert(
        self, binding: InsertRoot, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Mutation:
        insert = InsertPlanner(self.planner).insert(binding, arguments, path)
        output = self._output(binding.access, selected, path, single=binding.one)
        objects = [arguments["object"]] if binding.one else given.as_list(arguments["objects"], path)
        return plan.Mutation((insert,), output, checks=InsertChecks(self.planner).of(binding.access, objects))

    # Updates and deletes

    def _update(
        self, binding: UpdateRoot, field: Field, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Mutation:
        access = binding.access
        output = self._output(access, selected, path, single=binding.kind == "by_pk")
        if binding.kind == "many":
            type_ = self._input_object(access.table.typed("_updates"))
            updates = [
                self._update_where(access, type_.fields, given.as_object(item, type_, at), at)
                for item, at in numbered(arguments["updates"], f"{path}.args.updates")
            ]
            return plan.Mutation(tuple(updates), output, many=True)
        if binding.kind == "where":
            return plan.Mutation((self._update_where(access, field.args, arguments, f"{path}.args"),), output)
        type_ = self._input_object(access.table.typed("_pk_columns_input"))
        key = given.as_object(arguments["pk_columns"], type_, f"{path}.args.pk_columns")
        where = self.planner.key_condition(type_.fields, key, f"{path}.args.pk_columns")
        return plan.Mutation((self._changed(access, field.args, arguments, where, f"{path}.args"),), output)

    def _update_where(
        self, access: TableAccess, inputs: Mapping[str, Input], arguments: Mapping[str, Given], path: str
    ) -> plan.Update:
        type_name = access.table.typed("_bool_exp")
        where = self.planner.arguments.where(arguments["where"], type_name, f"{path}.where")
        return self._changed(access, inputs, arguments, where, path)

    def _changed(
        self,
        access: TableAccess,
        inputs: Mapping[str, Input],
        arguments: Mapping[str, Given],
        where: BoolExp,
        path: str,
    ) -> plan.Update:
        rights = access.update
        if rights is None:
            raise validation_failed("no update is allowed", path)
        changes = list(self._changes(inputs, arguments, path))
        names = [change.column for change in changes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            listed = ", ".join(f"'{name}'" for name in twice)
            raise validation_failed(f"Column found in multiple operators: [{listed}].", path)
        if not changes and not rights.presets and not _has_operator(inputs, arguments):
            operators = sorted(name for name, item in inputs.items() if isinstance(item.binding, UpdateOperator))
            raise validation_failed(f"at least any one of {', '.join(operators)} is expected", path)
        presets = [plan.SetColumn(column, "_set", value) for column, value in rights.presets.items()]
        condition = boolexp.all_of([where, rights.filter])
        return plan.Update(access.table.name, (*changes, *presets), condition, rights.check, "$")

    def _changes(
        self, inputs: Mapping[str, Input], arguments: Mapping[str, Given], path: str
    ) -> Iterator[plan.SetColumn]:
        for name, value in arguments.items():
            operator = inputs[name].binding
            if not isinstance(operator, UpdateOperator):
                continue
            type_ = self._input_object(inputs[name].type.named)
            for column, item in given.as_object(value, type_, f"{path}.{name}").items():
                binding: ColumnOf = type_.fields[column].binding
                at = f"{path}.{name}.{column}"
                yield plan.SetColumn(
                    binding.column.name, operator.name, self._operand(operator.name, binding, item, at)
                )

    def _operand(self, operator: str, binding: ColumnOf, value: Given, path: str) -> Param:
        if operator not in JSONB_VALUES:
            return self.planner.written_param(binding, value, path)
        type_name, cast = OPERAND_TYPES[operator]
        if operator in KEEPING_NULL and value.value is None and binding.column.nullable:
            return Param(Literal(None), cast)
        if operator != "_delete_at_path":
            return self.planner.arguments.scalar(value, type_name, cast, path)
        for item, at in numbered(value, path):
            reject_null(item, "String", at)
        return given.as_param(value, scalars.array_encoder("text", takes_text=False), cast, path)

    def _delete(
        self, binding: DeleteRoot, field: Field, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Mutation:
        access = binding.access
        if binding.by_pk:
            where = self.planner.key_condition(field.args, arguments, f"{path}.args")
        else:
            type_name = access.table.typed("_bool_exp")
            where = self.planner.arguments.where(arguments["where"], type_name, f"{path}.args.where")
        filter_ = access.delete.filter if access.delete else boolexp.FALSE
        delete = plan.Delete(access.table.name, boolexp.all_of([where, filter_]), "$")
        return plan.Mutation((delete,), self._output(access, selected, path, single=binding.by_pk))

    # What is shown

    def _output(self, access: TableAccess, selected: Selected, path: str, *, single: bool) -> plan.MutationOutput:
        if single:
            return plan.MutationOutput((), self.planner.fields(access, selected, path))
        type_ = self.planner.object_type(access.table.typed("_mutation_response"))
        parts = tuple(self._output_part(type_, item, path) for item in self.planner.below(selected, type_, path))
        return plan.MutationOutput(parts)

    def _output_part(
        self, type_: ObjectType, selected: Selected, path: str
    ) -> plan.AffectedRows | plan.Returning | plan.ConstantField:
        if selected.name == TYPENAME:
            return plan.ConstantField(selected.key, type_.name)
        at = f"{path}.selectionSet.{selected.name}"
        binding = find_field(type_, selected.name, at).binding
        if isinstance(binding, AffectedRowsOf):
            return plan.AffectedRows(selected.key)
        return plan.Returning(selected.key, self.planner.fields(binding.access, selected, at))

    def _input_object(self, name: str) -> InputObject:
        return self.planner.arguments.input_object(name)


def _has_operator(inputs: Mapping[str, Input], arguments: Mapping[str, Given]) -> bool:
    """Whether an operator is given at all, be it with no columns: such an update changes nothing."""
    return any(isinstance(inputs[name].binding, UpdateOperator) for name in arguments)

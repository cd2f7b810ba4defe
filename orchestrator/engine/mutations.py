"""Mutation fields into plan nodes: what is inserted, updated and deleted, and what is shown of it."""

# ruff: noqa: S608 - Hasura's error messages look like SQL to the linter.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from orchestrator.engine import boolexp, given, plan, scalars
from orchestrator.engine.arguments import arguments_of
from orchestrator.engine.boolexp import BoolExp
from orchestrator.engine.catalog import Key
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.given import Given
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.planner import TYPENAME, Planner, find_field
from orchestrator.engine.schema.bindings import (
    AffectedRowsOf,
    ColumnOf,
    DeleteRoot,
    FunctionRoot,
    InsertRoot,
    Namespace,
    NestedInsert,
    UpdateOperator,
    UpdateRoot,
)
from orchestrator.engine.schema.types import Field, Input, InputObject, ObjectType
from orchestrator.engine.schema.writes import JSONB_VALUES, PLACEHOLDER
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
            return self._update(binding, field, arguments, selected, path)
        return self._delete(binding, field, arguments, selected, path)

    # Inserts

    def _insert(
        self, binding: InsertRoot, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Mutation:
        access, argument = binding.access, "object" if binding.one else "objects"
        at = f"{path}.args.{argument}"
        conflict = arguments.get("on_conflict")
        objects = [(arguments["object"], at)] if binding.one else _numbered(arguments["objects"], at)
        insert = self._insert_rows(access, objects, conflict, at, f"{path}.args.on_conflict")
        return plan.Mutation((insert,), self._output(access, selected, path, single=binding.one))

    def _insert_rows(
        self,
        access: TableAccess,
        objects: list[tuple[Given, str]],
        conflict: Given | None,
        path: str,
        conflict_path: str,
    ) -> plan.Insert:
        rows = tuple(self._insert_row(access, item, at) for item, at in objects)
        rights = access.insert
        given_columns = {column for row in rows for column in row.values}
        columns = tuple(c.name for c in access.table.info.columns if c.name in given_columns)
        if not columns and not (rights and rights.presets):
            columns = tuple(column.name for column in access.table.info.columns)
        return plan.Insert(
            access.table.name,
            {column.name: column.sql_type for column in access.table.info.columns},
            columns,
            rows,
            rights.presets if rights else {},
            rights.check if rights else boolexp.FALSE,
            self._on_conflict(access, conflict, conflict_path),
            path,
        )

    def _insert_row(self, access: TableAccess, value: Given, path: str) -> plan.InsertRow:
        type_ = self._input_object(access.table.typed("_insert_input"))
        values: dict[str, Param] = {}
        before: list[plan.RelatedInsert] = []
        after: list[plan.RelatedInsert] = []
        for name, item in given.as_object(value, type_, path).items():
            binding = type_.fields[name].binding
            if isinstance(binding, ColumnOf):
                values[binding.column.name] = self._column_value(binding, item, f"{path}.{name}")
                continue
            related = self._related_insert(binding, item, f"{path}.{name}")
            if related:
                (after if binding.relationship.insert_after else before).append(related)
        self._check_determined(values, before, path)
        return plan.InsertRow(values, tuple(before), tuple(after))

    def _check_determined(self, values: Mapping[str, Param], before: list[plan.RelatedInsert], path: str) -> None:
        for related in before:
            clash = [ours for ours, _ in related.join.columns if ours in values]
            if clash:
                columns = ", ".join(f'"{column}"' for column in clash)
                raise validation_failed(
                    f'cannot insert object relationship "{related.relationship}" as {columns} '
                    "column values are already determined",
                    f"{path}.{related.relationship}",
                )

    def _column_value(self, binding: ColumnOf, value: Given, path: str) -> Param:
        if value.value is None:
            return Param(Literal(None), binding.column.sql_type)
        if binding.column.type in scalars.GEO_TYPES:
            return given.as_param(value, scalars.encoder(binding.column.type), binding.column.sql_type, path)
        return self.planner.column_param(binding, value, path)

    def _related_insert(self, binding: NestedInsert, value: Given, path: str) -> plan.RelatedInsert | None:
        if value.value is None:
            return None
        target, relationship = binding.target, binding.relationship
        kind = "arr" if relationship.is_array else "obj"
        type_ = self._input_object(target.table.typed(f"_{kind}_rel_insert_input"))
        fields = given.as_object(value, type_, path)
        data = fields["data"]
        at = f"{path}.data"
        objects = _numbered(data, at) if relationship.is_array else [(data, at)]
        insert = self._insert_rows(target, objects, fields.get("on_conflict"), at, f"{path}.on_conflict")
        self._check_parent_columns(insert, binding, objects)
        return plan.RelatedInsert(relationship.name, relationship.join, relationship.is_array, insert)

    def _check_parent_columns(
        self, insert: plan.Insert, binding: NestedInsert, objects: list[tuple[Given, str]]
    ) -> None:
        if not binding.relationship.insert_after:
            return
        theirs = [column for _, column in binding.relationship.join.columns]
        for row, (_, at) in zip(insert.rows, objects, strict=True):
            clash = [column for column in theirs if column in row.values]
            if clash:
                columns = ", ".join(f'"{column}"' for column in clash)
                raise validation_failed(
                    f"cannot insert {columns} columns as their values are already being determined by parent insert", at
                )

    def _on_conflict(self, access: TableAccess, value: Given | None, path: str) -> plan.OnConflict | None:
        if value is None or value.value is None:
            return None
        table, reader = access.table, self.planner.arguments
        type_ = self._input_object(table.typed("_on_conflict"))
        fields = given.as_object(value, type_, path)
        constraint: Key = given.as_enum(
            fields["constraint"], reader.enum(table.typed("_constraint")), f"{path}.constraint"
        ).binding
        columns = self._conflict_columns(access, fields.get("update_columns"), f"{path}.update_columns")
        update = access.update
        where: BoolExp = update.filter if update else boolexp.TRUE
        if "where" in fields and fields["where"].value is not None:
            own = reader.where(fields["where"], table.typed("_bool_exp"), f"{path}.where")
            where = boolexp.all_of([own, where])
        presets = update.presets if update else {}
        return plan.OnConflict(constraint.name, columns, presets, where, update.check if update else boolexp.TRUE)

    def _conflict_columns(self, access: TableAccess, value: Given | None, path: str) -> tuple[str, ...]:
        if value is None or value.value is None:
            return ()
        enum = self.planner.arguments.enum(access.table.typed("_update_column"))
        items = given.as_list(value, path, enum.name)
        values = [given.as_enum(item, enum, f"{path}[{index}]") for index, item in enumerate(items)]
        if any(item.name == PLACEHOLDER for item in values):
            raise validation_failed("erroneous column name", path.removesuffix(".update_columns"))
        return tuple(item.binding.column.name for item in values)

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
                for item, at in _numbered(arguments["updates"], f"{path}.args.updates")
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
        seen: set[str] = set()
        for change in changes:
            if change.column in seen:
                raise validation_failed(f'Column found in multiple operators: "{change.column}".', path)
            seen.add(change.column)
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
            if not isinstance(operator, UpdateOperator) or value.value is None:
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
            return self._column_value(binding, value, path)
        type_name, cast = OPERAND_TYPES[operator]
        return self.planner.arguments.scalar(value, type_name, cast, path)

    def _delete(
        self, binding: DeleteRoot, field: Field, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Mutation:
        access = binding.access
        if binding.by_pk:
            where = self.planner.key_condition(field.args, arguments, path)
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
    return any(
        isinstance(inputs[name].binding, UpdateOperator) and value.value is not None
        for name, value in arguments.items()
    )


def _numbered(value: Given, path: str) -> list[tuple[Given, str]]:
    items = given.as_list(value, path)
    return [(item, f"{path}[{index}]") for index, item in enumerate(items)]

"""Inserts into plan nodes: rows, what is inserted along their relationships, and what happens on conflict."""

# ruff: noqa: S608 - Hasura's error messages look like SQL to the linter.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.engine import boolexp, given, plan
from orchestrator.engine.boolexp import BoolExp
from orchestrator.engine.catalog import Key
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.given import Given
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.planner import Planner
from orchestrator.engine.schema.bindings import ColumnOf, InsertRoot, NestedInsert
from orchestrator.engine.schema.types import InputObject
from orchestrator.engine.schema.writes import PLACEHOLDER
from orchestrator.engine.sql import Param

ROWS_OF: Mapping[bool, str] = {True: "arr", False: "obj"}


@dataclass(frozen=True)
class Place:
    """Where rows are inserted: the path that errors of carrying it out have, and the columns that the parent fills.

    `single` is the object that a row needs before it; in all other places rows are numbered.
    """

    path: str
    filled: frozenset[str] = frozenset()
    single: bool = False

    def row(self, index: int) -> str:
        return self.path if self.single else f"{self.path}[{index}]"


@dataclass(frozen=True)
class InsertPlanner:
    planner: Planner

    def insert(self, binding: InsertRoot, arguments: Mapping[str, Given], path: str) -> plan.Insert:
        argument = "object" if binding.one else "objects"
        at = f"{path}.args.{argument}"
        objects = [(arguments["object"], at)] if binding.one else numbered(arguments["objects"], at)
        conflict = arguments.get("on_conflict")
        return self._rows(binding.access, objects, Place(at), conflict, f"{path}.args.on_conflict")

    def _rows(
        self,
        access: TableAccess,
        objects: list[tuple[Given, str]],
        place: Place,
        conflict: Given | None,
        conflict_path: str,
    ) -> plan.Insert:
        rows = tuple(self._row(access, item, at, place, index) for index, (item, at) in enumerate(objects))
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
            place.path,
        )

    def _row(self, access: TableAccess, value: Given, path: str, place: Place, index: int) -> plan.InsertRow:
        type_ = self._input_object(access.table.typed("_insert_input"))
        at = place.row(index)
        values: dict[str, Param] = {}
        related: list[plan.RelatedInsert] = []
        for name, item in given.as_object(value, type_, path).items():
            binding = type_.fields[name].binding
            if isinstance(binding, ColumnOf):
                values[binding.column.name] = self.planner.written_param(binding, item, f"{path}.{name}")
            elif item.value is not None:
                related.append(self._related(binding, item, f"{path}.{name}", f"{at}.{name}"))
        before = tuple(item for item in related if not item.after)
        after = (item for item in related if item.after and item.insert.rows)
        _check_filled(values, place, at)
        _check_determined({*values, *place.filled}, before, at)
        return plan.InsertRow(values, at, before, tuple(sorted(after, key=lambda item: not item.is_array)))

    def _related(self, binding: NestedInsert, value: Given, path: str, at: str) -> plan.RelatedInsert:
        target, relationship = binding.target, binding.relationship
        type_ = self._input_object(target.table.typed(f"_{ROWS_OF[relationship.is_array]}_rel_insert_input"))
        fields = given.as_object(value, type_, path)
        data = fields["data"]
        objects = numbered(data, f"{path}.data") if relationship.is_array else [(data, f"{path}.data")]
        after = relationship.insert_after
        filled = (theirs for _, theirs in relationship.join.columns) if after else ()
        place = Place(f"{at}.data", frozenset(filled), single=not after)
        insert = self._rows(target, objects, place, fields.get("on_conflict"), f"{path}.on_conflict")
        return plan.RelatedInsert(relationship.name, relationship.join, relationship.is_array, after, insert)

    # On conflict

    def _on_conflict(self, access: TableAccess, value: Given | None, path: str) -> plan.OnConflict | None:
        if value is None:
            return None
        table, reader = access.table, self.planner.arguments
        fields = given.as_object(value, self._input_object(table.typed("_on_conflict")), path)
        constraint: Key = given.as_enum(
            fields["constraint"], reader.enum(table.typed("_constraint")), f"{path}.constraint"
        ).binding
        columns = self._conflict_columns(access, fields.get("update_columns"), f"{path}.update_columns")
        update = access.update
        where: BoolExp = update.filter if update else boolexp.TRUE
        if "where" in fields:
            own = reader.where(fields["where"], table.typed("_bool_exp"), f"{path}.where")
            where = boolexp.all_of([own, where])
        presets = update.presets if update else {}
        return plan.OnConflict(constraint.name, columns, presets, where, update.check if update else boolexp.TRUE)

    def _conflict_columns(self, access: TableAccess, value: Given | None, path: str) -> tuple[str, ...]:
        if value is None:
            return ()
        enum = self.planner.arguments.enum(access.table.typed("_update_column"))
        values = [given.as_enum(item, enum, at) for item, at in numbered(value, path)]
        if any(item.name == PLACEHOLDER for item in values):
            raise validation_failed("erroneous column name", path.removesuffix(".update_columns"))
        return tuple(dict.fromkeys(item.binding.column.name for item in values))

    def _input_object(self, name: str) -> InputObject:
        return self.planner.arguments.input_object(name)


def _check_filled(values: Mapping[str, Param], place: Place, path: str) -> None:
    clash = [column for column in values if column in place.filled]
    if clash:
        raise validation_failed(
            f"cannot insert {_listed(clash)} columns as their values are already being determined by parent insert",
            path,
        )


def _check_determined(columns: set[str], before: tuple[plan.RelatedInsert, ...], path: str) -> None:
    for related in before:
        clash = [ours for ours, _ in related.join.columns if ours in columns]
        if clash:
            raise validation_failed(
                f'cannot insert object relationship "{related.relationship}" as {_listed(clash)} '
                "column values are already determined",
                f"{path}.{related.relationship}",
            )


def _listed(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def numbered(value: Given, path: str) -> list[tuple[Given, str]]:
    """The items of a list, each with its path."""
    items = given.as_list(value, path)
    return [(item, f"{path}[{index}]") for index, item in enumerate(items)]

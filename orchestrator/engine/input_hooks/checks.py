"""What the input hooks of a mutation's permissions are asked, from its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.engine import given
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.given import Given
from orchestrator.engine.input_hooks.hooks import InputCheck, InputHook
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.planner import Planner
from orchestrator.engine.schema.bindings import ColumnOf, NestedInsert, UpdateRoot


def check_of(hook: InputHook | None, rows: Iterable[Mapping[str, Given]]) -> tuple[InputCheck, ...]:
    """The check of an update or delete: its arguments as they were given."""
    return () if hook is None else (_check(hook, [Given(dict(row)) for row in rows]),)


def _check(hook: InputHook, rows: list[Given]) -> InputCheck:
    return InputCheck(hook, lambda variables: [given.resolved(row, variables) for row in rows])


def update_input(binding: UpdateRoot, arguments: Mapping[str, Given]) -> list[Mapping[str, Given]]:
    """The updates that a field makes, each with its arguments."""
    if binding.kind != "many":
        return [arguments]
    return [item.value for item in given.as_list(arguments["updates"], "$")]


@dataclass
class InsertChecks:
    """Collects the rows of an insert by table, the parents' tables first."""

    planner: Planner
    _hooks: dict[QualifiedName, InputHook] = field(default_factory=dict)
    _rows: dict[QualifiedName, list[Given]] = field(default_factory=dict)

    def of(self, access: TableAccess, objects: Iterable[Given]) -> tuple[InputCheck, ...]:
        self._add(access, list(objects))
        return tuple(_check(hook, self._rows[table]) for table, hook in self._hooks.items())

    def _add(self, access: TableAccess, objects: list[Given]) -> None:
        table, hook = access.table.name, access.insert.hook if access.insert else None
        if hook is not None:
            self._hooks[table] = hook
            self._rows.setdefault(table, []).extend(self._row(access, item) for item in objects)
        for item in objects:
            for binding, value in self._fields(access, item).values():
                if isinstance(binding, NestedInsert) and value.value is not None:
                    self._add(binding.target, _data(binding, value))

    def _row(self, access: TableAccess, value: Given) -> Given:
        """The row by the columns' own names, with what is nested in it."""
        row: dict[str, Given] = {}
        for name, (binding, item) in self._fields(access, value).items():
            if isinstance(binding, ColumnOf):
                row[binding.column.name] = item
            elif item.value is not None:
                rows = [self._row(binding.target, each) for each in _data(binding, item)]
                row[name] = Given({"data": Given(rows) if binding.relationship.is_array else rows[0]})
        return Given(row)

    def _fields(self, access: TableAccess, value: Given) -> dict[str, tuple[ColumnOf | NestedInsert, Given]]:
        fields = self.planner.arguments.input_object(access.table.typed("_insert_input")).fields
        return {name: (fields[name].binding, item) for name, item in value.value.items()}


def _data(binding: NestedInsert, value: Given) -> list[Given]:
    data = value.value["data"]
    return given.as_list(data, "$") if binding.relationship.is_array else [data]

"""Which columns a permission compares with, or presets to, a value of its own, whose type it takes for granted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.engine.auth.session import PREFIX
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.metadata.model import PERMISSION_FIELDS, InsertPermission, Permission, UpdatePermission
from orchestrator.engine.metadata.renaming import COLUMN_OPERATORS, table_named
from orchestrator.engine.tracked import TrackedSource

Field = tuple[QualifiedName, str]


def dependents_on_type(source: TrackedSource, column: Field) -> Iterator[ObjectId]:
    """The permissions that hold a value for the column."""
    for table in source.tables.values():
        for field in PERMISSION_FIELDS.values():
            for role, permission in table.meta.entries(field).items():
                if column in set(Literals(source).of(permission, table.name)):
                    yield ObjectId(source.name, table.name, field, role)


@dataclass(frozen=True)
class Literals:
    source: TrackedSource

    def of(self, permission: Permission, table: QualifiedName) -> Iterator[Field]:
        if isinstance(permission, (InsertPermission, UpdatePermission)):
            yield from ((table, column) for column, value in permission.set.items() if is_literal(value))
        for name in ("filter", "check"):
            yield from self.expression(getattr(permission, name, None), table)

    def expression(self, expression: Any, table: QualifiedName) -> Iterator[Field]:
        if isinstance(expression, list):
            for item in expression:
                yield from self.expression(item, table)
        elif isinstance(expression, dict):
            for key, value in expression.items():
                yield from self.entry(key, value, table)

    def entry(self, key: str, value: Any, table: QualifiedName) -> Iterator[Field]:
        name = key.replace("$", "_", 1)
        if name in ("_and", "_or", "_not"):
            yield from self.expression(value, table)
            return
        if name == "_exists" and isinstance(value, dict):
            yield from self.expression(value.get("_where"), table_named(value.get("_table")))
            return
        tracked = self.source.tables.get(table)
        relationship = tracked.relationships.get(key) if tracked else None
        if relationship is not None:
            yield from self.expression(value, relationship.join.table)
        elif any(map(is_literal, operands(value))):
            yield table, key


def operands(value: Any) -> Iterator[Any]:
    """What a column is compared with: the value itself, or that of each operator."""
    if not isinstance(value, dict):
        yield value
        return
    for operator, operand in value.items():
        if operator[1:] not in (*COLUMN_OPERATORS, "is_null"):
            yield operand


def is_literal(value: Any) -> bool:
    """Whether it is a value, and no session variable.

    >>> is_literal(True), is_literal(["X-Hasura-A", 1]), is_literal("X-Hasura-User-Id")
    (True, True, False)
    """
    if isinstance(value, list):
        return any(map(is_literal, value))
    return not (isinstance(value, str) and value.lower().startswith(PREFIX))

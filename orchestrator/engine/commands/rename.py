"""Renaming a table's field wherever the permissions of the source mention it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.engine.catalog import Catalog, QualifiedName
from orchestrator.engine.metadata import PERMISSION_FIELDS, Permission, Source, Table
from orchestrator.engine.tracked import TrackedSource, track


def rename_in_expressions(source: Source, catalog: Catalog, table: QualifiedName, old: str, new: str) -> Source:
    """The source with the field's mentions in filters and checks renamed; the field itself is left as it is."""
    renaming = Renaming(track(source, catalog, {}), table, old, new)
    return replace(source, tables={name: renaming.in_table(entry) for name, entry in source.tables.items()})


@dataclass(frozen=True)
class Renaming:
    source: TrackedSource
    table: QualifiedName
    old: str
    new: str

    def in_table(self, table: Table) -> Table:
        renamed = table
        for name in PERMISSION_FIELDS.values():
            entries = {role: self.in_permission(entry, table.name) for role, entry in table.entries(name).items()}
            renamed = renamed.with_entries(name, entries)
        return renamed

    def in_permission(self, permission: Permission, table: QualifiedName) -> Permission:
        expressions = {name: getattr(permission, name, None) for name in ("filter", "check")}
        renamed = {name: self.expression(found, table) for name, found in expressions.items() if found is not None}
        return replace(permission, **renamed)

    def expression(self, expression: Any, table: QualifiedName) -> Any:
        if not isinstance(expression, dict):
            return expression
        return dict(self.entry(key, value, table) for key, value in expression.items())

    def entry(self, key: str, value: Any, table: QualifiedName) -> tuple[str, Any]:
        name = key.replace("$", "_", 1)
        if name in ("_and", "_or") and isinstance(value, list):
            return key, [self.expression(item, table) for item in value]
        if name == "_not":
            return key, self.expression(value, table)
        if name == "_exists" and isinstance(value, dict):
            return key, self.exists(value)
        renamed = self.new if (table, key) == (self.table, self.old) else key
        tracked = self.source.tables.get(table)
        relationship = tracked.relationships.get(key) if tracked else None
        return renamed, self.expression(value, relationship.join.table) if relationship else value

    def exists(self, value: Mapping[str, Any]) -> dict[str, Any]:
        named = value.get("_table")
        table = (
            QualifiedName(named.get("schema", "public"), named.get("name", ""))
            if isinstance(named, dict)
            else QualifiedName("public", str(named))
        )
        return {**value, "_where": self.expression(value.get("_where"), table)}

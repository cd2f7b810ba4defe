"""Renaming a table, a column or a relationship wherever the metadata of its source mentions it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.engine.catalog import Catalog, QualifiedName
from orchestrator.engine.metadata.model import (
    PERMISSION_FIELDS,
    AllColumns,
    Columns,
    ForeignKey,
    Manual,
    Permission,
    Relationship,
    Source,
    Table,
    Using,
)
from orchestrator.engine.tracked import TrackedSource, track

COLUMN_OPERATORS = ("ceq", "cne", "cneq", "cgt", "clt", "cgte", "clte")


def rename_relationship(source: Source, catalog: Catalog, table: QualifiedName, old: str, new: str) -> Source:
    """The source with the relationship's mentions in permissions renamed; the relationship is left as it is."""
    renaming = FieldRenaming(track(source, catalog, {}), table, old, new)
    return replace(source, tables={name: renaming.in_permissions(entry) for name, entry in source.tables.items()})


def rename_column(source: Source, tracked: TrackedSource, table: QualifiedName, old: str, new: str) -> Source:
    """The source with the column renamed in configuration, relationships and permissions.

    `tracked` is the source as it was before anything was renamed, which tells where relationships lead.
    """
    renaming = FieldRenaming(tracked, table, old, new)
    renamed = (renaming.column_in_table(renaming.in_permissions(entry)) for entry in source.tables.values())
    return replace(source, tables={entry.name: entry for entry in renamed})


def rename_table(source: Source, old: QualifiedName, new: QualifiedName) -> Source:
    """The source with the table under its new name, in relationships and `_exists` conditions too."""

    def named(name: QualifiedName) -> QualifiedName:
        return new if name == old else name

    def using(found: Using) -> Using:
        return found if found.remote_table is None else replace(found, remote_table=named(found.remote_table))

    tables = (
        with_expressions(with_relationships(entry, using), lambda found: table_in_expression(found, old, new))
        for entry in source.tables.values()
    )
    return replace(source, tables={named(entry.name): replace(entry, name=named(entry.name)) for entry in tables})


def with_relationships(table: Table, using: Callable[[Using], Using]) -> Table:
    for name in ("object_relationships", "array_relationships"):
        entries: Mapping[str, Relationship] = table.entries(name)
        table = table.with_entries(
            name, {key: replace(entry, using=using(entry.using)) for key, entry in entries.items()}
        )
    return table


def with_permissions(table: Table, change: Callable[[Permission], Permission]) -> Table:
    for name in PERMISSION_FIELDS.values():
        table = table.with_entries(name, {role: change(entry) for role, entry in table.entries(name).items()})
    return table


def with_expressions(table: Table, change: Callable[[Any], Any]) -> Table:
    """The table with each filter and check of its permissions changed."""

    def changed(permission: Permission) -> Permission:
        expressions = {name: getattr(permission, name, None) for name in ("filter", "check")}
        return replace(permission, **{name: change(found) for name, found in expressions.items() if found is not None})

    return with_permissions(table, changed)


def table_in_expression(expression: Any, old: QualifiedName, new: QualifiedName) -> Any:
    if isinstance(expression, list):
        return [table_in_expression(item, old, new) for item in expression]
    if not isinstance(expression, dict):
        return expression
    renamed = {key: table_in_expression(value, old, new) for key, value in expression.items()}
    if "_table" in renamed and table_named(renamed["_table"]) == old:
        renamed["_table"] = {"schema": new.schema, "name": new.name}
    return renamed


def table_named(value: Any) -> QualifiedName:
    if isinstance(value, dict):
        return QualifiedName(str(value.get("schema", "public")), str(value.get("name", "")))
    return QualifiedName("public", str(value))


@dataclass(frozen=True)
class FieldRenaming:
    """A field of `table` from `old` to `new`, in a source as it was tracked before."""

    source: TrackedSource
    table: QualifiedName
    old: str
    new: str

    def name(self, name: str) -> str:
        return self.new if name == self.old else name

    def in_permissions(self, table: Table) -> Table:
        return with_expressions(table, lambda found: self.expression(found, table.name))

    def column_in_table(self, table: Table) -> Table:
        """The table with the column renamed outside of expressions."""
        table = with_relationships(table, lambda using: self.using(using, table.name))
        if table.name != self.table:
            return table
        config = {self.name(column): entry for column, entry in table.configuration.column_config.items()}
        table = replace(table, configuration=replace(table.configuration, column_config=config))
        return with_permissions(table, self.in_column_lists)

    def in_column_lists(self, permission: Permission) -> Permission:
        changes: dict[str, Any] = {}
        columns: Columns | None = getattr(permission, "columns", None)
        if columns is not None and not isinstance(columns, AllColumns):
            changes["columns"] = tuple(map(self.name, columns))
        presets: Mapping[str, Any] | None = getattr(permission, "set", None)
        if presets:
            changes["set"] = {self.name(column): value for column, value in presets.items()}
        return replace(permission, **changes)

    def using(self, using: Using, owner: QualifiedName) -> Using:
        if isinstance(using, Manual):
            near = self.name if owner == self.table else str
            far = self.name if using.remote_table == self.table else str
            return replace(using, column_mapping={near(key): far(value) for key, value in using.column_mapping.items()})
        return self.foreign_key(using, owner)

    def foreign_key(self, key: ForeignKey, owner: QualifiedName) -> ForeignKey:
        if (key.remote_table or owner) != self.table:
            return key
        return replace(key, columns=tuple(map(self.name, key.columns)))

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
            return key, {**value, "_where": self.expression(value.get("_where"), table_named(value.get("_table")))}
        tracked = self.source.tables.get(table)
        relationship = tracked.relationships.get(key) if tracked else None
        renamed = self.name(key) if table == self.table else key
        if relationship is not None:
            return renamed, self.expression(value, relationship.join.table)
        return renamed, self.comparison(value) if table == self.table else value

    def comparison(self, value: Any) -> Any:
        """A column's comparison, where another column may be compared with."""
        if not isinstance(value, dict):
            return value
        return {
            key: self.name(other) if key[1:] in COLUMN_OPERATORS and isinstance(other, str) else other
            for key, other in value.items()
        }

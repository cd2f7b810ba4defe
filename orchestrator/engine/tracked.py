"""A source's tracked tables: metadata and catalog joined, with relationships resolved and GraphQL names settled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from orchestrator.engine.boolexp import Join
from orchestrator.engine.catalog import Catalog, Column, ForeignKey, FunctionInfo, Key, QualifiedName, TableInfo
from orchestrator.engine.metadata.model import (
    ArrayRelationship,
    Customization,
    Function,
    Json,
    Manual,
    ObjectRelationship,
    Source,
    Table,
)
from orchestrator.engine.naming import Base, Naming

GRAPHQL_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*\Z")
EnumValues = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Relationship:
    """`nullable` says whether an object relationship may have no row; `insert_after` that its row is inserted later."""

    name: str
    is_array: bool
    join: Join
    nullable: bool
    insert_after: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class RemoteRelationship:
    """A relationship to a table of another source: pairs of (this column, that column)."""

    name: str
    is_array: bool
    source: str
    table: QualifiedName
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TrackedTable:
    """`enum_values` are a table's own rows where it is an enum; `enum_columns` point to the enum tables."""

    meta: Table
    info: TableInfo
    relationships: Mapping[str, Relationship]
    enum_columns: Mapping[str, QualifiedName] = field(default_factory=dict)
    enum_values: EnumValues | None = None
    customization: Customization = field(default_factory=Customization)

    @property
    def name(self) -> QualifiedName:
        return self.info.name

    @property
    def naming(self) -> Naming:
        return self.customization.naming

    @cached_property
    def base(self) -> Base:
        custom = self.meta.configuration.custom_name
        return Base(custom or _default_name(self.name), custom is not None)

    @cached_property
    def base_name(self) -> str:
        """What its names begin with: `users`, outside of public `schema_users`, or the custom name."""
        return self.meta.configuration.custom_name or _default_name(self.name)

    @property
    def type_name(self) -> str:
        """The name of its object type."""
        return self.typed("")

    def typed(self, suffix: str, *, before: str = "") -> str:
        """The name of one of its types, such as `users_bool_exp`, as the source customises it."""
        return self.customization.type_name(self.naming.typed(before, self.base, suffix))

    @cached_property
    def graphql_columns(self) -> Mapping[str, Column]:
        """The columns by their GraphQL names; one whose name, or whose type's, GraphQL can't express is left out."""
        config = self.meta.configuration.column_config
        named = ((config[c.name].custom_name if c.name in config else None, c) for c in self.info.columns)
        pairs = ((custom or self.naming.field(column.name), column) for custom, column in named)
        return {
            name: column
            for name, column in pairs
            if GRAPHQL_NAME.match(name) and GRAPHQL_NAME.match(column.element or column.type)
        }

    @cached_property
    def graphql_name(self) -> Mapping[str, str]:
        """The GraphQL name of a column."""
        return {column.name: name for name, column in self.graphql_columns.items()}

    @cached_property
    def remote(self) -> tuple[RemoteRelationship, ...]:
        """The relationships to other sources."""
        return tuple(remote_relationships(self.meta))

    @property
    def keys(self) -> tuple[Key, ...]:
        """The constraints that an on_conflict may name, sorted by name."""
        primary = (self.info.primary_key,) if self.info.primary_key else ()
        return tuple(sorted((*primary, *self.info.unique), key=lambda key: key.name))

    def root_field(self, kind: str) -> str:
        """The name of a root field, such as `select_by_pk`, with its customisation."""
        custom = self.meta.configuration.custom_root_fields.get(kind)
        name = custom.name if custom and custom.name else self.naming.root(ROOT_FIELDS[kind], self.base)
        return self.customization.root_field(name)

    def comment_of(self, column: Column) -> str | None:
        config = self.meta.configuration.column_config.get(column.name)
        return config.comment if config and config.comment is not None else column.comment


ROOT_FIELDS: Mapping[str, str] = {
    "select": "{}",
    "select_by_pk": "{}_by_pk",
    "select_aggregate": "{}_aggregate",
    "select_stream": "{}_stream",
    "insert": "insert_{}",
    "insert_one": "insert_{}_one",
    "update": "update_{}",
    "update_by_pk": "update_{}_by_pk",
    "update_many": "update_{}_many",
    "delete": "delete_{}",
    "delete_by_pk": "delete_{}_by_pk",
}


@dataclass(frozen=True)
class TrackedFunction:
    meta: Function
    info: FunctionInfo
    customization: Customization = field(default_factory=Customization)

    @property
    def base(self) -> Base:
        custom = self.meta.configuration.custom_name
        return Base(custom or _default_name(self.info.name), custom is not None)


@dataclass(frozen=True)
class TrackedSource:
    name: str
    tables: Mapping[QualifiedName, TrackedTable]
    functions: Mapping[QualifiedName, TrackedFunction]
    catalog: Catalog
    inherited_roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customization: Customization = field(default_factory=Customization)


def track(source: Source, catalog: Catalog, enums: Mapping[QualifiedName, EnumValues]) -> TrackedSource:
    """The source as the schema sees it. What the catalog lacks is left out: consistency reports it elsewhere."""
    known = {name: table for name, table in source.tables.items() if name in catalog.tables}
    tables = {
        name: replace(_track(table, known, catalog, enums), customization=source.customization)
        for name, table in known.items()
    }
    functions = {
        name: TrackedFunction(function, catalog.functions[name][0], source.customization)
        for name, function in source.functions.items()
        if name in catalog.functions
    }
    return TrackedSource(source.name, tables, functions, catalog, customization=source.customization)


def _default_name(name: QualifiedName) -> str:
    return name.name if name.schema == "public" else f"{name.schema}_{name.name}"


def _track(
    table: Table,
    known: Mapping[QualifiedName, Table],
    catalog: Catalog,
    enums: Mapping[QualifiedName, EnumValues],
) -> TrackedTable:
    info = catalog.tables[table.name]
    return TrackedTable(
        meta=table,
        info=info,
        relationships={
            relation.name: relation for relation in relationships(table, catalog) if relation.join.table in known
        },
        enum_columns=dict(_enum_columns(info, known, enums)),
        enum_values=enums.get(table.name),
    )


def _enum_columns(
    info: TableInfo, known: Mapping[QualifiedName, Table], enums: Mapping[QualifiedName, EnumValues]
) -> Iterator[tuple[str, QualifiedName]]:
    for key in info.foreign_keys:
        if len(key.columns) == 1 and key.target in known and key.target in enums:
            yield key.columns[0], key.target


def relationships(table: Table, catalog: Catalog) -> Iterator[Relationship]:
    """The table's relationships that the catalog bears out."""
    for declared in table.relationships.values():
        found = _relationship(table, declared, catalog)
        if found:
            yield found


def remote_relationships(table: Table) -> Iterator[RemoteRelationship]:
    """The table's relationships to other sources; what else there is (to remote schemas) is kept in the metadata."""
    for entry in table.rest.get("remote_relationships") or ():
        found = read_remote_relationship(entry)
        if found:
            yield found


def read_remote_relationship(entry: Json) -> RemoteRelationship | None:
    match entry:
        case {
            "name": str(name),
            "definition": {
                "to_source": {
                    "relationship_type": ("object" | "array") as kind,
                    "source": str(source),
                    "field_mapping": dict(mapping),
                    "table": table_json,
                }
            },
        }:
            table = _table_name(table_json)
            if table and mapping and all(isinstance(column, str) for column in mapping.values()):
                return RemoteRelationship(name, kind == "array", source, table, tuple(mapping.items()))
    return None


def _table_name(json: Any) -> QualifiedName | None:
    match json:
        case str(name):
            return QualifiedName("public", name)
        case {"name": str(name)}:
            return QualifiedName(str(json.get("schema", "public")), name)
    return None


def _relationship(
    table: Table, declared: ObjectRelationship | ArrayRelationship, catalog: Catalog
) -> Relationship | None:
    is_array = isinstance(declared, ArrayRelationship)
    if isinstance(declared.using, Manual):
        using = declared.using
        join = Join(using.remote_table, tuple(using.column_mapping.items()))
        after = using.insertion_order == "after_parent"
        return Relationship(declared.name, is_array, join, True, is_array or after, declared.comment)
    remote, columns = declared.using.remote_table, declared.using.columns
    if remote is None:
        return _along_own_key(table, declared.name, columns, catalog, declared.comment)
    key = _foreign_key(catalog, remote, columns, table.name)
    if key is None:
        return None
    pairs = tuple(zip(key.target_columns, key.columns, strict=True))
    return Relationship(declared.name, is_array, Join(remote, pairs), True, True, declared.comment)


def _along_own_key(
    table: Table, name: str, columns: tuple[str, ...], catalog: Catalog, comment: str | None
) -> Relationship | None:
    info = catalog.tables[table.name]
    key = next((key for key in info.foreign_keys if set(key.columns) == set(columns)), None)
    if key is None:
        return None
    nullable = any(info.column[column].nullable for column in columns)
    join = Join(key.target, tuple(zip(key.columns, key.target_columns, strict=True)))
    return Relationship(name, False, join, nullable, False, comment)


def _foreign_key(
    catalog: Catalog, owner: QualifiedName, columns: tuple[str, ...], target: QualifiedName
) -> ForeignKey | None:
    info = catalog.tables.get(owner)
    keys = info.foreign_keys if info else ()
    return next((key for key in keys if set(key.columns) == set(columns) and key.target == target), None)

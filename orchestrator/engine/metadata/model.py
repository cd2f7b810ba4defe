"""The metadata: what is tracked, how tables relate, and what each role may do, as frozen values.

`metadata_reader` makes them from JSON, `metadata_writer` gives the JSON back. Mappings keep the order in which things
were added and are never changed in place: a command answers with new values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any, Final, TypeVar

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.naming import GRAPHQL_DEFAULT, Naming

Json = Any
"""A JSON value whose inside is read later (a boolean expression, a preset) or only kept."""

Name = TypeVar("Name", str, QualifiedName)
Value = TypeVar("Value")

DEFAULT_SOURCE: Final = "default"


class AllColumns(Enum):
    ALL = "*"


ALL: Final = AllColumns.ALL
Columns = tuple[str, ...] | AllColumns


@dataclass(frozen=True)
class RootField:
    """A root field's custom name and comment; None keeps the usual one."""

    name: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class ColumnConfig:
    custom_name: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class TableConfiguration:
    """A table's custom names. A comment of None means PostgreSQL's own, an empty one means none at all."""

    custom_name: str | None = None
    custom_root_fields: Mapping[str, RootField] = field(default_factory=dict)
    column_config: Mapping[str, ColumnConfig] = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class ForeignKey:
    """A relationship along a foreign key of this table or, where `remote_table` is set, of that one to this."""

    columns: tuple[str, ...]
    remote_table: QualifiedName | None = None


@dataclass(frozen=True)
class Manual:
    remote_table: QualifiedName
    column_mapping: Mapping[str, str]
    insertion_order: str | None = None


Using = ForeignKey | Manual


@dataclass(frozen=True)
class ObjectRelationship:
    name: str
    using: Using
    comment: str | None = None


@dataclass(frozen=True)
class ArrayRelationship:
    name: str
    using: Using
    comment: str | None = None


Relationship = ObjectRelationship | ArrayRelationship


@dataclass(frozen=True)
class ComputedField:
    name: str
    function: QualifiedName
    table_argument: str | None = None
    session_argument: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class SelectPermission:
    """`query_root_fields` and `subscription_root_fields` of None allow every root field."""

    columns: Columns
    filter: Json
    limit: int | None = None
    allow_aggregations: bool = False
    computed_fields: tuple[str, ...] = ()
    query_root_fields: tuple[str, ...] | None = None
    subscription_root_fields: tuple[str, ...] | None = None
    comment: str | None = None


@dataclass(frozen=True)
class InsertPermission:
    """`columns` of None allows every column, as ALL does; `set` holds the presets."""

    check: Json
    columns: Columns | None = None
    set: Mapping[str, Json] = field(default_factory=dict)
    backend_only: bool = False
    validate_input: Json = None
    comment: str | None = None


@dataclass(frozen=True)
class UpdatePermission:
    """`check` of None checks nothing after the update beyond the filter before it."""

    columns: Columns
    filter: Json
    check: Json = None
    set: Mapping[str, Json] = field(default_factory=dict)
    backend_only: bool = False
    validate_input: Json = None
    comment: str | None = None


@dataclass(frozen=True)
class DeletePermission:
    filter: Json
    backend_only: bool = False
    validate_input: Json = None
    comment: str | None = None


Permission = SelectPermission | InsertPermission | UpdatePermission | DeletePermission


@dataclass(frozen=True)
class Table:
    """A tracked table or view; permissions are by role, relationships and computed fields by name."""

    name: QualifiedName
    is_enum: bool = False
    configuration: TableConfiguration = field(default_factory=TableConfiguration)
    object_relationships: Mapping[str, ObjectRelationship] = field(default_factory=dict)
    array_relationships: Mapping[str, ArrayRelationship] = field(default_factory=dict)
    computed_fields: Mapping[str, ComputedField] = field(default_factory=dict)
    insert_permissions: Mapping[str, InsertPermission] = field(default_factory=dict)
    select_permissions: Mapping[str, SelectPermission] = field(default_factory=dict)
    update_permissions: Mapping[str, UpdatePermission] = field(default_factory=dict)
    delete_permissions: Mapping[str, DeletePermission] = field(default_factory=dict)
    rest: Mapping[str, Json] = field(default_factory=dict)

    def entries(self, field: str) -> Mapping[str, Any]:
        """The entries of a field by its name, such as `select_permissions`."""
        entries: Mapping[str, Any] = getattr(self, field)
        return entries

    def with_entries(self, field: str, entries: Mapping[str, Any]) -> Table:
        changes: dict[str, Any] = {field: entries}
        return replace(self, **changes)

    @property
    def relationships(self) -> Mapping[str, Relationship]:
        return {**self.object_relationships, **self.array_relationships}


@dataclass(frozen=True)
class FunctionConfiguration:
    custom_name: str | None = None
    custom_root_fields: Mapping[str, str] = field(default_factory=dict)
    session_argument: str | None = None
    exposed_as: str | None = None
    response: Json = None


@dataclass(frozen=True)
class Function:
    """A tracked function; `permissions` are the roles that may call it."""

    name: QualifiedName
    configuration: FunctionConfiguration = field(default_factory=FunctionConfiguration)
    permissions: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True)
class Affixes:
    prefix: str = ""
    suffix: str = ""

    def around(self, name: str) -> str:
        return f"{self.prefix}{name}{self.suffix}"


@dataclass(frozen=True)
class Customization:
    """How a source's root fields and types are named."""

    namespace: str | None = None
    root_fields: Affixes = field(default_factory=Affixes)
    type_names: Affixes = field(default_factory=Affixes)
    naming_convention: str | None = None

    @cached_property
    def naming(self) -> Naming:
        return Naming(self.naming_convention == GRAPHQL_DEFAULT)

    def root_field(self, name: str) -> str:
        return self.naming.joined(self.root_fields.prefix, name, self.root_fields.suffix)

    def type_name(self, name: str) -> str:
        return self.naming.joined(self.type_names.prefix, name, self.type_names.suffix)


@dataclass(frozen=True)
class Source:
    name: str
    kind: str = "postgres"
    configuration: Mapping[str, Json] = field(default_factory=dict)
    tables: Mapping[QualifiedName, Table] = field(default_factory=dict)
    functions: Mapping[QualifiedName, Function] = field(default_factory=dict)
    customization: Customization = field(default_factory=Customization)
    rest: Mapping[str, Json] = field(default_factory=dict)

    def with_table(self, table: Table) -> Source:
        return replace(self, tables={**self.tables, table.name: table})

    def with_function(self, function: Function) -> Source:
        return replace(self, functions={**self.functions, function.name: function})


@dataclass(frozen=True)
class Metadata:
    """Everything that `export_metadata` gives; `rest` holds the parts this engine keeps without acting on them."""

    version: int = 3
    sources: Mapping[str, Source] = field(default_factory=dict)
    inherited_roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rest: Mapping[str, Json] = field(default_factory=dict)

    def with_source(self, source: Source) -> Metadata:
        return replace(self, sources={**self.sources, source.name: source})


def without(mapping: Mapping[Name, Value], name: Name) -> dict[Name, Value]:
    """A copy of the mapping that lacks the name."""
    return {key: value for key, value in mapping.items() if key != name}


def named_entries(rest: Mapping[str, Json], field: str) -> tuple[Mapping[str, Json], ...]:
    """The entries of a list that is only kept; each has a name."""
    return tuple(rest.get(field, ()))


def without_named(rest: Mapping[str, Json], field: str, name: str) -> dict[str, Json]:
    """The kept parts without that entry of a list, and without the list where nothing is left."""
    left = [entry for entry in named_entries(rest, field) if entry["name"] != name]
    return {**rest, field: left} if left else without(rest, field)


PERMISSION_FIELDS: Final[Mapping[str, str]] = {
    "insert": "insert_permissions",
    "select": "select_permissions",
    "update": "update_permissions",
    "delete": "delete_permissions",
}
"""The field of Table that holds the permissions of a kind."""

"""What is inconsistent: the object, why, and how it is left out of the metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from orchestrator.engine.catalog import Catalog, QualifiedName
from orchestrator.engine.enums import EnumValues
from orchestrator.engine.metadata.model import PERMISSION_FIELDS, Metadata, Source, Table, without, without_named

OF_A_TABLE: Final[Mapping[str, str]] = {
    "object_relationships": "object_relation",
    "array_relationships": "array_relation",
    "computed_fields": "computed_field",
    "event_triggers": "event_trigger",
    "remote_relationships": "remote_relationship",
    **{name: f"{kind}_permission" for kind, name in PERMISSION_FIELDS.items()},
}
"""What Hasura calls an entry of a table's field."""

OF_THE_WHOLE: Final[Mapping[str, str]] = {
    "actions": "action",
    "cron_triggers": "cron_trigger",
    "inherited_roles": "inherited_role",
    "remote_schemas": "remote_schema",
}
"""What Hasura calls an entry of a list that belongs to no source."""


@dataclass(frozen=True)
class ObjectId:
    """A source, a table or function in it, or the entry `key` of a table's field such as `select_permissions`.

    Without a source it is the entry `key` of a list of the whole metadata, such as `actions`.
    """

    source: str
    table: QualifiedName | None = None
    field: str = ""
    key: str = ""
    is_function: bool = False

    @property
    def type(self) -> str:
        if self.field:
            return OF_A_TABLE[self.field] if self.source else OF_THE_WHOLE[self.field]
        if self.table is None:
            return "source"
        return "function" if self.is_function else "table"

    @property
    def name(self) -> str:
        """The object's name in Hasura's words.

        >>> ObjectId("default", QualifiedName("public", "author"), "select_permissions", "user").name
        'select_permission user in table author in source default'
        >>> ObjectId("", field="cron_triggers", key="nightly").name
        'cron trigger nightly'
        """
        if not self.source:
            return f"{self.type.replace('_', ' ')} {self.key}"
        if self.table is None:
            return f"source {self.source}"
        owner = f"{'function' if self.is_function else 'table'} {self.table} in source {self.source}"
        return f"{self.type} {self.key} in {owner}" if self.field else owner

    @property
    def dependent_name(self) -> str:
        """Its name where Hasura reports it as dependent on something.

        >>> ObjectId("default", QualifiedName("public", "author"), "select_permissions", "user").dependent_name
        'permission author.user.select in source "default"'
        """
        where = f'in source "{self.source}"'
        if self.field in PERMISSION_FIELDS.values():
            return f"permission {self.table}.{self.key}.{self.type.removesuffix('_permission')} {where}"
        kind = {
            "computed_field": "computed field",
            "table": "table",
            "function": "function",
            "remote_relationship": "remote relationship",
        }.get(self.type, "relationship")
        return f"{kind} {self.table}{f'.{self.key}' if self.key else ''} {where}"


@dataclass(frozen=True)
class Inconsistency:
    """`is_unserved` marks what is right as it stands but has no effect in this engine: told, and never refused."""

    object: ObjectId
    reason: str
    definition: Any = field(compare=False)
    message: str | None = None
    is_unserved: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "definition": self.definition,
            "reason": self.reason,
            "name": self.object.name,
            "type": self.object.type,
            **({} if self.message is None else {"message": self.message}),
            **({"code": "not-supported"} if self.is_unserved else {}),
        }


@dataclass(frozen=True)
class Failure:
    """Why a source can't be used; `message` holds PostgreSQL's own words."""

    reason: str
    message: str | None = None


@dataclass(frozen=True)
class Databases:
    """What is known of the sources: catalogs of those that answer, words of those that don't, rows of enum tables."""

    catalogs: Mapping[str, Catalog]
    failures: Mapping[str, Failure] = field(default_factory=dict)
    enums: Mapping[str, Mapping[QualifiedName, EnumValues]] = field(default_factory=dict)


def problem(found: ObjectId, reason: str, definition: Any, message: str | None = None) -> Inconsistency:
    return Inconsistency(found, f"Inconsistent object: {reason}", definition, message)


def new_inconsistencies(
    before: tuple[Inconsistency, ...], after: tuple[Inconsistency, ...]
) -> tuple[Inconsistency, ...]:
    """Those of the later ones that are wrong, and whose objects were sound before."""
    known = {problem.object for problem in before}
    return tuple(problem for problem in after if problem.object not in known and not problem.is_unserved)


def dependents(before: tuple[Inconsistency, ...], after: tuple[Inconsistency, ...]) -> tuple[Inconsistency, ...]:
    """Those of the new ones that go with what they depend on; an inherited role outlives its parents."""
    return tuple(found for found in new_inconsistencies(before, after) if found.object.source)


def consistent(metadata: Metadata, found: tuple[Inconsistency, ...]) -> Metadata:
    """The metadata without its inconsistent objects."""
    for inconsistency in found:
        metadata = drop_object(metadata, inconsistency.object)
    return metadata


def drop_object(metadata: Metadata, dropped: ObjectId) -> Metadata:
    """The metadata without that object; unchanged where it is gone already."""
    if not dropped.source:
        return without_entry(metadata, dropped)
    source = metadata.sources.get(dropped.source)
    if source is None:
        return metadata
    if dropped.table is None:
        return replace(metadata, sources=without(metadata.sources, source.name))
    return metadata.with_source(drop_in_source(source, dropped.table, dropped))


def without_entry(metadata: Metadata, dropped: ObjectId) -> Metadata:
    if dropped.field == "inherited_roles":
        return replace(metadata, inherited_roles=without(metadata.inherited_roles, dropped.key))
    return replace(metadata, rest=without_named(metadata.rest, dropped.field, dropped.key))


def drop_in_source(source: Source, name: QualifiedName, dropped: ObjectId) -> Source:
    if dropped.is_function:
        return replace(source, functions=without(source.functions, name))
    if not dropped.field:
        return replace(source, tables=without(source.tables, name))
    table = source.tables.get(name)
    return source if table is None else source.with_table(drop_in_table(table, dropped))


def drop_in_table(table: Table, dropped: ObjectId) -> Table:
    if dropped.field in table.rest:
        return replace(table, rest=without_named(table.rest, dropped.field, dropped.key))
    if dropped.field in ("event_triggers", "remote_relationships"):
        return table
    return table.with_entries(dropped.field, without(table.entries(dropped.field), dropped.key))

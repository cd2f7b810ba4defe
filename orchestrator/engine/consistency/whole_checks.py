"""Checks of what no single source decides: relationships between sources, inherited roles, and what is only kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.engine.consistency.inconsistency import Databases, Inconsistency, ObjectId, problem
from orchestrator.engine.metadata.model import PERMISSION_FIELDS, Metadata, Source, Table, named_entries
from orchestrator.engine.metadata.writer import write_name
from orchestrator.engine.tracked import RemoteRelationship, read_remote_relationship

IMAGE: Final = "the image hasura/graphql-engine"
UNSERVED: Final[Mapping[str, str]] = {
    "remote_schemas": f"remote schemas are kept and exported, but not served by this engine; {IMAGE} serves them",
    "actions": f"actions are kept and exported, but not served by this engine; {IMAGE} serves them",
    "cron_triggers": f"cron triggers are kept and exported, but not fired by this engine; {IMAGE} fires them",
    "event_triggers": f"event triggers are kept and exported, but not fired by this engine; {IMAGE} fires them",
    "remote_relationships": (
        f"relationships to remote schemas are kept and exported, but not served by this engine; {IMAGE} serves them"
    ),
}


def unserved(metadata: Metadata, databases: Databases) -> Iterator[Inconsistency]:
    """What is kept and exported, and has no effect in this engine."""
    del databases
    for source, table in all_tables(metadata):
        for trigger in named_entries(table.rest, "event_triggers"):
            yield kept(ObjectId(source.name, table.name, "event_triggers", trigger["name"]), trigger)
        for entry in named_entries(table.rest, "remote_relationships"):
            if not leads_to_source(entry):
                found = ObjectId(source.name, table.name, "remote_relationships", entry["name"])
                yield kept(found, remote_definition(source, table, entry))
    for field in ("remote_schemas", "actions", "cron_triggers"):
        for entry in named_entries(metadata.rest, field):
            yield kept(ObjectId("", field=field, key=entry["name"]), entry)


def leads_to_source(entry: Mapping[str, Any]) -> bool:
    definition = entry.get("definition")
    return isinstance(definition, dict) and "to_source" in definition


def all_tables(metadata: Metadata) -> Iterator[tuple[Source, Table]]:
    return ((source, table) for source in metadata.sources.values() for table in source.tables.values())


def kept(found: ObjectId, definition: Any) -> Inconsistency:
    return replace(problem(found, UNSERVED[found.field], definition), is_unserved=True)


def remote_definition(source: Source, table: Table, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": entry["name"], "source": source.name, "table": write_name(table.name), **entry}


def remote_relationship_problems(metadata: Metadata, databases: Databases) -> Iterator[Inconsistency]:
    """Relationships to other sources that lead nowhere."""
    for source, table in all_tables(metadata):
        for entry in named_entries(table.rest, "remote_relationships"):
            if not leads_to_source(entry):
                continue
            reason = remote_reason(metadata, databases, (source, table), read_remote_relationship(entry))
            if reason is not None:
                found = ObjectId(source.name, table.name, "remote_relationships", entry["name"])
                yield problem(found, reason, remote_definition(source, table, entry))


def remote_reason(
    metadata: Metadata, databases: Databases, near: tuple[Source, Table], found: RemoteRelationship | None
) -> str | None:
    source, table = near
    if found is None:
        return "the definition of to_source needs source, table, relationship_type and field_mapping"
    if found.source not in metadata.sources:
        return f'source not found: "{found.source}"'
    if found.table not in metadata.sources[found.source].tables:
        return f'table "{found.table}" does not exist in source: {found.source}'
    here = databases.catalogs[source.name].tables[table.name]
    there = databases.catalogs[found.source].tables[found.table]
    for local, far in found.columns:
        if local not in here.column:
            return f'table "{here.name}" has no field named "{local}"'
        if far not in there.column:
            return f'table "{there.name}" has no field named "{far}"'
    return None


def inherited_role_problems(metadata: Metadata, databases: Databases) -> Iterator[Inconsistency]:
    """Inherited roles whose parents are missing, or their own children."""
    del databases
    known = {*metadata.inherited_roles, *permitted_roles(metadata)}
    for name, parents in metadata.inherited_roles.items():
        missing = sorted(set(parents) - known)
        cycle = cycle_from(name, metadata.inherited_roles)
        definition = {"role_name": name, "role_set": list(parents)}
        found = ObjectId("", field="inherited_roles", key=name)
        if missing:
            listed = ", ".join(missing)
            needed = f'which are required to construct the inherited role: "{name}"'
            yield problem(found, f"the following parent role(s) are not found: {listed} {needed}", definition)
        elif cycle:
            yield problem(found, f"found cycle(s) in roles: {cycle}", definition)


def permitted_roles(metadata: Metadata) -> Iterator[str]:
    """The roles that may do something."""
    for source, table in all_tables(metadata):
        for name in PERMISSION_FIELDS.values():
            yield from table.entries(name)
        for function in source.functions.values():
            yield from function.permissions
    for field in ("actions", "remote_schemas"):
        for entry in named_entries(metadata.rest, field):
            yield from (permission["role"] for permission in entry.get("permissions") or ())


def cycle_from(role: str, inherited: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The roles from a role along its parents back to itself; none where there is no such way.

    >>> cycle_from("a", {"a": ("b",), "b": ("c", "a")})
    ['a', 'b']
    """
    ways = [[role]]
    seen = set()
    while ways:
        way = ways.pop()
        for parent in inherited.get(way[-1], ()):
            if parent == role:
                return way
            if parent not in seen:
                seen.add(parent)
                ways.append([*way, parent])
    return []

"""Commands about relationships to other sources, and to remote schemas, which are only kept and exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.engine.commands.command import Call, Result, changed, field_taken, refusal, table_of
from orchestrator.engine.commands.kept import with_warning
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.metadata.model import Source, Table

FIELD = "remote_relationships"


def create_remote_relationship(call: Call) -> Result:
    name, definition = call.args["name"].non_empty_text(), call.args["definition"].object()
    source, table = table_of(call)
    if field_taken(call, source, table, name) or name in names(table):
        raise refusal("already-exists", f'field with name "{name}" already exists in table "{table.name}"')
    entries = [*kept(table), {"name": name, "definition": definition}]
    return put(call, source, with_relationships(table, entries), name)


def put(call: Call, source: Source, table: Table, name: str) -> Result:
    about = ObjectId(source.name, table.name, FIELD, name)
    return replace(changed(call, source, table, about), answer=with_warning(about))


def update_remote_relationship(call: Call) -> Result:
    name, definition = call.args["name"].non_empty_text(), call.args["definition"].object()
    source, table = table_of(call)
    require(table, name)
    updated = [{**entry, "definition": definition} if entry["name"] == name else entry for entry in kept(table)]
    return put(call, source, with_relationships(table, updated), name)


def delete_remote_relationship(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    source, table = table_of(call)
    require(table, name)
    return changed(call, source, with_relationships(table, [entry for entry in kept(table) if entry["name"] != name]))


def kept(table: Table) -> list[dict[str, Any]]:
    return list(table.rest.get(FIELD, ()))


def names(table: Table) -> list[str]:
    return [entry["name"] for entry in kept(table)]


def require(table: Table, name: str) -> None:
    if name not in names(table):
        raise refusal("not-exists", f'no remote relationship named "{name}" on table "{table.name}"')


def with_relationships(table: Table, entries: list[dict[str, Any]]) -> Table:
    rest = {key: value for key, value in table.rest.items() if key != FIELD}
    return replace(table, rest={**rest, FIELD: entries} if entries else rest)

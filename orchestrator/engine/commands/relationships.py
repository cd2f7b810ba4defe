"""Commands about relationships: create, drop, rename, comment."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.engine.commands.command import Call, Result, changed, dropped, field_taken, refusal, table_of
from orchestrator.engine.consistency.check import relationship_field
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.metadata import renaming
from orchestrator.engine.metadata.model import Relationship, Source, Table, without
from orchestrator.engine.metadata.reader import read_array_relationship, read_object_relationship


def create_object_relationship(call: Call) -> Result:
    return create(call, read_object_relationship(call.args))


def create_array_relationship(call: Call) -> Result:
    return create(call, read_array_relationship(call.args))


def create(call: Call, relationship: Relationship) -> Result:
    source, table = table_of(call)
    require_free(call, source, table, relationship.name)
    return put(call, source, table, relationship)


def require_free(call: Call, source: Source, table: Table, name: str) -> None:
    if field_taken(call, source, table, name):
        raise refusal("already-exists", f'field with name "{name}" already exists in table "{table.name}"')


def put(call: Call, source: Source, table: Table, relationship: Relationship) -> Result:
    name = relationship_field(relationship)
    entries = {**table.entries(name), relationship.name: relationship}
    built = ObjectId(source.name, table.name, name, relationship.name)
    return changed(call, source, table.with_entries(name, entries), built)


def find(table: Table, name: str) -> Relationship:
    if name not in table.relationships:
        raise refusal("not-exists", f'relationship "{name}" does not exist')
    return table.relationships[name]


def drop_relationship(call: Call) -> Result:
    name, cascade = call.args["relationship"].non_empty_text(), call.args.flag("cascade")
    source, table = table_of(call)
    gone = ObjectId(source.name, table.name, relationship_field(find(table, name)), name)
    return dropped(call, gone, cascade=cascade)


def set_relationship_comment(call: Call) -> Result:
    name, comment = call.args["relationship"].non_empty_text(), call.args.optional_text("comment")
    source, table = table_of(call)
    return put(call, source, table, replace(find(table, name), comment=comment))


def rename_relationship(call: Call) -> Result:
    """Renames it, and its mentions in the permissions of all tables."""
    name, new_name = call.args["name"].non_empty_text(), call.args["new_name"].non_empty_text()
    source, table = table_of(call)
    relationship = find(table, name)
    require_free(call, source, table, new_name)
    kind = relationship_field(relationship)
    renamed = replace(relationship, name=new_name)
    entries = {**without(table.entries(kind), name), new_name: renamed}
    followed = renaming.rename_relationship(source, call.databases.catalogs[source.name], table.name, name, new_name)
    table = followed.tables[table.name].with_entries(kind, entries)
    return changed(call, followed, table, ObjectId(source.name, table.name, kind, new_name))

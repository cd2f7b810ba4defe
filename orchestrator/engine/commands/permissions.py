"""Commands about permissions: create, drop, comment, for each of the four kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from orchestrator.engine.commands.command import Call, Command, Result, changed, refusal, table_of
from orchestrator.engine.consistency.inconsistency import ObjectId, drop_object
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import PERMISSION_FIELDS, Permission, Table
from orchestrator.engine.metadata.reader import (
    read_delete_permission,
    read_insert_permission,
    read_select_permission,
    read_update_permission,
)

READERS: Final[Mapping[str, Callable[[JsonValue, str | None], Permission]]] = {
    "insert": read_insert_permission,
    "select": read_select_permission,
    "update": read_update_permission,
    "delete": read_delete_permission,
}


def create_permission(kind: str) -> Command:
    name, read = PERMISSION_FIELDS[kind], READERS[kind]

    def create(call: Call) -> Result:
        role = call.args["role"].non_empty_text()
        permission = read(call.args["permission"], call.args.optional_text("comment"))
        source, table = table_of(call)
        entries = table.entries(name)
        if role in entries or role == "admin":
            raise refusal(
                "already-exists", f'{kind} permission already defined on table "{table.name}" with role "{role}"'
            )
        built = ObjectId(source.name, table.name, name, role)
        return changed(call, source, table.with_entries(name, {**entries, role: permission}), built)

    return create


def drop_permission(kind: str) -> Command:
    name = PERMISSION_FIELDS[kind]

    def drop(call: Call) -> Result:
        role = call.args["role"].non_empty_text()
        source, table = table_of(call)
        find(table, kind, role)
        return Result(drop_object(call.metadata, ObjectId(source.name, table.name, name, role)))

    return drop


def find(table: Table, kind: str, role: str) -> Permission:
    entries: Mapping[str, Permission] = table.entries(PERMISSION_FIELDS[kind])
    if role not in entries:
        raise refusal("permission-denied", f'{kind} permission on "{table.name}" for role "{role}" does not exist')
    return entries[role]


def set_permission_comment(call: Call) -> Result:
    role, comment, kind = (
        call.args["role"].non_empty_text(),
        call.args.optional_text("comment"),
        call.args["type"].text(),
    )
    if kind not in PERMISSION_FIELDS:
        raise call.args["type"].refuse("type should be one of 'insert', 'select', 'update', 'delete'")
    source, table = table_of(call)
    name = PERMISSION_FIELDS[kind]
    entries = {**table.entries(name), role: replace(find(table, kind, role), comment=comment)}
    return changed(call, source, table.with_entries(name, entries))

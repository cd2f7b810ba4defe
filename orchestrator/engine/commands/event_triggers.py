"""Commands about event triggers, which are kept and exported; this engine does not fire them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.engine.commands.command import Call, Result, find_source, refusal, table_of
from orchestrator.engine.commands.kept import members, with_warning
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Source, Table, named_entries, without_named
from orchestrator.engine.metadata.reader import read_columns, source_name

FIELD: Final = "event_triggers"
OPERATIONS: Final = ("insert", "update", "delete")
RETRIES: Final = {"interval_sec": 10, "num_retries": 0, "timeout_sec": 60}


def create_event_trigger(call: Call) -> Result:
    trigger = read_trigger(call.args)
    source, table = table_of(call)
    name, owner = trigger["name"], owner_of(source, trigger["name"])
    replaces = call.args.flag("replace")
    if owner is not None and not replaces:
        raise refusal("already-exists", f'event trigger with name "{name}" already exists')
    if replaces and (owner is None or owner.name != table.name):
        raise refusal("not-exists", f'event trigger "{name}" does not exist')
    entries = [*named_entries(without_named(table.rest, FIELD, name), FIELD), trigger]
    changed = replace(table, rest={**table.rest, FIELD: entries})
    about = ObjectId(source.name, table.name, FIELD, name)
    return Result(call.metadata.with_source(source.with_table(changed)), with_warning(about))


def delete_event_trigger(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    source = find_source(call, source_name(call.args))
    owner = owner_of(source, name)
    if owner is None:
        raise refusal("not-exists", f'event trigger "{name}" does not exist')
    left = replace(owner, rest=without_named(owner.rest, FIELD, name))
    return Result(call.metadata.with_source(source.with_table(left)))


def owner_of(source: Source, name: str) -> Table | None:
    """The table that has the trigger."""
    for table in source.tables.values():
        if any(entry["name"] == name for entry in named_entries(table.rest, FIELD)):
            return table
    return None


def read_trigger(value: JsonValue) -> Mapping[str, Any]:
    """An event trigger as the metadata has it, from the flat arguments of the command."""
    name = value["name"].non_empty_text()
    operations = {key: read_operation(found) for key in OPERATIONS if (found := value.get(key))}
    manual = value.optional("enable_manual", JsonValue.boolean, False)
    if not operations and not manual:
        raise value.refuse("at least one amongst insert/update/delete/enable_manual spec must be provided")
    return {
        "name": name,
        "definition": {"enable_manual": manual, **operations},
        "retry_conf": {**RETRIES, **value.optional("retry_conf", JsonValue.object, {})},
        **read_webhook(value),
        **members(value, "headers", "request_transform", "response_transform", "cleanup_config"),
    }


def read_operation(value: JsonValue) -> Mapping[str, Any]:
    read_columns(value["columns"])
    if payload := value.get("payload"):
        read_columns(payload)
    return dict(value.object())


def read_webhook(value: JsonValue) -> Mapping[str, str]:
    given = {key: found.non_empty_text() for key in ("webhook", "webhook_from_env") if (found := value.get(key))}
    if len(given) == 2:
        raise value.refuse("only one of webhook or webhook_from_env should be given")
    if not given:
        raise value.refuse("must provide webhook or webhook_from_env")
    return given

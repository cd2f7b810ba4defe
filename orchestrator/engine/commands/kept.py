"""Commands about what this engine keeps and exports without serving it: actions, remote schemas, cron triggers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from orchestrator.engine.commands.command import SUCCESS, Call, Command, Result, refusal
from orchestrator.engine.consistency.inconsistency import Inconsistency, ObjectId
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Metadata, named_entries, without, without_named

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A list of the metadata: its key, what Hasura calls an entry, and what reads one from arguments."""

    key: str
    called: Callable[[str], str]
    read: Callable[[JsonValue], Entry]

    def id(self, name: str) -> ObjectId:
        return ObjectId("", field=self.key, key=name)


def put(metadata: Metadata, key: str, entry: Entry) -> Metadata:
    """The metadata with the entry in place of the one of its name, or at the end."""
    entries = list(named_entries(metadata.rest, key))
    if all(other["name"] != entry["name"] for other in entries):
        entries.append(entry)
    changed = [entry if other["name"] == entry["name"] else other for other in entries]
    return replace(metadata, rest={**metadata.rest, key: changed})


def find(metadata: Metadata, kind: Kind, name: str) -> Entry:
    for entry in named_entries(metadata.rest, kind.key):
        if entry["name"] == name:
            return entry
    raise refusal("not-exists", f"{kind.called(name)} does not exist")


def has(metadata: Metadata, kind: Kind, name: str) -> bool:
    return any(entry["name"] == name for entry in named_entries(metadata.rest, kind.key))


def create(kind: Kind) -> Command:
    def command(call: Call) -> Result:
        entry = kind.read(call.args)
        if has(call.metadata, kind, entry["name"]) and not call.args.flag("replace"):
            raise refusal("already-exists", f"{kind.called(entry['name'])} already exists")
        return Result(put(call.metadata, kind.key, entry), with_warning(kind.id(entry["name"])))

    return command


def update(kind: Kind) -> Command:
    def command(call: Call) -> Result:
        entry = kind.read(call.args)
        old = find(call.metadata, kind, entry["name"])
        # What is granted is not the definition's.
        granted = {"permissions": old["permissions"]} if old.get("permissions") else {}
        return Result(put(call.metadata, kind.key, {**entry, **granted}), with_warning(kind.id(entry["name"])))

    return command


def drop(kind: Kind) -> Command:
    def command(call: Call) -> Result:
        name = call.args["name"].non_empty_text()
        find(call.metadata, kind, name)
        return Result(replace(call.metadata, rest=without_named(call.metadata.rest, kind.key, name)))

    return command


def with_warning(about: ObjectId) -> Callable[[tuple[Inconsistency, ...]], Any]:
    """The answer that says what has no effect here, as Hasura words warnings."""

    def answer(found: tuple[Inconsistency, ...]) -> Any:
        warnings = [
            {"code": "not-supported", "message": each.reason, "name": about.name, "type": about.type}
            for each in found
            if each.object == about and each.is_unserved
        ]
        return {**SUCCESS, "warnings": warnings} if warnings else dict(SUCCESS)

    return answer


def text_members(value: JsonValue, *keys: str) -> dict[str, Any]:
    return {key: found for key in keys if (found := value.optional_text(key)) is not None}


def members(value: JsonValue, *keys: str) -> dict[str, Any]:
    """Those of the members that are there and hold something."""
    return {key: value.object()[key] for key in keys if value.object().get(key) not in (None, [], {})}


def read_action(value: JsonValue) -> Entry:
    name, definition = value["name"].non_empty_text(), value["definition"]
    definition["handler"].non_empty_text()
    kind = definition.optional_text("kind")
    if kind not in (None, "synchronous", "asynchronous"):
        raise definition["kind"].refuse('expected one of "synchronous", "asynchronous"')
    return {"name": name, "definition": dict(definition.object()), **text_members(value, "comment")}


def read_remote_schema(value: JsonValue) -> Entry:
    name, definition = value["name"].non_empty_text(), value["definition"]
    if (definition.get("url") is None) == (definition.get("url_from_env") is None):
        raise definition.refuse("expecting one of url or url_from_env, not both")
    return {"name": name, "definition": dict(definition.object()), **text_members(value, "comment")}


def read_cron_trigger(value: JsonValue) -> Entry:
    name, webhook, schedule = value["name"].non_empty_text(), value["webhook"], value["schedule"].non_empty_text()
    if not isinstance(webhook.json, (str, dict)):
        webhook.text()
    if len(schedule.split()) != 5:
        raise value["schedule"].refuse("a cron schedule has five fields")
    return {
        "name": name,
        "webhook": webhook.json,
        "schedule": schedule,
        "include_in_metadata": value["include_in_metadata"].boolean(),
        **members(value, "payload", "headers", "retry_conf", "request_transform", "response_transform"),
        **text_members(value, "comment"),
    }


ACTION: Final = Kind("actions", lambda name: f'action with name "{name}"', read_action)
REMOTE_SCHEMA: Final = Kind("remote_schemas", lambda name: f'remote schema with name "{name}"', read_remote_schema)
CRON_TRIGGER: Final = Kind("cron_triggers", lambda name: f"cron trigger with name: {name}", read_cron_trigger)


def get_cron_triggers(call: Call) -> Result:
    return Result(call.metadata, {"cron_triggers": list(named_entries(call.metadata.rest, CRON_TRIGGER.key))})


def drop_action(call: Call) -> Result:
    call.args.optional("clear_data", JsonValue.boolean, True)
    return drop(ACTION)(call)


def grant(kind: Kind, owner: str, read: Callable[[JsonValue], Entry]) -> Command:
    """The command that lets a role use an entry of the list; the argument `owner` names it."""

    def command(call: Call) -> Result:
        name, role = call.args[owner].non_empty_text(), call.args["role"].non_empty_text()
        permission = read(call.args)
        entry = find(call.metadata, kind, name)
        permissions = entry.get("permissions") or []
        if any(other["role"] == role for other in permissions):
            raise refusal("already-exists", f'permission for role "{role}" is already defined on "{name}"')
        return Result(put(call.metadata, kind.key, {**entry, "permissions": [*permissions, permission]}))

    return command


def revoke(kind: Kind, owner: str) -> Command:
    def command(call: Call) -> Result:
        name, role = call.args[owner].non_empty_text(), call.args["role"].non_empty_text()
        entry = find(call.metadata, kind, name)
        permissions = entry.get("permissions") or []
        left = [other for other in permissions if other["role"] != role]
        if len(left) == len(permissions):
            raise refusal("not-exists", f'permission for role "{role}" is not defined on "{name}"')
        changed = {**entry, "permissions": left} if left else without(entry, "permissions")
        return Result(put(call.metadata, kind.key, changed))

    return command


def action_permission(value: JsonValue) -> Entry:
    return {"role": value["role"].text(), **text_members(value, "comment")}


def remote_schema_permission(value: JsonValue) -> Entry:
    value["definition"]["schema"].text()
    return {
        "role": value["role"].text(),
        "definition": dict(value["definition"].object()),
        **text_members(value, "comment"),
    }


def set_custom_types(call: Call) -> Result:
    found = members(call.args, "input_objects", "objects", "scalars", "enums")
    for key in found:
        for item in call.args[key].items():
            item["name"].non_empty_text()
    return with_part(call, "custom_types", found)


def with_part(call: Call, key: str, value: Any) -> Result:
    """The result of keeping a part of the metadata; an empty one is not kept."""
    rest = without(call.metadata.rest, key)
    return Result(replace(call.metadata, rest={**rest, key: value} if value else rest))


def setting(key: str) -> tuple[Command, Command]:
    """The commands that keep the arguments as a part of the metadata, and that forget it."""

    def keep(call: Call) -> Result:
        return with_part(call, key, dict(call.args.object()))

    def forget(call: Call) -> Result:
        return with_part(call, key, None)

    return keep, forget


def set_opentelemetry_status(call: Call) -> Result:
    status = call.args.text() if isinstance(call.args.json, str) else call.args["status"].text()
    if status not in ("enabled", "disabled", "env"):
        raise call.args.refuse("expected one of enabled, disabled, env")
    return with_part(call, "opentelemetry", {**call.metadata.rest.get("opentelemetry", {}), "status": status})


def allowed_hosts(metadata: Metadata) -> list[Entry]:
    return list((metadata.rest.get("network") or {}).get("tls_allowlist") or ())


def read_host(value: JsonValue) -> Entry:
    permissions = value.get("permissions")
    return {
        "host": value["host"].non_empty_text(),
        **text_members(value, "suffix"),
        **({"permissions": list(permissions.texts())} if permissions else {}),
    }


def address(host: Entry) -> tuple[Any, Any]:
    return host["host"], host.get("suffix")


def add_host_to_tls_allowlist(call: Call) -> Result:
    host = read_host(call.args)
    hosts = allowed_hosts(call.metadata)
    if any(address(other) == address(host) for other in hosts):
        raise refusal("already-exists", f'the host "{host["host"]}" already exists in the allowlist')
    return with_part(call, "network", {"tls_allowlist": [*hosts, host]})


def drop_host_from_tls_allowlist(call: Call) -> Result:
    host = read_host(call.args)
    hosts = allowed_hosts(call.metadata)
    left = [other for other in hosts if address(other) != address(host)]
    if len(left) == len(hosts):
        raise refusal("not-exists", f'the host "{host["host"]}" isn\'t present in the allowlist')
    return with_part(call, "network", {"tls_allowlist": left} if left else None)


def reload_remote_schema(call: Call) -> Result:
    find(call.metadata, REMOTE_SCHEMA, call.args["name"].non_empty_text())
    return Result(call.metadata)


SETTINGS: Final[Mapping[str, str]] = {
    "api_limits": "api_limits",
    "metrics_config": "metrics_config",
    "opentelemetry_config": "opentelemetry",
    "graphql_schema_introspection_options": "graphql_schema_introspection",
}
"""What `set_…` keeps and `remove_…` forgets, and where it stands in the metadata."""

COMMANDS: Final[Mapping[str, Command]] = {
    "create_action": create(ACTION),
    "update_action": update(ACTION),
    "drop_action": drop_action,
    "create_action_permission": grant(ACTION, "action", action_permission),
    "drop_action_permission": revoke(ACTION, "action"),
    "set_custom_types": set_custom_types,
    "add_remote_schema": create(REMOTE_SCHEMA),
    "update_remote_schema": update(REMOTE_SCHEMA),
    "remove_remote_schema": drop(REMOTE_SCHEMA),
    "reload_remote_schema": reload_remote_schema,
    "add_remote_schema_permissions": grant(REMOTE_SCHEMA, "remote_schema", remote_schema_permission),
    "drop_remote_schema_permissions": revoke(REMOTE_SCHEMA, "remote_schema"),
    "create_cron_trigger": create(CRON_TRIGGER),
    "delete_cron_trigger": drop(CRON_TRIGGER),
    "get_cron_triggers": get_cron_triggers,
    "add_host_to_tls_allowlist": add_host_to_tls_allowlist,
    "drop_host_from_tls_allowlist": drop_host_from_tls_allowlist,
    **{f"set_{name}": setting(key)[0] for name, key in SETTINGS.items()},
    **{f"remove_{name}": setting(key)[1] for name, key in SETTINGS.items()},
    "set_opentelemetry_status": set_opentelemetry_status,
}

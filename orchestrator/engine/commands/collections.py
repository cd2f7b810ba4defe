"""Commands about query collections and the allow list, which are kept and exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from orchestrator.engine.commands.command import Call, Result, refusal
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Metadata

Entries = list[dict[str, Any]]
COLLECTIONS, ALLOWLIST = "query_collections", "allowlist"


def entries_of(metadata: Metadata, key: str) -> Entries:
    return list(metadata.rest.get(key, ()))


def with_entries(metadata: Metadata, key: str, entries: Entries) -> Result:
    rest = {name: value for name, value in metadata.rest.items() if name != key}
    return Result(replace(metadata, rest={**rest, key: entries} if entries else rest))


def read_query(value: JsonValue) -> dict[str, Any]:
    return {"name": value["name"].non_empty_text(), "query": value["query"].text()}


def create_query_collection(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    queries = [read_query(item) for item in call.args["definition"]["queries"].items()]
    entries = entries_of(call.metadata, COLLECTIONS)
    if any(entry["name"] == name for entry in entries):
        raise refusal("already-exists", f'query collection with name "{name}" already exists')
    comment = call.args.optional_text("comment")
    entry = {"name": name, **({"comment": comment} if comment else {}), "definition": {"queries": queries}}
    return with_entries(call.metadata, COLLECTIONS, [*entries, entry])


def drop_query_collection(call: Call) -> Result:
    name = call.args["collection"].non_empty_text()
    require_collection(call, name)
    used = [entry for entry in entries_of(call.metadata, ALLOWLIST) if entry["collection"] == name]
    if used and not call.args.flag("cascade"):
        message = f'query collection with name "{name}" is present in the allowlist; cannot proceed to drop'
        raise refusal("dependency-error", message)
    left = [entry for entry in entries_of(call.metadata, COLLECTIONS) if entry["name"] != name]
    allowed = [entry for entry in entries_of(call.metadata, ALLOWLIST) if entry["collection"] != name]
    return with_entries(with_entries(call.metadata, COLLECTIONS, left).metadata, ALLOWLIST, allowed)


def rename_query_collection(call: Call) -> Result:
    name, new_name = call.args["name"].non_empty_text(), call.args["new_name"].non_empty_text()
    require_collection(call, name)
    entries = entries_of(call.metadata, COLLECTIONS)
    if any(entry["name"] == new_name for entry in entries):
        raise refusal("already-exists", f'query collection with name "{new_name}" already exists')
    renamed = [{**entry, "name": new_name} if entry["name"] == name else entry for entry in entries]
    allowed = [
        {**entry, "collection": new_name} if entry["collection"] == name else entry
        for entry in entries_of(call.metadata, ALLOWLIST)
    ]
    return with_entries(with_entries(call.metadata, COLLECTIONS, renamed).metadata, ALLOWLIST, allowed)


def require_collection(call: Call, name: str) -> None:
    if all(entry["name"] != name for entry in entries_of(call.metadata, COLLECTIONS)):
        raise refusal("not-exists", f'query collection with name "{name}" does not exist')


def change_queries(call: Call, name: str, change: Callable[[Entries], Entries]) -> Result:
    require_collection(call, name)
    entries = [
        {**entry, "definition": {"queries": change(entry["definition"]["queries"])}} if entry["name"] == name else entry
        for entry in entries_of(call.metadata, COLLECTIONS)
    ]
    return with_entries(call.metadata, COLLECTIONS, entries)


def add_query_to_collection(call: Call) -> Result:
    name, query = call.args["collection_name"].non_empty_text(), call.args["query_name"].non_empty_text()
    added = {"name": query, "query": call.args["query"].text()}

    def change(queries: Entries) -> Entries:
        if any(entry["name"] == query for entry in queries):
            message = f'query with name "{query}" already exists in collection "{name}"'
            raise refusal("already-exists", message)
        return [*queries, added]

    return change_queries(call, name, change)


def drop_query_from_collection(call: Call) -> Result:
    name, query = call.args["collection_name"].non_empty_text(), call.args["query_name"].non_empty_text()

    def change(queries: Entries) -> Entries:
        left = [entry for entry in queries if entry["name"] != query]
        if len(left) == len(queries):
            raise refusal("not-found", f'query with name "{query}" not found in collection "{name}"')
        return left

    return change_queries(call, name, change)


def add_collection_to_allowlist(call: Call) -> Result:
    name = call.args["collection"].non_empty_text()
    require_collection(call, name)
    entries = entries_of(call.metadata, ALLOWLIST)
    if any(entry["collection"] == name for entry in entries):
        return Result(call.metadata, {"message": f'collection "{name}" already exists in the allowlist'})
    scope = call.args.optional("scope", read_scope, None)
    return with_entries(
        call.metadata, ALLOWLIST, [*entries, {"collection": name, **({"scope": scope} if scope else {})}]
    )


def read_scope(value: JsonValue) -> dict[str, Any]:
    """Whom the collection is allowed to: `{"global": true}`, or `{"global": false, "roles": […]}`."""
    if value["global"].boolean():
        return {"global": True}
    roles = value["roles"].texts()
    if not roles:
        raise value["roles"].refuse("empty list of roles")
    return {"global": False, "roles": list(roles)}


def update_scope_of_collection_in_allowlist(call: Call) -> Result:
    name, scope = call.args["collection"].non_empty_text(), read_scope(call.args["scope"])
    entries = entries_of(call.metadata, ALLOWLIST)
    require_allowed(entries, name)
    updated = [{**entry, "scope": scope} if entry["collection"] == name else entry for entry in entries]
    return with_entries(call.metadata, ALLOWLIST, updated)


def require_allowed(entries: Entries, name: str) -> None:
    if all(entry["collection"] != name for entry in entries):
        raise refusal("not-found", f'collection "{name}" doesn\'t exist in the allowlist')


def drop_collection_from_allowlist(call: Call) -> Result:
    name = call.args["collection"].non_empty_text()
    entries = entries_of(call.metadata, ALLOWLIST)
    require_allowed(entries, name)
    left = [entry for entry in entries if entry["collection"] != name]
    return with_entries(call.metadata, ALLOWLIST, left)

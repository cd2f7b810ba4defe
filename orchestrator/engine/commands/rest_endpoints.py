"""Commands about REST endpoints: paths that run a query of a collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.engine.commands import collections
from orchestrator.engine.commands.command import Call, Result, refusal
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import named_entries

FIELD: Final = "rest_endpoints"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def create_rest_endpoint(call: Call) -> Result:
    endpoint = read_endpoint(call.args)
    entries = named_entries(call.metadata.rest, FIELD)
    if any(entry["name"] == endpoint["name"] for entry in entries):
        raise refusal("already-exists", f"REST endpoint with name: {endpoint['name']} already exists")
    require_query(call, endpoint["definition"]["query"])
    return collections.with_entries(call.metadata, FIELD, [*map(dict, entries), endpoint])


def drop_rest_endpoint(call: Call) -> Result:
    name = call.args["name"].non_empty_text()
    entries = named_entries(call.metadata.rest, FIELD)
    left = [dict(entry) for entry in entries if entry["name"] != name]
    if len(left) == len(entries):
        raise refusal("not-exists", f"REST endpoint with name: {name} does not exist")
    return collections.with_entries(call.metadata, FIELD, left)


def read_endpoint(value: JsonValue) -> dict[str, Any]:
    name, url, query = value["name"].non_empty_text(), value["url"].non_empty_text(), value["definition"]["query"]
    methods = value["methods"].texts()
    for method in methods:
        if method.upper() not in METHODS:
            raise value["methods"].refuse(f"expected some of {', '.join(METHODS)}")
    comment = value.optional_text("comment")
    return {
        "name": name,
        "url": url,
        "methods": [method.upper() for method in methods],
        "definition": {
            "query": {
                "collection_name": query["collection_name"].non_empty_text(),
                "query_name": query["query_name"].non_empty_text(),
            }
        },
        "comment": comment,
    }


def require_query(call: Call, query: Mapping[str, str]) -> None:
    collections.require_collection(call, query["collection_name"])
    name, collection = query["query_name"], query["collection_name"]
    for entry in collections.entries_of(call.metadata, collections.COLLECTIONS):
        if entry["name"] == collection and all(other["name"] != name for other in entry["definition"]["queries"]):
            raise refusal("not-exists", f'query with name "{name}" does not exist in query collection "{collection}"')

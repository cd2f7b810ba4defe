"""REST endpoints: which stored query answers a path and method, and what its variables are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from graphql import NamedTypeNode, NonNullTypeNode, TypeNode

from orchestrator.engine import exact_json
from orchestrator.engine.commands.rest_endpoints import METHODS
from orchestrator.engine.document import parse_document
from orchestrator.engine.errors import EngineError, bad_request, not_found, unexpected
from orchestrator.engine.metadata.model import Metadata
from orchestrator.engine.prepare import Request

__all__ = ["METHODS", "Given", "request_of"]

NUMBERS = frozenset(("Int", "Float", "Number", "Double", "float8", "numeric"))


@dataclass(frozen=True)
class Given:
    """What a request brings: the path behind `/api/rest/`, the URL's parameters and the body's members."""

    path: str
    method: str
    parameters: Mapping[str, str]
    body: Mapping[str, Any]


def request_of(metadata: Metadata, asked: Given) -> Request:
    """The GraphQL request that the endpoint of this path and method stands for."""
    endpoint, in_path = _endpoint(metadata, asked)
    reference = endpoint["definition"]["query"]
    text = _stored_query(metadata, reference["collection_name"], reference["query_name"])
    document = parse_document(text)
    if len(document.operations) != 1 or document.fragments:
        raise unexpected("A stored query should contain exactly one definition")
    types = {v.variable.name.value: v.type for v in document.operations[0].variable_definitions or ()}
    texts = {**asked.parameters, **in_path}
    for name in (*asked.body, *texts):
        if name not in types:
            raise bad_request(f"Unexpected variable {name}")
    values = {name: _value(name, text, types[name]) for name, text in texts.items()}
    given = {name: value for name, value in values.items() if value is not _ABSENT}
    return Request(text, {**asked.body, **given}, None)


def _endpoint(metadata: Metadata, asked: Given) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The endpoint, and the variables that the path gives."""
    steps = asked.path.split("/")
    endpoints: Iterable[Mapping[str, Any]] = metadata.rest.get("rest_endpoints", ())
    fitting = [(endpoint, found) for endpoint in endpoints if (found := _matched(endpoint["url"], steps)) is not None]
    if not fitting:
        raise not_found_here()
    open_to = [(endpoint, found) for endpoint, found in fitting if asked.method in endpoint["methods"]]
    if not open_to:
        methods = dict.fromkeys(method for endpoint, _ in fitting for method in endpoint["methods"])
        raise EngineError("method-not-allowed", f"Allowed methods: {', '.join(methods)}", status=405)
    if len(open_to) > 1:
        raise unexpected("Multiple endpoints match request")
    return open_to[0]


def not_found_here() -> EngineError:
    error = not_found("Endpoint not found")
    error.status = 404
    return error


def _matched(url: str, steps: list[str]) -> Mapping[str, str] | None:
    """The variables of the path, None where it is another's.

    >>> _matched("users/:id", ["users", "1"]), _matched("users/:id", ["users"])
    ({'id': '1'}, None)
    """
    wanted = url.split("/")
    if len(wanted) != len(steps):
        return None
    pairs = list(zip(wanted, steps, strict=True))
    if any(not want.startswith(":") and want != step for want, step in pairs):
        return None
    return {want[1:]: step for want, step in pairs if want.startswith(":")}


def _stored_query(metadata: Metadata, collection: str, name: str) -> str:
    for entry in metadata.rest.get("query_collections", ()):
        if entry["name"] == collection:
            for query in entry["definition"]["queries"]:
                if query["name"] == name:
                    return str(query["query"])
    raise not_found_here()


_ABSENT = object()


def _value(name: str, text: str, type_: TypeNode) -> Any:
    """The value that a URL's text stands for, _ABSENT where it is none."""
    inner = type_.type if isinstance(type_, NonNullTypeNode) else type_
    if not isinstance(inner, NamedTypeNode):
        raise bad_request(
            "List variables are not currently supported in URL or Query parameters. "
            f"(Variable {name}, with value {json.dumps(text, ensure_ascii=False)})"
        )
    kind = inner.name.value
    if not text:
        return True if kind == "Boolean" else text if inner is not type_ else _ABSENT
    if kind in ("Bool", "Boolean") and text in ("true", "false"):
        return text == "true"
    if kind in NUMBERS:
        return _number(text)
    return text


def _number(text: str) -> Any:
    try:
        value = exact_json.read(text.encode())
    except ValueError:
        return text
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else text

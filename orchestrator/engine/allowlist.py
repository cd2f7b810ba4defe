"""The allow list: the documents that every role may run, whatever their layout and with `__typename` or without."""

from __future__ import annotations

from typing import Any

from graphql import REMOVE, FieldNode, Node, Visitor, print_ast, visit

from orchestrator.engine.document import Document, parse_document
from orchestrator.engine.errors import EngineError
from orchestrator.engine.metadata.model import Metadata


class _WithoutTypename(Visitor):
    def enter_field(self, node: FieldNode, *_: Any) -> Any:
        return REMOVE if node.name.value == "__typename" else None


def normal_form(document: Document) -> tuple[str, ...]:
    """What documents that count as the same have in common."""
    nodes: tuple[Node, ...] = (*document.operations, *document.fragments)
    return tuple(print_ast(visit(node, _WithoutTypename())) for node in nodes)


def allowed_documents(metadata: Metadata) -> frozenset[tuple[str, ...]]:
    """The documents of the collections on the list; one that is for some roles only is Hasura Enterprise's affair."""
    listed = {
        entry["collection"]
        for entry in metadata.rest.get("allowlist", ())
        if (entry.get("scope") or {}).get("global", True)
    }
    collections = (item for item in metadata.rest.get("query_collections", ()) if item["name"] in listed)
    return frozenset(
        normal_form(document)
        for collection in collections
        for query in collection["definition"]["queries"]
        if (document := _parsed(query["query"])) is not None
    )


def _parsed(text: str) -> Document | None:
    try:
        return parse_document(text)
    except EngineError:
        return None

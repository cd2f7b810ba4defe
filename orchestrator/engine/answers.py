"""An operation's answer as a plan of slots, and the JSON that PostgreSQL's rows fill it with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.engine import plan


@dataclass(frozen=True, slots=True)
class Slot:
    """A root field of a query: its response key as JSON, and the column of a source's statement, or its constant, or
    what is below it."""

    key: bytes
    source: str
    column: int
    constant: bytes | None = None
    below: tuple[Slot, ...] | None = None
    of_values: bool = False


def slot_of(root: plan.Root, asked: dict[str, list[Any]]) -> Slot:
    """The root field's slot; the node that it asks of its source is added to `asked`."""
    key = orjson.dumps(root.key)
    if root.below is not None:
        return Slot(key, "", 0, below=tuple(slot_of(item, asked) for item in root.below))
    if root.node is None:
        return Slot(key, "", 0, root.constant, of_values=root.of_values)
    nodes = asked.setdefault(root.source, [])
    nodes.append(root.node)
    return Slot(key, root.source, len(nodes) - 1)


def filled(slots: Sequence[Slot], rows: Mapping[str, Any]) -> bytes:
    """The JSON object of the slots, with each source's row of JSON texts."""
    return json_object([(slot.key, _value(slot, rows)) for slot in slots])


def _value(slot: Slot, rows: Mapping[str, Any]) -> bytes:
    if slot.below is not None:
        return filled(slot.below, rows)
    answer: bytes = rows[slot.source][slot.column] if slot.constant is None else slot.constant
    return answer or b"null"


def json_object(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"{" + b",".join([key + b":" + value for key, value in pairs]) + b"}"

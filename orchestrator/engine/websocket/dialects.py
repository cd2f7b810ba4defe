"""The words of the two protocols: what a client's message means, and how the engine's are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.engine import exact_json

INVALID_MESSAGE, UNAUTHORIZED, FORBIDDEN, INIT_TIMEOUT, DUPLICATE, TOO_MANY_INITS = 4400, 4401, 4403, 4408, 4409, 4429
NORMAL, RESTART = 1000, 1012
KEEP_ALIVE = {"message": "keepalive"}
# A close frame has room for 123 bytes.
MAX_REASON = 120


class Closed(Exception):
    """The conversation is over; says why to the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Dialect:
    """The words in which the two protocols differ; a strict one closes the connection where a message is amiss."""

    name: str
    start: str
    stop: str
    data: str
    keep_alive: bytes
    is_strict: bool

    def answer(self, key: str, payload: bytes) -> bytes:
        return b'{"type":"%s","id":%s,"payload":%s}' % (self.data.encode(), orjson.dumps(key), payload)

    def refusal(self, key: str, errors: Sequence[Any]) -> bytes:
        """The message that an operation can't be run."""
        payload = errors if self.is_strict else {"errors": errors}
        return message(type="error", id=key, payload=payload)


APOLLO = Dialect("graphql-ws", "start", "stop", "data", b'{"type":"ka"}', is_strict=False)
TRANSPORT = Dialect(
    "graphql-transport-ws",
    "subscribe",
    "complete",
    "next",
    orjson.dumps({"type": "ping", "payload": KEEP_ALIVE}),
    is_strict=True,
)


def dialect_of(offered: Sequence[str]) -> Dialect:
    """The first of the sub-protocols that a client offers; Apollo's for one that offers none.

    >>> dialect_of(["graphql-transport-ws", "graphql-ws"]).name
    'graphql-transport-ws'
    """
    known = {dialect.name: dialect for dialect in (APOLLO, TRANSPORT)}
    return next((known[name] for name in offered if name in known), APOLLO)


def message(**fields: Any) -> bytes:
    return orjson.dumps(fields, default=str)


def read_message(text: str | bytes) -> Mapping[str, Any]:
    """The message that a text holds, with numbers as exact as they were written; raises ValueError if it holds none."""
    found = exact_json.read(text.encode() if isinstance(text, str) else text)
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found


def pong(payload: Any) -> bytes:
    """The answer to a ping, with what that brought."""
    brought = {} if payload is None else {"payload": payload}
    return json.dumps({"type": "pong", **brought}, default=float).encode()


def sent_headers(payload: Any) -> dict[str, str]:
    """The headers in the payload of connection_init, by lower-case name."""
    headers = payload.get("headers") if isinstance(payload, dict) else None
    pairs = headers.items() if isinstance(headers, dict) else ()
    return {name.lower(): value for name, value in pairs if isinstance(value, str)}

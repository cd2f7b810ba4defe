"""What a poll tells a subscriber, and which errors concern one subscriber only."""

from __future__ import annotations

from typing import Protocol

from orchestrator.engine.db import ConnectionLost
from orchestrator.engine.errors import EngineError


class Subscriber(Protocol):
    """Takes answers without waiting: a slow one must not hold up a poll."""

    @property
    def is_ready(self) -> bool:
        """Whether all that it was told is on its way."""
        ...

    def tell(self, data: bytes) -> None:
        """The JSON of the `data` of an answer; it takes the place of one that still waits."""
        ...

    def fail(self, error: EngineError) -> None:
        """An answer that is an error; there may be others after it."""
        ...

    def end(self, error: EngineError) -> None:
        """The subscription can't go on."""
        ...


# SQLSTATE classes of what is wrong with the server or the statement, whoever's values it is asked with.
_OF_ALL = frozenset(("08", "0A", "25", "26", "40", "42", "53", "54", "55", "57", "58", "XX"))


def concerns_all(error: EngineError) -> bool:
    """Whether a statement for several subscribers would fail for each of them alone, too."""
    if isinstance(error, ConnectionLost):
        return True
    described = error.internal.get("error") if isinstance(error.internal, dict) else None
    state = described.get("status_code") if isinstance(described, dict) else None
    return isinstance(state, str) and state[:2] in _OF_ALL

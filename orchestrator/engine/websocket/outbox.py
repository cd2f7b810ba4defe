"""What waits to be sent to one client: in order, and bounded however slowly the client reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

MAX_WAITING = 32


@dataclass(frozen=True)
class Close:
    """The last thing that is sent."""

    code: int
    reason: str


Send = Callable[[bytes], Awaitable[None]]


class Outbox:
    """An answer of an operation takes the place of one that still waits; other messages wait in a row."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, bytes | Close] = {}
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()

    def put(self, frame: bytes) -> None:
        self._add(object(), frame)

    def replace(self, key: Hashable, frame: bytes) -> None:
        """The newest answer of an operation."""
        self._add(key, frame)

    def close(self, code: int, reason: str) -> None:
        self._add(object(), Close(code, reason))

    def drop(self, key: str) -> None:
        """An operation's answer that waits is no longer wanted."""
        self._waiting.pop(key, None)

    def holds(self, key: str) -> bool:
        return key in self._waiting

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    def _add(self, key: Hashable, item: bytes | Close) -> None:
        self._waiting[key] = item
        self._filled.set()
        if len(self._waiting) >= MAX_WAITING:
            self._emptied.clear()

    async def room(self) -> None:
        """Returns once few messages wait: who doesn't read isn't read from."""
        await self._emptied.wait()

    async def take(self) -> bytes | Close:
        """The message to send next."""
        while not self._waiting:
            self._filled.clear()
            self._emptied.set()
            await self._filled.wait()
        key = next(iter(self._waiting))
        item = self._waiting.pop(key)
        if len(self._waiting) < MAX_WAITING:
            self._emptied.set()
        return item

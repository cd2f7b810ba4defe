"""Telling the sync function where the tunnel is: what the keeper needs of a registration, and how it calls one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Registration(Protocol):
    """`renew_seconds` is how often it has to be said again; None if only a changed URL needs to be."""

    @property
    def renew_seconds(self) -> float | None: ...

    def register(self, url: str, *, proved_at: int) -> str:
        """Says that the gateway is at this URL, as was proved at that many milliseconds of Unix time.

        Returns a line for people. Raises StackError.
        """
        ...

    def release(self) -> str:
        """Takes back what is ours. Returns a line for people. Raises StackError."""
        ...


class Registrar:
    """A registration, which blocks, for code that must not: its calls run in a thread, one at a time.

    So a release comes after a call to `register` that nobody waits for any more.
    """

    def __init__(self, registration: Registration) -> None:
        self.renew_seconds = registration.renew_seconds
        self._registration = registration
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registration")

    async def register(self, url: str, *, proved_at: int) -> str:
        return await self._in_thread(lambda: self._registration.register(url, proved_at=proved_at))

    async def release(self) -> str:
        return await self._in_thread(self._registration.release)

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

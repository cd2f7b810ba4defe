"""What a conversation does after some time, by name: a timer that is started again begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# A later moment is looked at again then; the event loop refuses what lies years ahead.
MAX_SECONDS = 86_400.0


class Timers:
    def __init__(self) -> None:
        self._handles: dict[str, asyncio.TimerHandle] = {}

    def start(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Calls the action after the seconds, or a day if that is less."""
        self.cancel(name)
        delay = min(max(0.0, seconds), MAX_SECONDS)
        self._handles[name] = asyncio.get_running_loop().call_later(delay, action)

    def cancel(self, name: str) -> None:
        handle = self._handles.pop(name, None)
        if handle is not None:
            handle.cancel()

    def cancel_all(self) -> None:
        for name in tuple(self._handles):
            self.cancel(name)

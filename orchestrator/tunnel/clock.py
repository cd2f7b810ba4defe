"""Time, as the keeper is told it, and what can be read off two looks at it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0
SPREAD = 0.2


@dataclass(frozen=True)
class Reading:
    """Both clocks in seconds. While the machine sleeps the wall clock goes on, and the monotonic one stands still
    (Linux's CLOCK_MONOTONIC, macOS's mach_absolute_time)."""

    monotonic: float
    wall: float


@dataclass(frozen=True)
class Clock:
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def read(self) -> Reading:
        return Reading(self.monotonic(), self.wall())


def slept(before: Reading, after: Reading) -> float:
    """Seconds that the machine slept in between, or that somebody set its clock forward."""
    return (after.wall - before.wall) - (after.monotonic - before.monotonic)


def back_off(attempt: int, chance: float) -> float:
    """Seconds to wait before attempt number `attempt`, 1 being the first: 1, 2, 4 … 60, up to a fifth less or more.

    `chance`, from 0 to 1, says where in that range, so that many machines do not come back at the same moment.

    >>> [back_off(attempt, 0.5) for attempt in (1, 2, 3, 20)]
    [1.0, 2.0, 4.0, 60.0]
    """
    seconds = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempt - 1, 16))
    return seconds * (1 - SPREAD + 2 * SPREAD * chance)

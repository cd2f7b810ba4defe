"""The emulator's clock, which can be moved: then codes and tokens are those of another time."""

from __future__ import annotations

from .model import Clock

LONGEST_SECONDS = 10 * 366 * 86400


class MovableClock:
    """Another clock, `offset` seconds ahead of it (behind it where negative)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = 0.0

    def __call__(self) -> float:
        return self._clock() + self.offset

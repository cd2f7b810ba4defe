"""How many requests are admitted: so many a second, after a pause a burst of them."""

from __future__ import annotations

from collections.abc import Callable


class TokenBucket:
    """`clock` is in seconds and never goes back. A token is taken apart from the question whether there is one: what is
    refused for another reason costs none."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._counted = clock()

    def seconds_to_wait(self) -> float:
        """0 if there is a token."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._counted) * self._per_second)
        self._counted = now
        return max(0.0, (1 - self._tokens) / self._per_second)

    def take(self) -> None:
        self._tokens -= 1

"""Brute force slowed down: after five wrong passwords a name is locked, for twice as long with each further one.

As Cognito does (developer guide, "Lockout behavior"): one second at first, about 15 minutes at most, forgotten after as
long without a wrong one; what is tried meanwhile is refused and does not count.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import CodeMismatch, NotAuthorized
from ..model import Clock

FREE_FAILURES = 5
LONGEST_SECONDS = 15 * 60
REMEMBERED = 10_000


@dataclass(frozen=True)
class Failures:
    count: int
    last_at: float

    def locked_until(self) -> float:
        over = self.count - FREE_FAILURES
        return 0.0 if over < 0 else self.last_at + min(2.0**over, LONGEST_SECONDS)


class Lockouts:
    """The wrong passwords and codes of late, by the name or sub they were tried for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def check(self, key: str) -> None:
        """Raises NotAuthorized while the key is locked."""
        known = self._failures.get(key)
        if known and known.locked_until() > self._clock():
            raise NotAuthorized("Password attempts exceeded")

    def note(self, key: str, *, right: bool) -> None:
        """Counts an attempt."""
        known = self._failures.pop(key, None)
        if right:
            return
        at = self._clock()
        count = known.count if known and known.last_at + LONGEST_SECONDS > at else 0
        self._failures[key] = Failures(count + 1, at)
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    @contextmanager
    def counting(self, key: str) -> Iterator[None]:
        """Refuses while the key is locked; counts a CodeMismatch of the block."""
        self.check(key)
        try:
            yield
        except CodeMismatch:
            self.note(key, right=False)
            raise
        self.note(key, right=True)

"""One measured figure, beside its peer's and its target."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """What a figure has to keep to: a bound on the value itself or, `of_ratio`, on value / peer's value."""

    bound: float
    is_least: bool = False
    of_ratio: bool = False

    def holds(self, value: float, ratio: float | None) -> bool:
        measured = ratio if self.of_ratio else value
        if measured is None:
            return False
        return measured >= self.bound if self.is_least else measured <= self.bound

    def text(self, unit: str) -> str:
        """
        >>> at_most(6).text("s"), ratio_at_least(5).text("requests/s")
        ('≤ 6 s', "≥ 5 times the peer's")
        """
        sign, what = "≥" if self.is_least else "≤", "times the peer's" if self.of_ratio else unit
        return f"{sign} {self.bound:g} {what}"


def at_most(bound: float) -> Target:
    return Target(bound)


def at_least(bound: float) -> Target:
    return Target(bound, is_least=True)


def ratio_at_most(bound: float) -> Target:
    return Target(bound, of_ratio=True)


def ratio_at_least(bound: float) -> Target:
    return Target(bound, is_least=True, of_ratio=True)


@dataclass(frozen=True)
class Row:
    """A value in its unit, what it must keep to, and the peer's value from the same run."""

    name: str
    value: float
    unit: str
    target: Target
    peer: str | None = None
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer_value if self.peer_value else None

    @property
    def ok(self) -> bool:
        return self.target.holds(self.value, self.ratio)

    def facts(self) -> dict[str, Any]:
        """The row as JSON shows it: name, value, unit, peer, peer_value, ratio, target and ok."""
        return {**asdict(self), "target": self.target.text(self.unit), "ratio": self.ratio, "ok": self.ok}


def median_seconds(action: Callable[[], object], *, times: int, before: Callable[[], object] = lambda: None) -> float:
    """The median duration of `action`; `before` is called ahead of each and not counted."""
    durations = []
    for _ in range(times):
        before()
        begin = time.perf_counter()
        action()
        durations.append(time.perf_counter() - begin)
    return statistics.median(durations)

"""One measured figure, beside its peer's and its target."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`target` is an upper bound on `value`, in `unit`; `ratio` is value / peer_value."""

    name: str
    value: float
    unit: str
    target: float
    peer: str | None = None
    peer_value: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer_value if self.peer_value else None

    @property
    def ok(self) -> bool:
        return self.value <= self.target


def median_seconds(action: Callable[[], object], *, times: int, before: Callable[[], object] = lambda: None) -> float:
    """The median duration of `action`; `before` is called ahead of each and not counted."""
    durations = []
    for _ in range(times):
        before()
        begin = time.perf_counter()
        action()
        durations.append(time.perf_counter() - begin)
    return statistics.median(durations)

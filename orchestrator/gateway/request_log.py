"""A line of JSON for each request: when, what came of it, how long it took, whose row."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO


class RequestLog:
    """Writes to a stream. What it is told is the gateway's own words and the user's id; JSON in ASCII lets none of it
    end the line or steer a terminal."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock

    def write(
        self, outcome: str, *, status: int | None, seconds: float, user: str | None = None, reason: str | None = None
    ) -> None:
        line = {
            "time": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "outcome": outcome,
            "status": status,
            "milliseconds": round(seconds * 1000, 1),
            "user": user,
            "reason": reason,
        }
        told = {name: value for name, value in line.items() if value is not None}
        # Whoever reads the log may be gone; requests are answered all the same.
        with contextlib.suppress(OSError):
            self._stream.write(json.dumps(told) + "\n")
            self._stream.flush()

"""Streams: each subscriber has a cursor of its own, and those who are at the same place share a poll's line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.engine.answers import filled
from orchestrator.engine.errors import EngineError
from orchestrator.engine.live.poller import Asker, Fetch, Pace, Poller, Values
from orchestrator.engine.live.subscriber import Subscriber
from orchestrator.engine.sql import StreamCursor
from orchestrator.engine.subscription import RunLive


@dataclass
class Reader:
    """A subscriber, and the values with which it is asked for: the cursor at `place` moves on."""

    subscriber: Subscriber
    values: Values
    place: int
    is_new: bool = True
    failure: str | None = None

    def move(self, cursor: str) -> None:
        self.values = (*self.values[: self.place], cursor, *self.values[self.place + 1 :])


class Crowd:
    """Readers with the same values and the same cursor."""

    known: int | None = None

    def __init__(self, values: Values, present: Mapping[Subscriber, Reader]) -> None:
        self.values = values
        self.readers: list[Reader] = []
        self._all = present

    def told(self, row: Any, plan: RunLive) -> None:
        """Row: number, next cursor, the rows."""
        data = filled(plan.slots, {plan.source: row[2:]})
        for reader in self._present():
            reader.move(row[1])
            reader.is_new, reader.failure = False, None
            reader.subscriber.tell(data)

    def unchanged(self) -> None:
        for reader in self._present():
            reader.is_new, reader.failure = False, None

    def failed(self, error: EngineError) -> None:
        for reader in self._present():
            if reader.is_new and error.code == "data-exception":
                reader.subscriber.end(error)
                continue
            if reader.failure != error.message:
                reader.subscriber.fail(error)
            reader.is_new, reader.failure = False, error.message

    def _present(self) -> list[Reader]:
        """Those who have not gone while the poll was under way."""
        return [reader for reader in self.readers if self._all.get(reader.subscriber) is reader]


class StreamPoller(Poller):
    """Polls for the readers of one streaming subscription."""

    def __init__(self, plan: RunLive, fetch: Fetch, pace: Pace) -> None:
        super().__init__(plan, fetch, pace)
        self._place = plan.own.index(StreamCursor())
        self._readers: dict[Subscriber, Reader] = {}

    @property
    def is_empty(self) -> bool:
        return not self._readers

    def add(self, subscriber: Subscriber, values: Values) -> None:
        self._readers[subscriber] = Reader(subscriber, values, self._place)

    def remove(self, subscriber: Subscriber) -> None:
        self._readers.pop(subscriber, None)

    def askers(self, *, everyone: bool) -> Sequence[Asker]:
        crowds: dict[Values, Crowd] = {}
        for reader in self._readers.values():
            # Rows can't take the place of rows: who has not got the last ones yet gets no more.
            if (everyone or reader.is_new) and reader.subscriber.is_ready:
                if reader.values not in crowds:
                    crowds[reader.values] = Crowd(reader.values, self._readers)
                crowds[reader.values].readers.append(reader)
        return list(crowds.values())

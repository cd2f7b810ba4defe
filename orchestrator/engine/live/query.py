"""Live queries: subscribers with the same values are one cohort, and are told when its answer has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.engine.answers import filled
from orchestrator.engine.errors import EngineError
from orchestrator.engine.live.poller import Asker, Fetch, Pace, Poller, Values
from orchestrator.engine.live.subscriber import Subscriber
from orchestrator.engine.subscription import RunLive


class Cohort:
    """Subscribers with the same values; `known` is the hash of the answer that they have, None while newcomers wait."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._hash: int | None = None
        self._failure: str | None = None
        self._told: dict[Subscriber, None] = {}
        self._newcomers: dict[Subscriber, None] = {}
        self._asked: dict[Subscriber, None] = {}

    @property
    def known(self) -> int | None:
        return None if self._asked else self._hash

    @property
    def is_empty(self) -> bool:
        return not (self._told or self._newcomers or self._asked)

    @property
    def has_newcomers(self) -> bool:
        return bool(self._newcomers or self._asked)

    def add(self, subscriber: Subscriber) -> None:
        self._newcomers[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        for members in (self._told, self._newcomers, self._asked):
            members.pop(subscriber, None)

    def begin(self) -> None:
        """Before a poll: who comes while it is under way waits for the next."""
        self._asked |= self._newcomers
        self._newcomers = {}

    def told(self, row: Any, plan: RunLive) -> None:
        """Row: number, hash, the answer's columns."""
        is_new = row[1] != self._hash
        data = filled(plan.slots, {plan.source: row[2:]})
        for subscriber in (*self._asked, *(self._told if is_new else ())):
            subscriber.tell(data)
        self._hash, self._failure = row[1], None
        self._settle()

    def unchanged(self) -> None:
        """All have what there is: who has no answer yet is asked for without a hash."""

    def failed(self, error: EngineError) -> None:
        if self._asked and not self._told and error.code == "data-exception":
            # It is the values' own fault: no later answer would be another.
            for subscriber in tuple(self._asked):
                subscriber.end(error)
            return
        is_new = error.message != self._failure
        for subscriber in (*self._asked, *(self._told if is_new else ())):
            subscriber.fail(error)
        self._hash, self._failure = None, error.message
        self._settle()

    def _settle(self) -> None:
        self._told |= self._asked
        self._asked = {}


class QueryPoller(Poller):
    """Polls for the cohorts of one live query."""

    def __init__(self, plan: RunLive, fetch: Fetch, pace: Pace) -> None:
        super().__init__(plan, fetch, pace)
        self._cohorts: dict[Values, Cohort] = {}
        self._cohort_of: dict[Subscriber, Cohort] = {}

    @property
    def is_empty(self) -> bool:
        return not self._cohort_of

    def add(self, subscriber: Subscriber, values: Values) -> None:
        cohort = self._cohorts.get(values)
        if cohort is None:
            cohort = self._cohorts[values] = Cohort(values)
        cohort.add(subscriber)
        self._cohort_of[subscriber] = cohort

    def remove(self, subscriber: Subscriber) -> None:
        cohort = self._cohort_of.pop(subscriber, None)
        if cohort is None:
            return
        cohort.remove(subscriber)
        if cohort.is_empty:
            del self._cohorts[cohort.values]

    def askers(self, *, everyone: bool) -> Sequence[Asker]:
        chosen = [cohort for cohort in self._cohorts.values() if everyone or cohort.has_newcomers]
        for cohort in chosen:
            cohort.begin()
        return chosen

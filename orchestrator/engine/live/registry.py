"""Who subscribes to what: subscriptions of the same statement share a poller, which ends with the last of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from orchestrator.engine.auth.session import Session
from orchestrator.engine.execute import values_of
from orchestrator.engine.live.poller import Fetch, Pace, Poller, Values
from orchestrator.engine.live.query import QueryPoller
from orchestrator.engine.live.stream import StreamPoller
from orchestrator.engine.live.subscriber import Subscriber
from orchestrator.engine.sql import StreamCursor
from orchestrator.engine.subscription import RunLive

# Ends a subscription; a second time it does nothing.
Leave = Callable[[], None]


@dataclass(frozen=True)
class Running:
    poller: Poller
    task: asyncio.Task[None]


class Subscriptions:
    """The pollers at work, by what they ask."""

    def __init__(self, fetch: Fetch, *, queries: Pace, streams: Pace) -> None:
        self._fetch = fetch
        self._queries = queries
        self._streams = streams
        self._running: dict[Hashable, Running] = {}

    def join(self, plan: RunLive, session: Session, variables: Mapping[str, Any], subscriber: Subscriber) -> Leave:
        """Subscribes; raises where the session or the variables lack what the plan asks for."""
        values = starting_values(plan, session, variables)
        key = (plan.source, plan.text, plan.shared, plan.slots)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = self._start(plan)
        poller = running.poller
        poller.add(subscriber, values)
        poller.wake()

        def leave() -> None:
            poller.remove(subscriber)
            if poller.is_empty and self._running.get(key) is running:
                del self._running[key]
                poller.wake()

        return leave

    def _start(self, plan: RunLive) -> Running:
        if plan.is_stream:
            poller: Poller = StreamPoller(plan, self._fetch, self._streams)
        else:
            poller = QueryPoller(plan, self._fetch, self._queries)
        # It begins once whoever starts it has been added.
        return Running(poller, asyncio.create_task(poller.run()))

    async def close(self) -> None:
        running, self._running = list(self._running.values()), {}
        for each in running:
            each.task.cancel()
        for each in running:
            with suppress(asyncio.CancelledError):
                await each.task


def starting_values(plan: RunLive, session: Session, variables: Mapping[str, Any]) -> Values:
    """The values of the plan's own parameters; a stream's cursor is at its beginning."""
    initial = plan.initial
    sources = [initial if initial is not None and source == StreamCursor() else source for source in plan.own]
    return tuple(values_of(sources, session, variables))

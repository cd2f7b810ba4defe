"""The rhythm of a poll: newcomers are answered at once, everyone once an interval, in batches."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.engine.errors import EngineError, unexpected
from orchestrator.engine.live.subscriber import Subscriber, concerns_all
from orchestrator.engine.subscription import RunLive

logger = logging.getLogger(__name__)

# Sends a statement with its parameters to a source and gives the rows.
Fetch = Callable[[str, str, Sequence[Any]], Awaitable[Sequence[Any]]]
Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Pace:
    """How often a poll asks for everyone, in seconds, and for how many in one statement."""

    interval: float
    batch_size: int


class Asker(Protocol):
    """One line of a statement's input, for one subscriber or for several."""

    @property
    def values(self) -> Values: ...

    @property
    def known(self) -> int | None:
        """The hash of the answer that is known already."""
        ...

    def told(self, row: Any, plan: RunLive) -> None: ...

    def unchanged(self) -> None:
        """The poll had nothing new for it."""
        ...

    def failed(self, error: EngineError) -> None: ...


class Poller(ABC):
    """Polls until its last subscriber has gone."""

    def __init__(self, plan: RunLive, fetch: Fetch, pace: Pace) -> None:
        self._plan = plan
        self._fetch = fetch
        self._pace = pace
        self._shared = [source.text for source in plan.shared]
        self._woken = asyncio.Event()

    @abstractmethod
    def add(self, subscriber: Subscriber, values: Values) -> None: ...

    @abstractmethod
    def remove(self, subscriber: Subscriber) -> None: ...

    @property
    @abstractmethod
    def is_empty(self) -> bool: ...

    @abstractmethod
    def askers(self, *, everyone: bool) -> Sequence[Asker]:
        """Those to ask for now: everyone, or only those who have had no answer yet."""

    def wake(self) -> None:
        """Someone came, or the last one went."""
        self._woken.set()

    async def run(self) -> None:
        """Polls; an end of the database's is told, and then the next poll tries again."""
        clock = asyncio.get_running_loop().time
        tick = clock()
        while not self.is_empty:
            everyone = clock() >= tick
            self._woken.clear()
            await self._poll(self.askers(everyone=everyone))
            if everyone:
                tick = clock() + self._pace.interval
            try:
                async with asyncio.timeout_at(tick):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _poll(self, askers: Sequence[Asker]) -> None:
        size = self._pace.batch_size
        for start in range(0, len(askers), size):
            await self._ask(askers[start : start + size])

    async def _ask(self, askers: Sequence[Asker]) -> None:
        try:
            rows = await self._fetch(self._plan.source, self._plan.text, self._parameters(askers))
        except EngineError as error:
            await self._tell_failed(askers, error)
        except Exception as error:
            logger.error("a subscription's poll failed", exc_info=error)
            for asker in askers:
                asker.failed(unexpected("internal error"))
        else:
            self._tell(askers, rows)

    def _tell(self, askers: Sequence[Asker], rows: Sequence[Any]) -> None:
        numbered = {row[0]: row for row in rows}
        for number, asker in enumerate(askers, start=1):
            row = numbered.get(number)
            if row is None:
                asker.unchanged()
            else:
                asker.told(row, self._plan)

    def _parameters(self, askers: Sequence[Asker]) -> list[Any]:
        columns = [[asker.values[at] for asker in askers] for at in range(len(self._plan.own))]
        known = [] if self._plan.is_stream else [[asker.known for asker in askers]]
        return [*self._shared, *known, *columns]

    async def _tell_failed(self, askers: Sequence[Asker], error: EngineError) -> None:
        """Tells all of them or, where some one's values may be to blame, finds out whose."""
        if len(askers) == 1 or concerns_all(error):
            for asker in askers:
                asker.failed(error)
            return
        half = len(askers) // 2
        await self._ask(askers[:half])
        await self._ask(askers[half:])

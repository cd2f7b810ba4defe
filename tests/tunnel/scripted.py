"""A provider, a clock and a registration that do what a test says: the keeper's surroundings as data."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.errors import StackError
from orchestrator.tunnel.clock import Clock
from orchestrator.tunnel.keeper import Keeper
from orchestrator.tunnel.providers.provider import Dropped, Moved
from orchestrator.tunnel.registration import Registrar
from orchestrator.tunnel.state import State

TARGET = "http://127.0.0.1:8090"
START = 1_000.0


@dataclass(frozen=True)
class After:
    """So many seconds after the one before, this happens to the tunnel."""

    seconds: float
    event: Moved | Dropped | None


@dataclass(frozen=True)
class Asleep:
    """The machine sleeps; only the wall clock goes on."""

    seconds: float


@dataclass
class Scene:
    """`opens` are what each opening gives, `events` what then happens; when there are none left, the stop comes.

    `down` are the seconds, from and to, in which a URL leads nowhere; at `sleeps_at` the machine sleeps for an hour.
    """

    opens: list[str | StackError]
    events: list[After | Asleep] = field(default_factory=list)
    down: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    renew_seconds: float | None = None
    registers: list[StackError | None] = field(default_factory=list)
    registered: bool = True
    now: float = 0.0
    slept: float = 0.0
    sleeps_at: float | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    done: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    async def play(self, *, reopen: bool = False) -> bool:
        keeper = Keeper(
            self,
            Registrar(self) if self.registered else None,
            target=TARGET,
            path="/sync",
            probe=self.probe,
            show=self.show,
            say=self.lines.append,
            clock=Clock(lambda: self.now, lambda: START + self.now + self.slept, self.sleep),
            chance=lambda: 0.5,
        )
        async with asyncio.timeout(10):
            return await keeper.run(reopen=reopen, until=self.stop)

    def note(self, what: str) -> None:
        self.done.append(f"{self.now:g} {what}")

    def show(self, state: State) -> None:
        self.states.append(state)
        if state.state == "failed":
            self.stop.set()

    # The clock

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.sleeps_at is not None and self.now >= self.sleeps_at:
            self.slept, self.sleeps_at = 3600, None
        await asyncio.sleep(0)

    # The provider

    hint = "Look there."

    async def open(self) -> str:
        self.note("open")
        result = self.opens.pop(0)
        if isinstance(result, StackError):
            raise result
        return result

    async def watch(self, seconds: float) -> Moved | Dropped | None:
        if not self.events:
            self.stop.set()
            await asyncio.Event().wait()
        event = self.events[0]
        if isinstance(event, Asleep):
            self.slept += event.seconds
            self.events.pop(0)
            return None
        if event.seconds > seconds:
            self.events[0] = After(event.seconds - seconds, event.event)
            await self.sleep(seconds)
            return None
        await self.sleep(event.seconds)
        self.events.pop(0)
        return event.event

    async def close(self) -> None:
        self.note("close")

    # What answers at a URL

    async def probe(self, url: str) -> str | None:
        base = url.removesuffix("/sync")
        assert base != url
        if base != TARGET:
            self.note(f"probe {base}")
        return "it is down" if any(start <= self.now < end for start, end in self.down.get(base, ())) else None

    # The registration

    def register(self, url: str, *, proved_at: int) -> str:
        self.note(f"register {url} proved at {proved_at / 1000 - START:g}")
        error = self.registers.pop(0) if self.registers else None
        if error:
            raise error
        return f"lease {url}"

    def release(self) -> str:
        self.note("release")
        return "released"


def names(states: Sequence[State]) -> list[str]:
    """The states' names, each once for as long as it lasts."""
    found: list[str] = []
    for state in states:
        if found[-1:] != [state.state]:
            found.append(state.state)
    return found

"""Keeps a tunnel: opens it, proves that it leads to our gateway, registers its URL, and does so again when it drops.

opening ──► open ◄──► reopening          A failure of the first opening is final: opening ──► failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from orchestrator.errors import StackError
from orchestrator.tunnel.clock import Clock, Reading, back_off, slept
from orchestrator.tunnel.providers.provider import Dropped, Moved, Provider
from orchestrator.tunnel.public_url import joined
from orchestrator.tunnel.registration import Registrar
from orchestrator.tunnel.state import Name, State

# How often an open tunnel is proved, unless its registration has to be renewed more often.
BEAT_SECONDS = 40.0
# How long the gateway may take to start, and a new tunnel to carry its first answer: a new name has to spread.
GATEWAY_SECONDS = 10.0
PROVE_SECONDS = 25.0
PROVE_POLL_SECONDS = 0.5
# A probe that failed is made again after so long, and so often, before the tunnel counts as dropped.
PROBES = 3
PROBE_AGAIN_SECONDS = 2.0
# How soon a beat comes after one that found no gateway, or could not register.
AGAIN_SECONDS = 10.0
# How often we look whether the machine has slept, and for how long it must have.
TICK_SECONDS = 2.0
SLEPT_SECONDS = 10.0
RELEASE_SECONDS = 15.0

Probe = Callable[[str], Awaitable[str | None]]


class Keeper:
    """`probe` says of a URL what is wrong with it, None if our gateway answers there.

    `show` gets every new state, `say` a line for each change.
    """

    def __init__(
        self,
        provider: Provider,
        registrar: Registrar | None,
        *,
        target: str,
        path: str,
        probe: Probe,
        show: Callable[[State], None],
        say: Callable[[str], None],
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self._provider = provider
        self._registrar = registrar
        self._target = target
        self._path = path
        self._probe = probe
        self._publish = show
        self._say = say
        self._clock = clock
        self._chance = chance
        self._state = State("opening", clock.wall())
        self._proved_at = 0
        self._may_be_registered = False

    async def run(self, *, reopen: bool, until: asyncio.Event) -> bool:
        """Keeps the tunnel until the event comes; then no agent runs. True if nothing of ours is registered any more.

        `reopen`: another keeper had opened the tunnel and was killed, so that no failure is final.
        """
        self._publish(self._state)
        keeping = asyncio.create_task(self._keep(reopen=reopen))
        stopping = asyncio.create_task(until.wait())
        await asyncio.wait({keeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        keeping.cancel()
        (outcome,) = await asyncio.gather(keeping, return_exceptions=True)
        is_released = await self._release()
        await self._provider.close()
        if isinstance(outcome, StackError):
            self._say(f"failed: {outcome}")
            self._show("failed", error=outcome)
            await stopping
        elif not isinstance(outcome, asyncio.CancelledError):
            stopping.cancel()
            raise outcome
        return is_released

    async def _keep(self, *, reopen: bool) -> NoReturn:
        self._may_be_registered = reopen
        url = await (self._reopen("its keeper was killed") if reopen else self._first())
        while True:
            event = await self._watch(url)
            url = await (self._move(event.url) if isinstance(event, Moved) else self._reopen(event.why))

    async def _first(self) -> str:
        """The URL of a tunnel that is open and registered. Raises StackError."""
        url = await self._open()
        await self._register(url)
        return url

    async def _reopen(self, why: str) -> str:
        """The URL of a tunnel that is open, and registered if possible. It is tried for ever."""
        self._say(f"dropped: {why}")
        self._show("reopening", error=StackError(f"The tunnel dropped: {why}.", "It is being opened again."))
        attempt = 1
        while True:
            await self._provider.close()
            seconds = back_off(attempt, self._chance())
            self._say(f"again in {seconds:.1f} s")
            attempt = 1 if await self._wait(seconds) else attempt + 1
            try:
                url = await self._open()
            except StackError as error:
                self._say(str(error))
                self._show("reopening", error=error)
            else:
                await self._try_to_register(url)
                return url

    async def _move(self, url: str) -> str:
        """The other URL of the tunnel, proved, and registered if possible; or that of a new tunnel."""
        self._say(f"moved to {url}")
        try:
            await self._prove(url, PROVE_SECONDS, self._astray)
        except StackError as error:
            return await self._reopen(error.message.rstrip("."))
        await self._try_to_register(url)
        return url

    async def _open(self) -> str:
        """The URL of a tunnel that was opened and proved. Raises StackError."""
        await self._prove(self._target, GATEWAY_SECONDS, _away)
        url = await self._provider.open()
        self._say(f"opened {url}")
        await self._prove(url, PROVE_SECONDS, self._astray)
        return url

    async def _watch(self, url: str) -> Moved | Dropped:
        """What ends the time at this URL; until then it is proved, and its registration renewed."""
        due = self._clock.monotonic() + self._until_beat()
        while True:
            before = self._clock.read()
            event = await self._provider.watch(max(0.0, min(TICK_SECONDS, due - before.monotonic)))
            if event is not None:
                return event
            if not self._has_slept(before) and self._clock.monotonic() < due:
                continue
            dropped = await self._beat(url)
            if dropped:
                return dropped
            due = self._clock.monotonic() + self._until_beat()

    async def _wait(self, seconds: float) -> bool:
        """Waits that long; True as soon as it turns out that the machine has slept."""
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            before = self._clock.read()
            await self._clock.sleep(min(TICK_SECONDS, left))
            if self._has_slept(before):
                return True
        return False

    def _has_slept(self, before: Reading) -> bool:
        asleep = slept(before, self._clock.read())
        if asleep > SLEPT_SECONDS:
            self._say(f"the machine slept for {asleep:.0f} s")
        return asleep > SLEPT_SECONDS

    def _until_beat(self) -> float:
        if self._state.error:
            return AGAIN_SECONDS
        return (self._registrar and self._registrar.renew_seconds) or BEAT_SECONDS

    async def _beat(self, url: str) -> Dropped | None:
        """Proves the tunnel and renews the registration. A gateway that is away is not the tunnel's fault."""
        away = await self._probe(joined(self._target, self._path))
        if away is not None:
            self._complain(url, _away(self._target, away), registered=self._state.registered)
            return None
        why = await self._what_is_wrong(url)
        if why is not None:
            return Dropped(why)
        if self._registrar and (self._registrar.renew_seconds or not self._state.registered):
            await self._try_to_register(url)
        else:
            self._show("open", url=url, registered=self._state.registered)
        return None

    async def _what_is_wrong(self, url: str) -> str | None:
        """None if our gateway answers through the tunnel, perhaps at the second or third probe."""
        for probe in range(PROBES):
            if probe:
                await self._clock.sleep(PROBE_AGAIN_SECONDS)
            why = await self._probe(joined(url, self._path))
            if why is None:
                self._proved_at = int(self._clock.wall() * 1000)
                return None
        return why

    async def _prove(self, url: str, seconds: float, error: Callable[[str, str], StackError]) -> None:
        """Returns when our gateway answers at this URL. Raises the error if it does not within that many seconds."""
        deadline = self._clock.monotonic() + seconds
        while (why := await self._probe(joined(url, self._path))) is not None:
            if self._clock.monotonic() > deadline:
                raise error(url, why)
            await self._clock.sleep(PROVE_POLL_SECONDS)
        self._proved_at = int(self._clock.wall() * 1000)

    async def _register(self, url: str) -> None:
        registered = None
        if self._registrar:
            self._may_be_registered = True
            registered = await self._registrar.register(joined(url, self._path), proved_at=self._proved_at)
            if (self._state.url, self._state.registered) != (url, registered):
                self._say(f"registered: {registered}")
        self._show("open", url=url, registered=registered)

    async def _try_to_register(self, url: str) -> None:
        """Registers; if that fails, it is tried again at the next beat."""
        try:
            await self._register(url)
        except StackError as error:
            self._complain(url, error, registered=None)

    def _complain(self, url: str, error: StackError, *, registered: str | None) -> None:
        if str(error) != str(self._state.error):
            self._say(str(error))
        self._show("open", url=url, registered=registered, error=error)

    async def _release(self) -> bool:
        """Takes back what was registered; False if that failed, so that somebody else has to."""
        if not self._registrar or not self._may_be_registered:
            return True
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                self._say(await self._registrar.release())
        except TimeoutError:
            self._say(f"not released: that took longer than {RELEASE_SECONDS:g} s")
            return False
        except StackError as error:
            self._say(f"not released: {error}")
            return False
        return True

    def _astray(self, url: str, why: str) -> StackError:
        return StackError(f"{url} does not lead to this stack's gateway: {why}.", self._provider.hint)

    def _show(
        self, name: Name, *, url: str | None = None, registered: str | None = None, error: StackError | None = None
    ) -> None:
        since = self._state.since if name == self._state.state else self._clock.wall()
        self._state = State(name, since, url, registered, error)
        self._publish(self._state)


def _away(url: str, why: str) -> StackError:
    return StackError(f"The gateway does not answer at {url}: {why}.", "See `hasura-cognito logs gateway`.")

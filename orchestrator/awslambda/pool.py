"""The workers of one function: warm ones, a few more when events come at once, fresh ones when the code changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from orchestrator.awslambda.answers import Invocation, Outcome
from orchestrator.awslambda.code import Fingerprint, fingerprint
from orchestrator.awslambda.errors import ApiError
from orchestrator.awslambda.functions import Function
from orchestrator.awslambda.logs import announce
from orchestrator.awslambda.worker import Worker, WorkerGone

MOST_WORKERS = 4
IDLE_SECONDS = 10.0
QUICK_LOOK_SECONDS = 0.002


@dataclass(frozen=True)
class Version:
    """What a worker was made from. It serves as long as this is what the function is now."""

    function: Function
    files: Fingerprint


@dataclass(frozen=True)
class Idle:
    worker: Worker
    since: float


class Pool:
    """Runs a function's events. Its code folder is looked at before each event, and by `tend`."""

    def __init__(self, function: Function, start: Callable[[Function], Worker]) -> None:
        self._start = start
        self._idle: list[Idle] = []
        self._busy: set[Worker] = set()
        self._slots = asyncio.Semaphore(MOST_WORKERS)
        self._ending: set[asyncio.Task[None]] = set()
        self._updated: Worker | None = None
        self._look_seconds = 0.0
        self._closed = False
        self._version = Version(function, self._look(function))

    @property
    def function(self) -> Function:
        return self._version.function

    @property
    def files(self) -> Fingerprint:
        return self._version.files

    @property
    def updating(self) -> bool:
        """Whether the first worker with the settings of the last update is still importing its module."""
        return self._updated is not None and self._updated.initialising

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one event on a warm worker, or on a new one. Waits while as many as may run are running."""
        if self._look_seconds < QUICK_LOOK_SECONDS and not self._closed:
            self.look()
        async with self._slots:
            while self._idle:
                with suppress(WorkerGone):
                    return await self._run(self._idle.pop().worker, invocation)
            if self._closed:
                raise ApiError(503, "ServiceException", f"{self.function.name} is not running any more")
            worker = self._start(self.function)
            try:
                return await self._run(worker, invocation)
            except WorkerGone:
                return worker.init_failure(invocation)

    def warm(self) -> None:
        """Have a worker ready before the first event."""
        if not self._idle and not self._busy:
            self._idle.append(Idle(self._start(self.function), time.monotonic()))

    def update(self, function: Function) -> None:
        """Serve the next event with these settings."""
        self._updated = self._renew(Version(function, self._look(function)))

    def look(self) -> None:
        """Serve the next event with the code as it is on disk now."""
        files = self._look(self.function)
        if files != self.files:
            announce(f"{self.function.name}: the code has changed")
            self._renew(Version(self.function, files))

    def tend(self, now: float) -> None:
        """Look for changed code, and end workers that have had nothing to do; one stays. `now` is monotonic."""
        self.look()
        while len(self._idle) > 1 and now - self._idle[0].since > IDLE_SECONDS:
            self._end(self._idle.pop(0).worker)

    async def close(self) -> None:
        """End all workers, with the events that they are running."""
        self._closed = True
        for worker in [*self._busy, *(idle.worker for idle in self._idle)]:
            self._end(worker)
        self._idle.clear()
        await asyncio.gather(*self._ending)

    async def _run(self, worker: Worker, invocation: Invocation) -> Outcome:
        version = self._version
        self._busy.add(worker)
        try:
            outcome = await worker.invoke(invocation)
        except BaseException:
            self._end(worker)
            raise
        finally:
            self._busy.discard(worker)
        if worker.alive and version == self._version:
            self._idle.append(Idle(worker, time.monotonic()))
        else:
            self._end(worker)
        return outcome

    def _renew(self, version: Version) -> Worker:
        self._version = version
        for idle in self._idle:
            self._end(idle.worker)
        worker = self._start(version.function)
        self._idle = [Idle(worker, time.monotonic())]
        return worker

    def _look(self, function: Function) -> Fingerprint:
        started = time.thread_time()
        files = fingerprint(function.code)
        self._look_seconds = time.thread_time() - started
        return files

    def _end(self, worker: Worker) -> None:
        task = asyncio.ensure_future(worker.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

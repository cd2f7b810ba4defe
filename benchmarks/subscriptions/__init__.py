"""What live subscriptions cost: statements, memory, idle CPU, and how long a change takes to the last subscriber."""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import Iterator

from benchmarks import postgres
from benchmarks.row import Row, at_most
from benchmarks.subscriptions.engine import Subject, engine
from benchmarks.subscriptions.listeners import Listeners

SUBSCRIBERS, IDLE = 1_000, 5_000
WINDOW_SECONDS = 10.0
CHANGES = 5


def rows() -> Iterator[Row]:
    allow_files(2 * IDLE)
    with postgres.running() as server:
        for count, measure in ((SUBSCRIBERS, lively), (IDLE, idle)):
            with engine(server, users=count) as subject:
                yield from asyncio.run(measure(subject, count))


async def lively(subject: Subject, count: int) -> list[Row]:
    """Subscribers of one query that differ in a session variable; now and then a row changes that all of them see."""
    async with Listeners.connected(subject.url, count) as listeners:
        seconds = [await told_after_commit(subject, listeners, number) for number in range(CHANGES)]
        statements, _ = await watched(subject)
        name = f"{count:,} live subscriptions"
        return [
            Row(f"{name}: SQL statements", statements, "1/s", at_most(1)),
            Row(f"{name}: memory of the engine", subject.server.megabytes(), "MB", at_most(200)),
            Row(f"{name}: commit to the last one told, median", statistics.median(seconds), "s", at_most(1.5)),
            Row(f"{name}: commit to the last one told, at worst", max(seconds), "s", at_most(2)),
        ]


async def idle(subject: Subject, count: int) -> list[Row]:
    async with Listeners.connected(subject.url, count):
        statements, cpu = await watched(subject)
        name = f"{count:,} idle subscriptions"
        return [
            Row(f"{name}: SQL statements", statements, "1/s", at_most(1)),
            Row(f"{name}: memory of the engine", subject.server.megabytes(), "MB", at_most(300)),
            Row(f"{name}: CPU of the engine", cpu, "% of a core", at_most(20)),
        ]


async def told_after_commit(subject: Subject, listeners: Listeners, number: int) -> float:
    """The seconds from a commit until all know of it."""
    # Commits are to fall anywhere between two polls.
    await asyncio.sleep(0.37)
    told = listeners.all_told()
    await subject.change(number)
    begin = time.perf_counter()
    await asyncio.wait_for(told, 30)
    return time.perf_counter() - begin


async def watched(subject: Subject) -> tuple[float, float]:
    """Statements a second, and the engine's share of a core in percent, while nothing happens."""
    await asyncio.sleep(1)
    statements, cpu, begin = subject.statements(), subject.cpu_seconds(), time.perf_counter()
    await asyncio.sleep(WINDOW_SECONDS)
    seconds = time.perf_counter() - begin
    return (subject.statements() - statements) / seconds, 100 * (subject.cpu_seconds() - cpu) / seconds


def allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

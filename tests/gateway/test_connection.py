"""Clients that are slow, large or many, on real sockets; the deadlines are short ones here."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.gateway.admission import Admission
from orchestrator.gateway.hasura import HasuraAnswer
from orchestrator.gateway.replays import open_replays
from orchestrator.gateway.request_log import RequestLog
from orchestrator.gateway.server import listen, make_server
from orchestrator.gateway.sync_request import SyncMutation
from orchestrator.gateway.token_bucket import TokenBucket
from tests.gateway.requests import COLUMNS, KEY, MUTATION, Request, sync
from tests.gateway.upstream import WRITTEN

SHORT = 0.3


@dataclass
class Running:
    """A gateway in this process. `passed_on` are the bodies it let through, which wait for `may_answer`."""

    port: int
    log: io.StringIO
    passed_on: list[bytes]
    may_answer: asyncio.Event

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def said_to(self, data: bytes) -> bytes:
        """All that comes back on a connection on which this was sent."""
        reader, writer = await self.connect()
        writer.write(data)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    def outcomes(self) -> list[str]:
        return [json.loads(line)["outcome"] for line in self.log.getvalue().splitlines()]


@asynccontextmanager
async def running(folder: Path, **options: Any) -> AsyncIterator[Running]:
    log, passed_on, may_answer = io.StringIO(), [], asyncio.Event()
    may_answer.set()

    async def forward(body: bytes) -> HasuraAnswer:
        passed_on.append(body)
        await may_answer.wait()
        return HasuraAnswer(200, WRITTEN)

    with closing(open_replays(folder / "r")) as replays, listen("127.0.0.1", 0) as listener:
        bucket = TokenBucket(100, 100, time.monotonic)
        admission = Admission(KEY.encode(), SyncMutation(MUTATION, COLUMNS), bucket, replays, time.time)
        server = make_server(admission, forward, RequestLog(log, time.time), **options)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield Running(listener.getsockname()[1], log, passed_on, may_answer)
        finally:
            may_answer.set()
            server.should_exit = True
            await serving


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def statuses(answers: bytes) -> list[int]:
    return [int(part[:4]) for part in answers.split(b"HTTP/1.1")[1:]]


HEAD = b"POST /sync HTTP/1.1\r\nhost: x\r\n"


async def test_a_head_that_does_not_come_to_its_end_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, request_seconds=SHORT) as gateway:
        begun = time.monotonic()
        assert status(await gateway.said_to(HEAD)) == 408
        assert SHORT * 0.9 < time.monotonic() - begun < 5
        assert gateway.outcomes() == ["too-slow"]
        assert not gateway.passed_on


async def test_a_drip_of_headers_does_not_move_the_deadline(tmp_path: Path) -> None:
    async with running(tmp_path, request_seconds=SHORT) as gateway:
        _, writer = await gateway.connect()
        writer.write(HEAD)
        deadline = time.monotonic() + 5
        while not gateway.outcomes() and time.monotonic() < deadline:
            writer.write(b"x-a: 1\r\n")
            await asyncio.sleep(SHORT / 8)
        writer.close()
        assert gateway.outcomes() == ["too-slow"]


async def test_a_body_that_does_not_come_to_its_end_is_refused(tmp_path: Path) -> None:
    request = sync().raw()
    async with running(tmp_path, request_seconds=SHORT) as gateway:
        answer = await gateway.said_to(request[:-1])
        assert status(answer) == 408
        assert b"connection: close" in answer
        assert gateway.outcomes() == ["too-slow"]
        assert not gateway.passed_on


async def test_who_says_nothing_is_hung_up_on(tmp_path: Path) -> None:
    async with running(tmp_path, request_seconds=SHORT) as gateway:
        assert await gateway.said_to(b"") == b""
        assert gateway.outcomes() == []


async def test_the_second_request_of_a_connection_has_a_deadline_too(tmp_path: Path) -> None:
    async with running(tmp_path, request_seconds=SHORT) as gateway:
        for rest, told in ((HEAD, [408]), (b"\r\n", [])):
            reader, writer = await gateway.connect()
            writer.write(sync().raw())
            assert status(await reader.readuntil(WRITTEN)) == 200
            writer.write(rest)
            assert statuses(await asyncio.wait_for(reader.read(), 5)) == told
            writer.close()
        assert statuses(await gateway.said_to(sync().raw() + HEAD)) == [200, 408]
        assert statuses(await gateway.said_to(Request(b"x" * 40_000, ()).raw() + HEAD)) == [401, 408]


async def test_a_connection_outlasts_the_deadline_of_its_first_request(tmp_path: Path) -> None:
    async with running(tmp_path, request_seconds=SHORT) as gateway:
        reader, writer = await gateway.connect()
        for _ in range(3):
            writer.write(sync().raw())
            assert status(await reader.readuntil(WRITTEN)) == 200
            await asyncio.sleep(SHORT * 1.2)
        writer.close()


async def test_a_large_head_is_refused_in_one_piece_or_many(tmp_path: Path) -> None:
    head = HEAD + b"x-a: " + b"a" * 20_000 + b"\r\n"
    async with running(tmp_path) as gateway:
        assert status(await gateway.said_to(head + b"\r\n")) == 431
        reader, writer = await gateway.connect()
        for piece in (head[:1000], head[1000:16_000], head[16_000:18_000]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        assert status(await asyncio.wait_for(reader.read(), 5)) == 431
        writer.close()
        assert status(await gateway.said_to(b"POST /" + b"s" * 20_000 + b" HTTP/1.1\r\n\r\n")) == 431
        assert gateway.outcomes() == ["too-large"] * 3
        assert not gateway.passed_on


async def test_who_goes_away_before_the_end_is_logged_and_passed_over(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        _, writer = await gateway.connect()
        writer.write(sync().raw()[:-1])
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
        await wait_for(lambda: gateway.outcomes() == ["incomplete"])
        assert not gateway.passed_on


async def test_who_goes_away_within_the_head_is_logged_too(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        _, writer = await gateway.connect()
        writer.write(HEAD)
        writer.close()
        await wait_for(lambda: gateway.outcomes() == ["incomplete"])


async def test_connections_that_ask_nothing_make_room_for_others(tmp_path: Path) -> None:
    async with running(tmp_path, connections=10) as gateway:
        idle = []
        for number in range(50):
            idle.append(await gateway.connect())
            if number % 2:
                idle[-1][1].write(HEAD)  # A slow client is as good as a silent one.
        async with asyncio.timeout(4):  # Before the deadline for their heads.
            for reader, _ in idle[:40]:
                assert await reader.read() == b""
        async with asyncio.timeout(10):
            for _ in range(20):
                reader, writer = await gateway.connect()
                writer.write(sync().raw())
                assert status(await reader.readuntil(WRITTEN)) == 200
                writer.close()
        for _, writer in idle:
            writer.close()
        assert len(gateway.passed_on) == 20


async def test_no_connection_is_dropped_while_hasura_works_for_it(tmp_path: Path) -> None:
    async with running(tmp_path, connections=10) as gateway:
        gateway.may_answer.clear()
        reader, writer = await gateway.connect()
        writer.write(sync().raw())
        await wait_for(lambda: len(gateway.passed_on) == 1)
        idle = [await gateway.connect() for _ in range(30)]
        assert status(await gateway.said_to(Request(b"", (("connection", "close"),), method="GET").raw())) == 200
        gateway.may_answer.set()
        assert status(await reader.readuntil(WRITTEN)) == 200
        for _, other in [*idle, (reader, writer)]:
            other.close()


async def test_requests_that_are_sent_without_waiting_are_answered_in_their_order(tmp_path: Path) -> None:
    first, second = sync("first"), sync("second")
    foreign = Request(b"", (("connection", "close"),), path="/v1/graphql")
    async with running(tmp_path) as gateway:
        answer = await gateway.said_to(first.raw() + second.raw() + foreign.raw())
        assert statuses(answer) == [200, 200, 404]
        assert [json.loads(body)["variables"]["user"]["id"] for body in gateway.passed_on] == ["first", "second"]


async def test_what_is_no_http_behind_a_request_is_not_answered_in_its_place(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        gateway.may_answer.clear()
        assert await gateway.said_to(sync("ada-1").raw() + b"hello\r\n\r\n") == b""
        gateway.may_answer.set()
        await wait_for(lambda: len(gateway.outcomes()) == 2)
        assert gateway.outcomes() == ["malformed", "passed-on"]


async def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)

"""A front passes on everything as it came, and fails as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio

from orchestrator.testing.front import LOOPBACK, Forward, Front, Rule
from orchestrator.testing.http_message import Message, answer

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Start = Callable[[Serve], Awaitable[Front]]

# A machine that does much else is not to fail a test.
SECONDS = 20
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n4\r\n you\r\n0\r\nx-after: 1\r\n\r\n"
UNTIL_THE_END = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\ncontent-length: 7\r\n\r\n"


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    servers: list[asyncio.Server] = []
    fronts: list[Front] = []
    serving: set[asyncio.Task[None] | None] = set()

    async def started(serve: Serve) -> Front:
        async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            serving.add(asyncio.current_task())
            with contextlib.suppress(asyncio.IncompleteReadError):
                await serve(reader, writer)
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(tracked, LOOPBACK)
        servers.append(server)
        front = Front(server.sockets[0].getsockname()[1])
        await front.open()
        fronts.append(front)
        return front

    yield started
    for front in fronts:
        await front.close()
    for server in servers:
        server.close()
    await asyncio.wait_for(asyncio.gather(*(task for task in serving if task)), SECONDS)


def saying(*answers: bytes, close: bool = False) -> Serve:
    """A service that gives these answers, one to each request, and then closes or says nothing more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(each)
            await writer.drain()
        if not close:
            await reader.read()

    return serve


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A service that answers with the request's own body."""
    while head := await reader.readuntil(b"\r\n\r\n"):
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length + body)


async def get(front: Front) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as http:
        return await http.get(f"http://{LOOPBACK}:{front.port}/")


async def test_requests_of_any_size_go_there_and_back_over_one_connection(start: Start) -> None:
    front = await start(echo)
    async with httpx.AsyncClient(trust_env=False, timeout=SECONDS) as http:
        for size in (0, 1, 70_000, 3_000_000):
            response = await http.post(f"http://{LOOPBACK}:{front.port}/", content=b"x" * size)
            assert len(response.content) == size


@pytest.mark.parametrize(("said", "text"), [(CHUNKED, "hello you"), (UNTIL_THE_END, "all of it"), (NO_CONTENT, "")])
async def test_every_way_to_end_an_answer_is_understood(start: Start, said: bytes, text: str) -> None:
    front = await start(saying(said, close=True))
    assert (await get(front)).text == text


async def test_what_was_passed_is_seen_without_its_chunks(start: Start) -> None:
    front = await start(saying(CHUNKED))
    seen: list[tuple[str, bytes | None]] = []
    front.see = lambda request, said, _seconds: seen.append((request.path, said.content if said else None))
    await get(front)
    assert seen == [("/", b"hello you")]


async def test_a_service_that_hangs_up_between_two_requests_hangs_up_on_the_client(start: Start) -> None:
    front = await start(saying(NO_CONTENT, close=True))
    reader, writer = await asyncio.open_connection(LOOPBACK, front.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), SECONDS)).startswith(b"HTTP/1.1 204")
    writer.close()


async def test_a_service_that_dies_in_an_answer_is_a_broken_connection(start: Start) -> None:
    front = await start(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", close=True))
    with pytest.raises(httpx.TransportError):
        await get(front)


async def test_nobody_listens_while_it_refuses_and_the_port_stays_its_own(start: Start) -> None:
    front = await start(saying(CHUNKED))
    reader, writer = await asyncio.open_connection(LOOPBACK, front.port)
    await asyncio.sleep(0)  # So that the front has it.
    await get(front)
    await front.refuse()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), SECONDS)
    with pytest.raises(httpx.ConnectError):
        await get(front)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((LOOPBACK, front.port))
    await front.listen()
    await front.listen()
    assert (await get(front)).text == "hello you"
    writer.close()


async def test_rules_apply_as_often_as_they_say_and_one_after_the_other(start: Start) -> None:
    front = await start(saying(CHUNKED, CHUNKED, CHUNKED))
    order: list[str] = []

    def noting(name: str, times: int | None) -> Rule:
        async def act(request: Message, forward: Forward) -> Message | None:
            order.append(name)
            return await forward(request)

        return Rule(lambda _: True, act, times)

    async def refuse(_request: Message, _forward: Forward) -> Message | None:
        return answer("503 Service Unavailable", b"{}")

    front.rules = [noting("first", None), noting("second", 1), Rule(lambda _: True, refuse, 1)]
    statuses = [(await get(front)).status_code for _ in range(2)]
    assert statuses == [503, 200]
    assert order == ["first", "second", "first"]
    assert [rule.applied for rule in front.rules] == [2, 1, 1]

"""The short way past the framework over real connections: which requests take it, and what they are answered."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httptools
import pytest
import uvicorn

from orchestrator.engine.direct import DirectProtocol, decoded, request_id
from orchestrator.engine.server import Server

SECONDS = 10


class Answered:
    """One answer as it came: status, headers by lower-case name, and body."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_whole = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = True


class Client:
    """A connection that sends bytes as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> Answered:
        answered = Answered()
        parser = httptools.HttpResponseParser(answered)
        while not answered.is_whole:
            # Byte by byte, since the next answer may follow at once.
            data = await asyncio.wait_for(self._reader.read(1), SECONDS)
            assert data, "the connection has ended"
            parser.feed_data(data)
        answered.status = parser.get_status_code()
        return answered

    async def line(self) -> bytes:
        return await asyncio.wait_for(self._reader.readline(), SECONDS)

    async def is_ended(self) -> bool:
        return await asyncio.wait_for(self._reader.read(1), SECONDS) == b""

    def leave(self) -> None:
        self._writer.close()


class Running:
    """A server whose answers begin with `direct`, or with `app` where the application gave them."""

    def __init__(self, url: tuple[str, int], server: uvicorn.Server) -> None:
        self._url = url
        self.server = server
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked: list[bytes] = []
        self._changed = asyncio.Condition()
        self.clients: list[Client] = []

    async def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        self.asked.append(body)
        async with self._changed:
            self._changed.notify_all()
        await self.may_answer.wait()
        return 200, b"direct " + body

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
        await send({"type": "http.response.body", "body": b"app"})

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection(*self._url)))
        return self.clients[-1]

    async def until_asked(self, count: int) -> None:
        async with asyncio.timeout(SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.asked) >= count)


@asynccontextmanager
async def running() -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Running(listener.getsockname(), None)  # type: ignore[arg-type]
        config = uvicorn.Config(
            found.app,
            http=partial(DirectProtocol, answer=found.answer),  # type: ignore[arg-type]
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
        )
        found.server = Server(config)
        serving = asyncio.create_task(found.server.serve([listener]))
        try:
            yield found
        finally:
            for client in found.clients:
                client.leave()
            found.may_answer.set()
            found.server.should_exit = True
            await asyncio.wait_for(serving, SECONDS)


def post(body: bytes, *headers: str, path: str = "/v1/graphql", version: str = "1.1") -> bytes:
    head = [f"POST {path} HTTP/{version}", "Host: test", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


async def test_a_graphql_request_is_answered_directly() -> None:
    async with running() as server:
        client = await server.connect()
        await client.send(post(b"a"))
        answer = await client.answer()
        assert (answer.status, answer.body) == (200, b"direct a")
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert "connection" not in answer.headers


async def test_a_body_may_come_in_parts_or_chunks() -> None:
    async with running() as server:
        client = await server.connect()
        whole = post(b"abc")
        await client.send(whole[:-2])
        await client.send(whole[-2:-1])
        await client.send(whole[-1:])
        assert (await client.answer()).body == b"direct abc"
        await client.send(b"POST /v1/graphql HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        await client.send(b"2\r\nab\r\n")
        await client.send(b"1\r\nc\r\n0\r\n\r\n")
        assert (await client.answer()).body == b"direct abc"


async def test_a_large_body_and_a_large_answer_come_whole() -> None:
    async with running() as server:
        client = await server.connect()
        body = b"x" * 3_000_000
        sending = asyncio.create_task(client.send(post(body)))
        await server.until_asked(1)
        await sending
        reading = asyncio.create_task(client._reader.readuntil(b"x" * 1000))
        head = await asyncio.wait_for(reading, SECONDS)
        rest = await asyncio.wait_for(client._reader.readexactly(len(body) - 1000), SECONDS)
        assert b"direct x" in head
        assert rest == body[1000:]


async def test_one_connection_serves_requests_of_both_kinds() -> None:
    async with running() as server:
        client = await server.connect()
        for path, expected in (("/v1/graphql", b"direct a"), ("/v1/query", b"app"), ("/v1/graphql", b"direct a")):
            await client.send(post(b"a", path=path))
            assert (await client.answer()).body == expected


async def test_requests_sent_together_are_answered_in_their_order() -> None:
    async with running() as server:
        client = await server.connect()
        server.may_answer.clear()
        await client.send(post(b"1") + post(b"2") + post(b"", path="/healthz") + post(b"3"))
        await server.until_asked(1)
        assert server.asked == [b"1"]
        server.may_answer.set()
        found = [(await client.answer()).body for _ in range(4)]
        assert found == [b"direct 1", b"direct 2", b"app", b"direct 3"]


@pytest.mark.parametrize("request_", [post(b"a", "Connection: close"), post(b"a", version="1.0")])
async def test_a_connection_that_is_to_end_ends_after_the_answer(request_: bytes) -> None:
    async with running() as server:
        client = await server.connect()
        await client.send(request_)
        answer = await client.answer()
        assert (answer.body, answer.headers["connection"]) == (b"direct a", "close")
        assert await client.is_ended()


async def test_a_client_that_waits_to_send_its_body_is_told_to() -> None:
    async with running() as server:
        client = await server.connect()
        await client.send(post(b"a", "Expect: 100-continue")[:-1])
        assert await client.line() == b"HTTP/1.1 100 Continue\r\n"
        assert await client.line() == b"\r\n"
        await client.send(b"a")
        assert (await client.answer()).body == b"direct a"


@pytest.mark.parametrize(
    "request_",
    [
        post(b"a", "Origin: http://localhost:3000"),
        post(b"a", path="/v1/query"),
        post(b"a", path="/v1/graphql?x=1"),
        post(b"a", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
        b"OPTIONS /v1/graphql HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /v1/graphql HTTP/1.1\r\nHost: test\r\n\r\n",
    ],
)
async def test_everything_else_goes_to_the_application(request_: bytes) -> None:
    async with running() as server:
        client = await server.connect()
        await client.send(request_)
        assert (await client.answer()).body == b"app"


async def test_a_client_that_leaves_half_way_is_not_answered() -> None:
    async with running() as server:
        leaving, staying = await server.connect(), await server.connect()
        await leaving.send(post(b"abc")[:-1])
        leaving.leave()
        await staying.send(post(b"x"))
        assert (await staying.answer()).body == b"direct x"
        assert server.asked == [b"x"]


async def test_what_is_not_http_is_refused() -> None:
    async with running() as server:
        client = await server.connect()
        await client.send(b"POST /v1/graphql HTTP/1.1\r\nContent-Length: x\r\n\r\n")
        assert (await client.answer()).status == 400
        assert await client.is_ended()


async def test_a_server_that_stops_ends_its_answer_first() -> None:
    async with running() as server:
        client, idle = await server.connect(), await server.connect()
        server.may_answer.clear()
        await client.send(post(b"a"))
        await server.until_asked(1)
        server.server.should_exit = True
        assert await idle.is_ended()
        server.may_answer.set()
        answer = await client.answer()
        assert (answer.body, answer.headers["connection"]) == (b"direct a", "close")
        assert await client.is_ended()


async def test_the_clients_request_id_comes_back() -> None:
    async with running() as server:
        client = await server.connect()
        await client.send(post(b"", "X-Request-Id: mine"))
        assert (await client.answer()).headers["x-request-id"] == "mine"


def test_a_new_request_id_is_a_uuid_of_its_own() -> None:
    one, two = (uuid.UUID(request_id({})) for _ in range(2))
    assert (one.version, one.variant) == (4, uuid.RFC_4122)
    assert one != two


def test_header_values_may_hold_any_letter() -> None:
    assert decoded([(b"x-hasura-name", "Zoë".encode())]) == {"x-hasura-name": "Zoë"}

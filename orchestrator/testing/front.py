"""A front: stands before a service of the stack and passes on what it is sent, unless a rule says otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.testing.http_message import LONGEST_HEAD, Message, read_answer, read_request

LOOPBACK = "127.0.0.1"
CONNECTIONS = 1024
# Whoever is held up by a rule is not waited for longer.
CLOSING_SECONDS = 1.0
PIECE = 1 << 16
SWITCHING = b"101"

Forward = Callable[[Message], Awaitable[Message | None]]


class NoAnswer(Exception):
    """The connection is to end without an answer."""


@dataclass
class Rule:
    """What becomes of the requests that `concerns` names, `times` of them, or all.

    `act` gets the request and the way to the service, and gives the answer.
    """

    concerns: Callable[[Message], bool]
    act: Callable[[Message, Forward], Awaitable[Message | None]]
    times: int | None = None
    applied: int = 0
    _under_way: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def takes(self, request: Message) -> bool:
        """Whether this request is one of them. Then it counts."""
        if (self.times is not None and self.applied >= self.times) or not self.concerns(request):
            return False
        self.applied += 1
        return True

    async def answer(self, request: Message, forward: Forward) -> Message | None:
        self._under_way += 1
        try:
            return await self.act(request, forward)
        finally:
            self._under_way -= 1
            self._idle.set()

    async def settled(self) -> None:
        """Returns when none of the requests that it took is under way any more."""
        while self._under_way:
            self._idle.clear()
            await self._idle.wait()


@dataclass
class Front:
    """Listens from `open` on. Everything but the two ports is to be touched on its event loop only.

    The port stays ours while nobody listens at it: a second socket holds it.
    """

    target: int
    see: Callable[[Message, Message | None, float], None] = lambda _request, _answer, _seconds: None
    port: int = 0
    rules: list[Rule] = field(default_factory=list)
    _held: socket.socket | None = None
    _server: asyncio.Server | None = None
    _clients: set[asyncio.StreamWriter] = field(default_factory=set)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> None:
        self._held = _bound(0)
        self.port = self._held.getsockname()[1]
        await self.listen()

    async def listen(self) -> None:
        """Takes connections (again)."""
        if self._server:
            return
        listener = _bound(self.port)
        listener.listen(CONNECTIONS)
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=LONGEST_HEAD)

    async def refuse(self) -> None:
        """Nobody listens any more, and the connections there are break, as with a service that died."""
        if self._server:
            self._server.close()
            self._server = None
        for client in self._clients:
            client.transport.abort()

    async def close(self) -> None:
        await self.refuse()
        if self._serving:
            await asyncio.wait(self._serving, timeout=CLOSING_SECONDS)
        for serving in self._serving:
            serving.cancel()
        if self._held:
            self._held.close()

    async def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, client))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        writers = [client]
        self._clients.add(client)
        try:
            service = await _connect(self.target, client)
            writers.append(service.writer)
            await self._converse(reader, client, service)
        except (OSError, NoAnswer):
            client.transport.abort()
        finally:
            self._clients.discard(client)
            for writer in writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    async def _converse(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter, service: Service) -> None:
        async def forward(request: Message) -> Message | None:
            service.writer.write(request.head + request.body)
            await service.writer.drain()
            return await read_answer(service.reader, to=request)

        while not service.protocol.ended and (request := await read_request(reader)):
            begin = asyncio.get_running_loop().time()
            service.protocol.busy = True
            answer = await self._answered(request, forward, [*self.rules])
            self.see(request, answer, asyncio.get_running_loop().time() - begin)
            if answer is None:
                raise NoAnswer
            client.write(answer.head + answer.body)
            await client.drain()
            service.protocol.busy = False
            if answer.status == SWITCHING:
                await _splice(reader, client, service)
                return

    async def _answered(self, request: Message, forward: Forward, rules: Sequence[Rule]) -> Message | None:
        """The first rule that takes the request stands before the others."""
        if not rules:
            return await forward(request)
        rule, *others = rules

        async def pass_on(request: Message) -> Message | None:
            return await self._answered(request, forward, others)

        return await rule.answer(request, pass_on) if rule.takes(request) else await pass_on(request)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((LOOPBACK, port))
    return bound


class _Protocol(asyncio.StreamReaderProtocol):
    """The service's side of a conversation: when it ends between two requests, so does the client's side."""

    def __init__(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        super().__init__(reader)
        self._client = client
        self.busy = self.ended = False

    def eof_received(self) -> bool:
        super().eof_received()
        self._end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end()

    def _end(self) -> None:
        self.ended = True
        if not self.busy:
            self._client.close()


@dataclass(frozen=True)
class Service:
    """A connection to the service itself."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: _Protocol


async def _connect(port: int, client: asyncio.StreamWriter) -> Service:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_HEAD, loop=loop)
    protocol = _Protocol(reader, client)
    transport, _ = await loop.create_connection(lambda: protocol, LOOPBACK, port)
    return Service(reader, asyncio.StreamWriter(transport, protocol, reader, loop), protocol)


async def _splice(reader: asyncio.StreamReader, client: asyncio.StreamWriter, service: Service) -> None:
    """Bytes in both directions, until one side ends: a WebSocket."""
    ways = [
        asyncio.create_task(_pump(reader, service.writer)),
        asyncio.create_task(_pump(service.reader, client)),
    ]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()

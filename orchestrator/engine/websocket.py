"""GraphQL over WebSocket, in both protocols: graphql-ws (Apollo's old one) and graphql-transport-ws.

A subscription runs its query again and again and sends what is new.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from orchestrator.engine.direct import decoded
from orchestrator.engine.errors import EngineError
from orchestrator.engine.session import Session

INIT_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 5.0
INVALID_MESSAGE, UNAUTHORIZED, FORBIDDEN, INIT_TIMEOUT, DUPLICATE, TOO_MANY_INITS = 4400, 4401, 4403, 4408, 4409, 4429


class Api(Protocol):
    """What a conversation needs of the engine."""

    async def session(self, headers: Mapping[str, str]) -> Session: ...

    def is_live(self, body: Any, session: Session) -> bool: ...

    async def answer(self, body: Any, session: Session) -> bytes: ...

    def errors(self, error: EngineError, session: Session) -> list[Any]: ...


@dataclass(frozen=True)
class Dialect:
    """The words in which the two protocols differ; `wraps_errors` puts them into an object as HTTP does."""

    name: str
    start: str
    stop: str
    data: str
    keep_alive: str
    wraps_errors: bool


APOLLO = Dialect("graphql-ws", "start", "stop", "data", "ka", wraps_errors=True)
TRANSPORT = Dialect("graphql-transport-ws", "subscribe", "complete", "next", "ping", wraps_errors=False)


def dialect_of(offered: list[str]) -> Dialect:
    """The dialect of the sub-protocols that a client offers; Apollo's for one that offers none."""
    return TRANSPORT if TRANSPORT.name in offered and APOLLO.name not in offered[:1] else APOLLO


class Closed(Exception):
    """The conversation is over; says why to the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass
class Conversation:
    """One client's connection: its session once it has one, and the operations that run in it."""

    socket: WebSocket
    api: Api
    dialect: Dialect
    refetch_seconds: float
    session: Session | None = None
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def hold(self) -> None:
        """Talks until either side ends it."""
        timers = [asyncio.create_task(self._expect_init())]
        try:
            while True:
                await self.take(read_message(await self.socket.receive_text()), timers)
        except WebSocketDisconnect:
            pass
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        finally:
            for task in (*timers, *self.running.values()):
                task.cancel()

    async def take(self, message: Mapping[str, Any], timers: list[asyncio.Task[None]]) -> None:
        kind = message.get("type")
        if kind == "connection_init":
            await self.init(message.get("payload"))
            timers.append(asyncio.create_task(self._stay()))
        elif kind == self.dialect.start:
            self.start(message)
        elif kind == self.dialect.stop:
            self.stop(str(message.get("id")))
        elif kind == "connection_terminate":
            raise Closed(1000, "terminated")
        elif kind == "ping":
            await self.send({"type": "pong"})
        elif kind != "pong":
            raise Closed(INVALID_MESSAGE, f"unexpected message type: {kind}")

    async def init(self, payload: Any) -> None:
        """Opens the session that the payload's headers, or else the request's, are good for."""
        if self.session is not None:
            raise Closed(TOO_MANY_INITS, "Too many initialisation requests")
        try:
            self.session = await self.api.session({**headers_of(self.socket), **sent_headers(payload)})
        except EngineError as error:
            if self.dialect is APOLLO:
                await self.send({"type": "connection_error", "payload": error.message})
            raise Closed(FORBIDDEN, error.message[:120]) from error
        await self.send({"type": "connection_ack"})

    def start(self, message: Mapping[str, Any]) -> None:
        if self.session is None:
            raise Closed(UNAUTHORIZED, "Unauthorized")
        key = message.get("id")
        if not isinstance(key, str) or not key:
            raise Closed(INVALID_MESSAGE, "an operation needs an id")
        if key in self.running:
            raise Closed(DUPLICATE, f"Subscriber for {key} already exists")
        task = asyncio.create_task(self.operate(key, message.get("payload"), self.session))
        self.running[key] = task
        task.add_done_callback(lambda _: self.running.pop(key, None))

    def stop(self, key: str) -> None:
        task = self.running.pop(key, None)
        if task is not None:
            task.cancel()

    async def operate(self, key: str, body: Any, session: Session) -> None:
        """Runs an operation and sends its answers; a subscription goes on until it is stopped."""
        try:
            is_live = self.api.is_live(body, session)
        except EngineError as error:
            await self.refuse(key, self.api.errors(error, session))
            return
        try:
            if is_live:
                await self.follow(key, body, session)
            else:
                await self.send_data(key, await self.api.answer(body, session))
        except EngineError as error:
            # What fails while it runs is an answer; only what can't run at all is an error of the protocol's.
            await self.send_data(key, orjson.dumps({"data": None, "errors": self.api.errors(error, session)}))
        await self.send({"type": "complete", "id": key})

    async def refuse(self, key: str, errors: list[Any]) -> None:
        """Answers an operation that can't be run."""
        payload = {"errors": errors} if self.dialect.wraps_errors else errors
        await self.send({"type": "error", "id": key, "payload": payload})
        if self.dialect is APOLLO:
            await self.send({"type": "complete", "id": key})

    async def follow(self, key: str, body: Any, session: Session) -> None:
        last = b""
        while True:
            answer = await self.api.answer(body, session)
            if answer != last:
                await self.send_data(key, answer)
                last = answer
            await asyncio.sleep(self.refetch_seconds)

    async def send_data(self, key: str, answer: bytes) -> None:
        await self.send({"type": self.dialect.data, "id": key, "payload": orjson.Fragment(answer)})

    async def send(self, message: Mapping[str, Any]) -> None:
        with suppress(RuntimeError, WebSocketDisconnect):
            await self.socket.send_text(orjson.dumps(message, default=str).decode())

    async def close(self, code: int, reason: str) -> None:
        if self.socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.close(code, reason)

    async def _expect_init(self) -> None:
        await asyncio.sleep(INIT_SECONDS)
        if self.session is None:
            await self.close(INIT_TIMEOUT, "Connection initialisation timed out")

    async def _stay(self, clock: Callable[[], float] = time.time) -> None:
        """Keeps the connection alive, until the session expires."""
        expires = self.session.expires_at if self.session else None
        while True:
            left = KEEP_ALIVE_SECONDS if expires is None else min(KEEP_ALIVE_SECONDS, expires - clock())
            await asyncio.sleep(max(0.0, left))
            if expires is not None and clock() >= expires:
                await self.close(UNAUTHORIZED, "the token has expired")
                return
            await self.send({"type": self.dialect.keep_alive})


def read_message(text: str) -> Mapping[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Closed(INVALID_MESSAGE, "the message is not valid JSON") from error
    if not isinstance(message, dict):
        raise Closed(INVALID_MESSAGE, "the message is not an object")
    return message


def headers_of(socket: WebSocket) -> dict[str, str]:
    return decoded(socket.scope["headers"])


def sent_headers(payload: Any) -> dict[str, str]:
    """The headers in the payload of connection_init, by lower-case name."""
    headers = payload.get("headers") if isinstance(payload, dict) else None
    pairs = headers.items() if isinstance(headers, dict) else ()
    return {name.lower(): value for name, value in pairs if isinstance(value, str)}


async def converse(socket: WebSocket, api: Api, *, refetch_seconds: float) -> None:
    """Accepts a connection and holds the conversation."""
    offered = list(socket.scope.get("subprotocols") or ())
    dialect = dialect_of(offered)
    await socket.accept(dialect.name if dialect.name in offered else None)
    await Conversation(socket, api, dialect, refetch_seconds).hold()

"""One client's connection: its session once it has one, the operations that run in it, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from orchestrator.engine.auth.session import Session
from orchestrator.engine.errors import EngineError, unexpected
from orchestrator.engine.live.registry import Leave
from orchestrator.engine.websocket.api import Api, Timing
from orchestrator.engine.websocket.dialects import (
    DUPLICATE,
    FORBIDDEN,
    INIT_TIMEOUT,
    INVALID_MESSAGE,
    MAX_REASON,
    NORMAL,
    TOO_MANY_INITS,
    UNAUTHORIZED,
    Closed,
    Dialect,
    message,
    pong,
    read_message,
    sent_headers,
)
from orchestrator.engine.websocket.outbox import Close, Outbox
from orchestrator.engine.websocket.timers import Timers

logger = logging.getLogger(__name__)

# No operation's id, as these are texts.
KEEP_ALIVE = ("keep alive",)
MAX_QUERIES = 100


class Conversation:
    """Takes a client's messages one by one; what is sent waits in the outbox."""

    def __init__(
        self, socket: WebSocket, api: Api, dialect: Dialect, timing: Timing, headers: Mapping[str, str]
    ) -> None:
        self.dialect = dialect
        self.outbox = Outbox()
        self._socket = socket
        self._api = api
        self._timing = timing
        self._headers = self._asks_with = headers
        self._session: Session | None = None
        self._init_error: str | None = None
        self._queries: dict[str, asyncio.Task[None]] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._timers = Timers()

    async def hold(self) -> None:
        """Talks until either side ends it."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        self._timers.start("init", self._timing.init, self._expect_init)
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop_all()
            reading.cancel()
            writing.cancel()
            ended = await asyncio.gather(reading, writing, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def close(self, code: int, reason: str) -> None:
        """Ends the conversation, after what waits to be sent; nothing more is taken or told."""
        self._stop_all()
        self.outbox.close(code, reason)

    def _stop_all(self) -> None:
        self._timers.cancel_all()
        for key in (*self._queries, *self._subscriptions):
            self._stop(key)

    async def _read(self) -> None:
        try:
            while True:
                await self._room()
                said = self._understood(await self._receive())
                if said is not None:
                    await self._take(said)
        except WebSocketDisconnect:
            return
        except Closed as closed:
            self.close(closed.code, closed.reason)
        # The writer is the one to end it now; a client that goes on talking isn't heard.
        await asyncio.Event().wait()

    async def _room(self) -> None:
        """Returns once there is little under way: a client can't ask for more than it takes."""
        await self.outbox.room()
        if len(self._queries) >= MAX_QUERIES:
            await asyncio.wait(tuple(self._queries.values()), return_when=asyncio.FIRST_COMPLETED)

    async def _receive(self) -> str | bytes:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"])
        text, content = received.get("text"), received.get("bytes")
        return content or b"" if text is None else text

    async def _write(self) -> None:
        with suppress(RuntimeError, WebSocketDisconnect):
            while True:
                item = await self.outbox.take()
                if isinstance(item, Close):
                    await self._socket.close(item.code, item.reason[:MAX_REASON])
                    return
                await self._socket.send_text(item.decode())

    # What the client says

    def _understood(self, text: str | bytes) -> Mapping[str, Any] | None:
        try:
            return read_message(text)
        except ValueError as error:
            self._amiss(f"parsing ClientMessage failed: {error}")
            return None

    def _amiss(self, reason: str) -> None:
        """A message that is none: a strict dialect ends there, the other complains."""
        if self.dialect.is_strict:
            raise Closed(INVALID_MESSAGE, reason)
        self.outbox.put(message(type="connection_error", payload=reason))

    async def _take(self, said: Mapping[str, Any]) -> None:
        kind = said.get("type")
        if kind == "connection_init":
            await self._init(said.get("payload"))
        elif kind == self.dialect.start:
            self._start(said)
        elif kind == self.dialect.stop:
            self._stop(str(said.get("id")))
        elif kind == "connection_terminate" and not self.dialect.is_strict:
            raise Closed(NORMAL, "GQL_CONNECTION_TERMINATE received")
        elif kind == "ping" and self.dialect.is_strict:
            self.outbox.put(pong(said.get("payload")))
        elif not (kind == "pong" and self.dialect.is_strict):
            self._amiss(f"parsing ClientMessage failed: unexpected type of a message: {kind}")

    async def _init(self, payload: Any) -> None:
        """Opens the session that the payload's headers, or else the request's, are good for."""
        if self._session is not None and self.dialect.is_strict:
            raise Closed(TOO_MANY_INITS, "Too many initialisation requests")
        try:
            headers = {**self._headers, **sent_headers(payload)}
            self._session = await self._api.session(headers)
        except EngineError as error:
            if self.dialect.is_strict:
                raise Closed(FORBIDDEN, error.message) from error
            self._init_error = error.message
            self.outbox.put(message(type="connection_error", payload=error.message))
            return
        self._asks_with = headers
        self._timers.cancel("init")
        self.outbox.put(message(type="connection_ack"))
        self._keep_alive()
        self._expect_expiry()

    def _start(self, said: Mapping[str, Any]) -> None:
        key, session = said.get("id"), self._session
        if not isinstance(key, str) or not key:
            self._amiss("parsing ClientMessage failed: an operation needs an id")
            return
        if session is None:
            self._not_ready(key)
            return
        if key in self._queries or key in self._subscriptions:
            self._not_again(key)
            return
        subscription = Subscription(self, key, said.get("payload"), session)
        try:
            is_live = self._subscribe(subscription)
        except EngineError as error:
            self.refuse(key, self._api.errors(error, session))
            return
        if not is_live:
            task = asyncio.create_task(self._answer(key, said.get("payload"), session))
            self._queries[key] = task
            task.add_done_callback(lambda _: self._queries.pop(key, None))

    def _not_ready(self, key: str) -> None:
        if self.dialect.is_strict:
            raise Closed(UNAUTHORIZED, "Unauthorized")
        reason = "start received before the connection is initialised"
        if self._init_error is not None:
            reason = f"cannot start as connection_init failed with: {self._init_error}"
        self._refuse_start(key, reason)

    def _not_again(self, key: str) -> None:
        if self.dialect.is_strict:
            raise Closed(DUPLICATE, f"Subscriber for {key} already exists")
        self._refuse_start(key, f"an operation already exists with this id: {key}")

    def _refuse_start(self, key: str, reason: str) -> None:
        self.refuse(key, [EngineError("start-failed", reason).as_graphql(internal=False)])

    def _stop(self, key: str) -> None:
        task, subscription = self._queries.pop(key, None), self._subscriptions.pop(key, None)
        if task is not None:
            task.cancel()
        if subscription is not None:
            subscription.leave()
            self.outbox.drop(key)

    # What it is answered

    async def _answer(self, key: str, body: Any, session: Session) -> None:
        try:
            answer = await self._api.answer(body, session, self._asks_with)
        except EngineError as error:
            # What fails while it runs is an answer; only what can't run at all is an error of the protocol's.
            answer = self.failure(error, session)
        except Exception as error:
            logger.error("a request over WebSocket failed", exc_info=error)
            answer = self.failure(unexpected("internal error"), session)
        self.outbox.put(self.dialect.answer(key, answer))
        self.outbox.put(message(type="complete", id=key))

    def failure(self, error: EngineError, session: Session) -> bytes:
        return orjson.dumps({"data": None, "errors": self._api.errors(error, session)}, default=str)

    def refuse(self, key: str, errors: list[Any]) -> None:
        """Says that an operation can't be run."""
        self.outbox.put(self.dialect.refusal(key, errors))
        if not self.dialect.is_strict:
            self.outbox.put(message(type="complete", id=key))

    def end(self, subscription: Subscription, error: EngineError) -> None:
        self._stop(subscription.key)
        self.refuse(subscription.key, self._api.errors(error, subscription.session))

    # Subscriptions

    def _subscribe(self, subscription: Subscription) -> bool:
        leave = self._api.subscribe(subscription.body, subscription.session, subscription)
        if leave is None:
            return False
        subscription.leave = leave
        self._subscriptions[subscription.key] = subscription
        return True

    def resubscribe(self) -> None:
        """Goes on with what the metadata is now; ends what it does not allow any more."""
        for subscription in tuple(self._subscriptions.values()):
            subscription.leave()
            try:
                self._subscribe(subscription)
            except EngineError as error:
                self.end(subscription, error)

    # Time

    def _expect_init(self) -> None:
        self.close(INIT_TIMEOUT, "Connection initialisation timed out")

    def _keep_alive(self) -> None:
        self.outbox.replace(KEEP_ALIVE, self.dialect.keep_alive)
        self._timers.start("keep alive", self._timing.keep_alive, self._keep_alive)

    def _expect_expiry(self, clock: Callable[[], float] = time.time) -> None:
        """Ends the conversation when the session expires; a normal end, after which clients come again with a token."""
        self._timers.cancel("expiry")
        if self._session is None or self._session.expires_at is None:
            return
        left = self._session.expires_at - clock()
        if left <= 0:
            self.close(NORMAL, "JWT expired")
        else:
            self._timers.start("expiry", left, self._expect_expiry)


class Subscription:
    """An operation that goes on: what it is told is put into the outbox."""

    __slots__ = ("_conversation", "body", "key", "leave", "session")

    def __init__(self, conversation: Conversation, key: str, body: Any, session: Session) -> None:
        self._conversation = conversation
        self.key = key
        self.body = body
        self.session = session
        self.leave: Leave = lambda: None

    @property
    def is_ready(self) -> bool:
        return not self._conversation.outbox.holds(self.key)

    def tell(self, data: bytes) -> None:
        self._put(b'{"data":' + data + b"}")

    def fail(self, error: EngineError) -> None:
        self._put(self._conversation.failure(error, self.session))

    def end(self, error: EngineError) -> None:
        self._conversation.end(self, error)

    def _put(self, answer: bytes) -> None:
        self._conversation.outbox.replace(self.key, self._conversation.dialect.answer(self.key, answer))

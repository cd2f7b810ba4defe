"""A connection of a client, which has so long and so much room to say what it wants."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from orchestrator.gateway.errors import Refusal
from orchestrator.gateway.request_log import RequestLog

LARGEST_HEAD = 16_384

MALFORMED = Refusal(400, "malformed", "This is no HTTP request.")
SLOW_HEAD = Refusal(408, "too-slow", "The headers were not here in time.")
LARGE_HEAD = Refusal(431, "too-large", f"The headers are larger than {LARGEST_HEAD} bytes.")


class Connections:
    """Those that are open, the one that has been without a request for longest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: dict[BoundedProtocol, None] = {}

    def add(self, connection: BoundedProtocol) -> None:
        """Makes room for a newcomer: whoever holds connections open without asking anything loses the oldest."""
        self._open[connection] = None
        if len(self._open) > self._most:
            oldest = next(other for other in self._open if not other.is_answering())
            self.discard(oldest)
            oldest.transport.close()

    def move_to_end(self, connection: BoundedProtocol) -> None:
        self.discard(connection)
        self._open[connection] = None

    def discard(self, connection: BoundedProtocol) -> None:
        self._open.pop(connection, None)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's connection, with a deadline and a bound for the head of each request; the application has both for
    bodies. What is refused here is worded and, unless the application logs it, logged as there."""

    def __init__(self, *, log: RequestLog, others: Connections, head_seconds: float, **more: Any) -> None:
        super().__init__(**more)
        self._log = log
        self._others = others
        self._head_seconds = head_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._piece = self._head = 0
        self._refusal = MALFORMED

    def is_answering(self) -> bool:
        """Whether a request is here that was not answered yet."""
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._others.add(self)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.discard(self)
        if self._has_begun:
            self._log.write("incomplete", status=None, seconds=0.0)
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.cycle is not None and self.cycle.response_complete:
            self._expect_head()
        self._piece = len(data)
        super().data_received(data)
        self._head += len(data)
        if self._has_begun and self._head > LARGEST_HEAD:
            self._refuse(LARGE_HEAD)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._head = -self._piece  # Of which the end of the request before may be the most.
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_here()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEAD:
            self._refusal = LARGE_HEAD
            raise ValueError(LARGE_HEAD.message)  # The parser stops, and uvicorn calls send_400_response.
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._others.move_to_end(self)

    def send_400_response(self, msg: str) -> None:
        del msg
        self._refuse(self._refusal)

    def shutdown(self) -> None:
        """The end of the program waits for what is being answered, not for requests that may never be whole."""
        if self.is_answering():
            super().shutdown()
        else:
            self.transport.close()

    def _expect_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._head_seconds, self._too_slow)

    def _head_is_here(self) -> None:
        self._has_begun = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self._has_begun:
            self._refuse(SLOW_HEAD)
        else:
            self.transport.close()  # Nothing was asked.

    def _refuse(self, refusal: Refusal) -> None:
        if self.transport.is_closing():
            return
        self._head_is_here()
        if self.cycle is None or not self.cycle.more_body:
            self._log.write(refusal.code, status=refusal.status, seconds=0.0, reason=refusal.message)
        if not self.is_answering():  # Else this would be taken for the answer to the request before.
            self.transport.write(_http(refusal))
        self.transport.close()


def _http(refusal: Refusal) -> bytes:
    body = refusal.body()
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        f"content-type: application/json; charset=utf-8\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body

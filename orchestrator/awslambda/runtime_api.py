"""The wire of the Lambda Runtime API: HTTP/1.1 on loopback between a worker's process and the emulator.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import httptools

from orchestrator.awslambda.answers import RESPONSE_BYTES

_PHRASES = {200: b"OK", 202: b"Accepted", 403: b"Forbidden", 404: b"Not Found", 413: b"Request Entity Too Large"}


@dataclass(frozen=True)
class Request:
    """One request. `body` is empty if `size` is more than Lambda takes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    size: int

    @property
    def too_large(self) -> bool:
        return self.size > RESPONSE_BYTES


class Connection(asyncio.Protocol):
    """Parses requests and hands each to `receive`, which answers with `reply` now or later."""

    def __init__(self, receive: Callable[[Request, Connection], None]) -> None:
        self._receive = receive
        self._parser = httptools.HttpRequestParser(self)
        self.closed = False
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.closed = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= RESPONSE_BYTES:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        body = b"".join(self._parts) if self._size <= RESPONSE_BYTES else b""
        method = self._parser.get_method().decode("ascii")
        self._receive(Request(method, self._url.decode("latin-1"), self._headers, body, self._size), self)

    def reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer the request; nothing happens if the process is gone by now."""
        if self.closed:
            return
        lines = [f"{name}: {value}\r\n" for name, value in (headers or {}).items()]
        head = b"HTTP/1.1 %d %s\r\ncontent-length: %d\r\n" % (status, _PHRASES[status], len(body))
        self._transport.write(head + "".join(lines).encode("latin-1", "replace") + b"\r\n" + body)

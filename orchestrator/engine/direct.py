"""The short way for most requests: POST /v1/graphql from the connection to the answer, past the framework, which costs
more than the query itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import randbytes
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from orchestrator.engine.auth.token_header import REPEATED
from orchestrator.engine.errors import EngineError

JSON_TYPE = "application/json; charset=utf-8"
URL = b"/v1/graphql"
LARGEST_BODY = 128 << 20
BEFORE_LENGTH = f"content-type: {JSON_TYPE}\r\ncontent-length: ".encode()
BEFORE_ID = b"\r\nx-request-id: "
END = b"\r\n\r\n"
CLOSING_END = b"\r\nconnection: close\r\n\r\n"

# Headers and body in, status and body out; it raises nothing.
Answer = Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class DirectProtocol(HttpToolsProtocol):
    """uvicorn's connection, which answers POST /v1/graphql itself; pages of other origins, for CORS, and all else go to
    the application."""

    def __init__(self, *, answer: Answer, **more: Any) -> None:
        super().__init__(**more)
        self.answer = answer

    def on_headers_complete(self) -> None:
        parser = self.parser
        if self.url != URL or parser.get_method() != b"POST" or parser.should_upgrade():
            super().on_headers_complete()
            return
        headers = decoded(self.headers)
        if "origin" in headers:
            super().on_headers_complete()
            return
        before, self.cycle = self.cycle, Exchange(self, headers)
        if before is None or before.response_complete:
            task = self.loop.create_task(self.cycle.run_asgi(self.app))
            task.add_done_callback(self.tasks.discard)
            self.tasks.add(task)
        else:
            # It was sent before the one before was answered, and is answered after that.
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))


class Exchange(RequestResponseCycle):
    """A request and its answer, written in one piece."""

    def __init__(self, connection: DirectProtocol, headers: Mapping[str, str]) -> None:
        parser = connection.parser
        super().__init__(
            scope=connection.scope,
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=False,
            default_headers=[],
            message_event=asyncio.Event(),
            expect_100_continue=connection.expect_100_continue,
            keep_alive=parser.should_keep_alive() and parser.get_http_version() != "1.0",
            on_response=connection.on_response_complete,
        )
        self._headers = headers
        self._answer = connection.answer

    async def run_asgi(self, app: object) -> None:
        del app
        try:
            body = await read(self.receive)
            if body is not None:
                await self._write(*await self._answer(self._headers, body))
        except EngineError as error:
            # What else is sent is not read any more.
            self.keep_alive = False
            await self._write(error.status, orjson.dumps({"errors": [error.as_graphql()]}))
        finally:
            if not self.response_complete:
                self.transport.close()

    async def _write(self, status: int, content: bytes) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        identity = request_id(self._headers).encode("latin-1", "replace")
        length = str(len(content)).encode()
        end = END if self.keep_alive else CLOSING_END
        self.transport.write(b"".join((STATUS_LINE[status], BEFORE_LENGTH, length, BEFORE_ID, identity, end, content)))
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def decoded(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by name in small letters. Hasura reads values as UTF-8: session variables may hold any letter."""
    found = {name.decode("latin-1"): value.decode(errors="replace") for name, value in headers}
    return found if len(found) == len(headers) else {**found, **repeated_tokens(headers)}


def repeated_tokens(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """All values together where a token may be, so that two are noticed; of other headers the last one counts."""
    sent = ("authorization", "cookie")
    values = {name: [value for header, value in headers if header == name.encode()] for name in sent}
    return {name: REPEATED.encode().join(found).decode(errors="replace") for name, found in values.items() if found}


def request_id(headers: Mapping[str, str]) -> str:
    """The client's own, or a new one: a UUID of random bytes that cost no call of the system's."""
    sent = headers.get("x-request-id")
    if sent:
        return sent
    digits = randbytes(16).hex()  # noqa: S311 - no secret
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


async def read(receive: Receive) -> bytes | None:
    """The whole body, None if the client has gone; raises bad-request for one that is too large."""
    parts: list[bytes] = []
    left = LARGEST_BODY
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message["body"])
        left -= len(parts[-1])
        if left < 0:
            raise EngineError("bad-request", f"the body is larger than {LARGEST_BODY >> 20} MiB", status=413)
        if not message["more_body"]:
            return parts[0] if len(parts) == 1 else b"".join(parts)

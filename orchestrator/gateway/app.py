"""The application: one route, and what is answered and logged for each request."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from orchestrator.gateway.admission import Admission
from orchestrator.gateway.errors import Refusal
from orchestrator.gateway.hasura import HasuraAnswer
from orchestrator.gateway.request_log import RequestLog
from orchestrator.gateway.signature import gateway_id
from orchestrator.gateway.sync_request import SyncRequest

PATH = b"/sync"
LARGEST_BODY = 65_536
# So much is read of what is too large, so that its sender comes to reading the refusal.
LARGEST_READ = 16 * LARGEST_BODY
JSON_TYPE = "application/json; charset=utf-8"
CLOSE: Mapping[str, str] = {"connection": "close"}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Forward = Callable[[bytes], Awaitable[HasuraAnswer]]


class Incomplete(Exception):
    """The connection came to its end before the request did."""


@dataclass(frozen=True)
class Answer:
    """What the client gets, and what the log says of it."""

    status: int
    body: bytes
    outcome: str
    user: str | None = None
    reason: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Gateway:
    """An ASGI application. What is admitted goes to `forward`, which is the only way on."""

    def __init__(self, admission: Admission, forward: Forward, log: RequestLog, *, body_seconds: float) -> None:
        self._admission = admission
        self._forward = forward
        self._log = log
        self._body_seconds = body_seconds
        self._probed = orjson.dumps({"gateway": gateway_id(admission.key)})

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        try:
            answer = await self._answer(scope, receive)
        except Incomplete:
            self._log.write("incomplete", status=None, seconds=time.perf_counter() - begun)
            return
        except Exception as error:
            # Not its message, nor a traceback: either may quote the request.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            answer = _refused(Refusal(500, "failed", f"The gateway failed: {where}."))
        self._log.write(
            answer.outcome,
            status=answer.status,
            seconds=time.perf_counter() - begun,
            user=answer.user,
            reason=answer.reason,
        )
        await _send(send, answer)

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> Answer:
        try:
            body = await self._body(receive)
            if scope["raw_path"] != PATH or scope["query_string"]:
                raise Refusal(404, "not-found", "There is nothing here.")
            if scope["method"] == "GET":
                return Answer(200, self._probed, "probed")
            if scope["method"] != "POST":
                raise Refusal(405, "method-not-allowed", "Only GET and POST are allowed.", {"allow": "GET, POST"})
            request = self._admission.admit(scope["headers"], body)
        except Refusal as refusal:
            return _refused(refusal)
        return await self._pass_on(request)

    async def _body(self, receive: Receive) -> bytes:
        """The whole body. Raises Refusal (413, 408) and Incomplete."""
        try:
            async with asyncio.timeout(self._body_seconds):
                return await _read(receive)
        except TimeoutError as error:
            raise Refusal(408, "too-slow", "The body was not here in time.", CLOSE) from error

    async def _pass_on(self, request: SyncRequest) -> Answer:
        try:
            answer = await self._forward(request.body)
        except Refusal as refusal:
            return _refused(refusal, user=request.user_id)
        outcome = "passed-on" if is_success(answer) else "hasura-refused"
        return Answer(answer.status, answer.body, outcome, request.user_id)


def is_success(answer: HasuraAnswer) -> bool:
    """Hasura answers 200 to what failed, too, with `errors` in the place of `data`."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    return answer.status == 200 and isinstance(found, dict) and "errors" not in found


def _refused(refusal: Refusal, *, user: str | None = None) -> Answer:
    return Answer(refusal.status, refusal.body(), refusal.code, user, refusal.message, refusal.headers)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= LARGEST_READ:
        message = await receive()
        if message["type"] != "http.request":
            raise Incomplete
        size += len(message["body"])
        if size <= LARGEST_BODY:
            parts.append(message["body"])
        if not message["more_body"]:
            break
    if size > LARGEST_BODY:
        raise Refusal(413, "too-large", f"The body is larger than {LARGEST_BODY} bytes.", CLOSE)
    return b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    headers = {"content-type": JSON_TYPE, "content-length": str(len(answer.body)), **answer.headers}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})

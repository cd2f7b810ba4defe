"""The short way for most requests: POST /v1/graphql past the framework, which costs as much as the query itself."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.engine.token_header import REPEATED

JSON_TYPE = "application/json; charset=utf-8"
PATH = "/v1/graphql"

# Headers and body in, status and body out; it raises nothing.
Answer = Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]


class Direct:
    """Answers POST /v1/graphql itself; a page of another origin, for CORS, and all else goes to the application."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            headers = decoded(scope["headers"])
            if "origin" not in headers:
                await self._respond(headers, receive, send)
                return
        await self._app(scope, receive, send)

    async def _respond(self, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        body = await read(receive)
        if body is None:
            return
        status, content = await self._answer(headers, body)
        sent = [
            (b"content-type", JSON_TYPE.encode()),
            (b"content-length", str(len(content)).encode()),
            (b"x-request-id", request_id(headers).encode("latin-1", "replace")),
        ]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": content})


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
    """The client's own, or a new one."""
    return headers.get("x-request-id") or str(uuid.uuid4())


async def read(receive: Receive) -> bytes | None:
    """The whole body; None if the client has gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)

"""The short way past the framework: which requests take it, and what they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.engine.direct import Direct, decoded, read


class Call:
    """One ASGI request with the messages that come, and those that were sent."""

    def __init__(self, *messages: dict[str, Any], headers: Mapping[str, str] | None = None, **scope: Any) -> None:
        raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        self.scope = {"type": "http", "method": "POST", "path": "/v1/graphql", "headers": raw, **scope}
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        return self.messages.pop(0)

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def go(self) -> Call:
        async def answer(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            return 200, b"direct " + body

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "app"})

        await Direct(app, answer)(self.scope, self.receive, self.send)
        return self


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_graphql_request_is_answered_directly() -> None:
    start, body = (await Call(part(b"a", more=True), part(b"b")).go()).sent
    assert start["status"] == 200
    headers = decoded(start["headers"])
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["content-length"] == str(len(b"direct ab"))
    assert body["body"] == b"direct ab"


async def test_the_clients_request_id_comes_back_and_others_differ() -> None:
    own = (await Call(part(b""), headers={"x-request-id": "mine"}).go()).sent[0]
    one, two = [(await Call(part(b"")).go()).sent[0] for _ in range(2)]
    assert decoded(own["headers"])["x-request-id"] == "mine"
    assert decoded(one["headers"])["x-request-id"] != decoded(two["headers"])["x-request-id"]


@pytest.mark.parametrize(
    "scope",
    [
        {"headers": {"origin": "http://localhost:3000"}},
        {"method": "OPTIONS"},
        {"path": "/v1/query"},
        {"type": "websocket"},
    ],
)
async def test_everything_else_goes_to_the_application(scope: dict[str, Any]) -> None:
    assert (await Call(part(b""), **scope).go()).sent == [{"type": "app"}]


async def test_a_client_that_has_gone_is_not_answered() -> None:
    assert (await Call(part(b"a", more=True), {"type": "http.disconnect"}).go()).sent == []


async def test_the_body_is_read_to_its_end() -> None:
    assert await read(Call(part(b"a", more=True), part(b"b", more=True), part(b"c")).receive) == b"abc"


def test_header_values_may_hold_any_letter() -> None:
    assert decoded([(b"x-hasura-name", "Zoë".encode())]) == {"x-hasura-name": "Zoë"}

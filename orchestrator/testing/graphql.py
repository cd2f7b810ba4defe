"""A GraphQL client for tests: asks Hasura as somebody, from plain and from async tests."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import httpx

SECONDS = 30.0
PROTOCOL = "graphql-transport-ws"

Answer = dict[str, Any]


class GraphQLError(Exception):
    """Hasura refused. The text is its first message; `errors` are all of them as they came."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__(str(errors[0].get("message")))

    @property
    def code(self) -> str:
        """Hasura's word for the first error, `validation-failed`."""
        return str(self.errors[0].get("extensions", {}).get("code", ""))


@dataclass(frozen=True)
class GraphQL:
    """Hasura as whoever the headers say. Calling it gives the data or raises GraphQLError; `ask` gives what came.

    >>> graphql("query ($id: Int!) { todos_by_pk(id: $id) { title } }", id=1)  # doctest: +SKIP
    {'todos_by_pk': {'title': 'Buy milk'}}
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    http: httpx.Client = field(repr=False)

    def __call__(self, query: str, /, **variables: Any) -> Answer:
        return data_of(self.ask(query, **variables))

    def ask(self, query: str, /, **variables: Any) -> Answer:
        """The whole answer, `{"data": …}` or `{"errors": […]}`."""
        body = {"query": query, "variables": variables}
        return cast("Answer", self.http.post(self.url, json=body, headers=dict(self.headers)).json())

    async def acall(self, query: str, /, **variables: Any) -> Answer:
        """As calling it, for async tests."""
        return data_of(await self.aask(query, **variables))

    async def aask(self, query: str, /, **variables: Any) -> Answer:
        """As `ask`, for async tests."""
        import httpx

        async with httpx.AsyncClient(trust_env=False, verify=self.url.startswith("https:"), timeout=SECONDS) as http:
            body = {"query": query, "variables": variables}
            return cast("Answer", (await http.post(self.url, json=body, headers=dict(self.headers))).json())

    async def subscribe(self, query: str, /, **variables: Any) -> AsyncGenerator[Answer, None]:
        """The data of each answer to a subscription, as it comes; raises GraphQLError. It ends with the iteration."""
        from websockets.asyncio.client import connect
        from websockets.typing import Subprotocol

        address = "ws" + self.url.removeprefix("http")
        async with connect(address, subprotocols=[Subprotocol(PROTOCOL)], proxy=None) as socket:
            await socket.send(json.dumps({"type": "connection_init", "payload": {"headers": dict(self.headers)}}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "connection_ack":
                    asked = {"query": query, "variables": variables}
                    await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": asked}))
                elif message["type"] == "ping":
                    await socket.send(json.dumps({"type": "pong"}))
                elif message["type"] == "next":
                    yield data_of(message["payload"])
                elif message["type"] == "error":
                    raise GraphQLError(message["payload"])
                elif message["type"] == "complete":
                    return


def data_of(answer: Answer) -> Answer:
    if errors := answer.get("errors"):
        raise GraphQLError(errors)
    return cast("Answer", answer["data"])

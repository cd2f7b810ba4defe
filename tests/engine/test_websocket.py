"""GraphQL over WebSocket with a real client: both protocols, live queries, and how a conversation ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.engine.conftest import Engine

WORDS = {
    "graphql-ws": ("start", "stop", "data"),
    "graphql-transport-ws": ("subscribe", "complete", "next"),
}


class Client:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def receive(self) -> dict[str, Any]:
        """The next message that isn't there to keep the connection alive."""
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(timeout=10))
            if message["type"] not in ("ka", "ping"):
                return message

    def closed_with(self) -> int:
        with pytest.raises(ConnectionClosed) as caught:
            self.receive_all()
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code

    def receive_all(self) -> None:
        while True:
            self.connection.recv(timeout=10)


@contextmanager
def client(engine: Engine, protocol: str, *, init: dict[str, str] | None = None) -> Iterator[Client]:
    url = engine.url.replace("http", "ws", 1) + "/v1/graphql"
    with connect(url, subprotocols=[protocol], proxy=None) as connection:  # type: ignore[list-item]
        talking = Client(connection)
        if init is not None:
            talking.send(type="connection_init", payload={"headers": init})
            assert talking.receive() == {"type": "connection_ack"}
        yield talking


@pytest.mark.parametrize("protocol", WORDS)
def test_a_query_is_answered_and_completed(blog: Engine, protocol: str) -> None:
    start, _, data = WORDS[protocol]
    with client(blog, protocol, init={}) as talking:
        talking.send(type=start, id="q", payload={"query": "{ author_by_pk(id: 1) { name } }"})
        assert talking.receive() == {"type": data, "id": "q", "payload": {"data": {"author_by_pk": {"name": "Ada"}}}}
        assert talking.receive() == {"type": "complete", "id": "q"}


@pytest.mark.parametrize("protocol", WORDS)
def test_the_session_comes_from_the_init_message(blog: Engine, protocol: str) -> None:
    start, _, _ = WORDS[protocol]
    with client(blog, protocol, init={"X-Hasura-Role": "user", "X-Hasura-User-Id": "2"}) as talking:
        talking.send(type=start, id="q", payload={"query": "{ article(order_by: {id: asc}) { title } }"})
        assert talking.receive()["payload"]["data"] == {"article": [{"title": "Engines"}, {"title": "Bread"}]}


@pytest.mark.parametrize("protocol", WORDS)
def test_a_subscription_sends_what_changes_until_it_is_stopped(blog: Engine, protocol: str) -> None:
    start, stop, data = WORDS[protocol]
    with client(blog, protocol, init={}) as talking:
        query = "subscription ($id: Int!) { author_by_pk(id: $id) { name } }"
        talking.send(type=start, id="s", payload={"query": query, "variables": {"id": 1}})
        assert talking.receive()["payload"]["data"] == {"author_by_pk": {"name": "Ada"}}
        blog.sql("update author set name = 'Augusta' where id = 1")
        message = talking.receive()
        assert (message["type"], message["payload"]["data"]) == (data, {"author_by_pk": {"name": "Augusta"}})
        talking.send(type=stop, id="s")
        talking.send(type=start, id="s", payload={"query": "{ __typename }"})
        assert talking.receive()["payload"] == {"data": {"__typename": "query_root"}}


def test_errors_have_the_form_of_their_protocol(blog: Engine) -> None:
    error = {
        "message": "field 'nothing' not found in type: 'query_root'",
        "extensions": {"path": "$.selectionSet.nothing", "code": "validation-failed"},
    }
    with client(blog, "graphql-ws", init={}) as talking:
        talking.send(type="start", id="1", payload={"query": "{ nothing }"})
        assert talking.receive() == {"type": "error", "id": "1", "payload": {"errors": [error]}}
    with client(blog, "graphql-transport-ws", init={}) as talking:
        talking.send(type="subscribe", id="1", payload={"query": "{ nothing }"})
        assert talking.receive() == {"type": "error", "id": "1", "payload": [error]}


@pytest.mark.parametrize("protocol", WORDS)
def test_what_fails_while_it_runs_is_an_answer(blog: Engine, protocol: str) -> None:
    start, _, data = WORDS[protocol]
    with client(blog, protocol, init={}) as talking:
        query = 'mutation { insert_author_one(object: {id: 1, name: "x"}) { id } }'
        talking.send(type=start, id="1", payload={"query": query})
        message = talking.receive()
        assert (message["type"], message["payload"]["data"]) == (data, None)
        assert message["payload"]["errors"][0]["extensions"]["code"] == "constraint-violation"
        assert talking.receive() == {"type": "complete", "id": "1"}


def test_a_conversation_out_of_order_is_closed_with_its_code(blog: Engine) -> None:
    with client(blog, "graphql-transport-ws") as talking:
        talking.send(type="subscribe", id="1", payload={"query": "{ __typename }"})
        assert talking.closed_with() == 4401
    with client(blog, "graphql-transport-ws", init={}) as talking:
        talking.send(type="connection_init")
        assert talking.closed_with() == 4429
    with client(blog, "graphql-transport-ws", init={}) as talking:
        for _ in range(2):
            talking.send(type="subscribe", id="1", payload={"query": "subscription { author { id } }"})
        assert talking.closed_with() == 4409
    for text in ("{", "[]", '{"type": "nothing"}', "[" * 50_000):
        with client(blog, "graphql-transport-ws") as talking:
            talking.connection.send(text)
            assert talking.closed_with() == 4400


def test_subscriptions_need_a_websocket(blog: Engine) -> None:
    code, _, message = blog.error("subscription { author { id } }")
    assert (code, message) == (
        "validation-failed",
        "subscriptions are not supported over HTTP, use websockets instead",
    )

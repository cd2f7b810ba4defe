"""A client that speaks both WebSocket protocols, message by message."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.engine.conftest import Engine

# How each protocol says: begin, stop, here is data.
WORDS = {
    "graphql-ws": ("start", "stop", "data"),
    "graphql-transport-ws": ("subscribe", "complete", "next"),
}
SECONDS = 15


class Client:
    def __init__(self, connection: ClientConnection, protocol: str) -> None:
        self.connection = connection
        self.start, self.stop, self.data = WORDS[protocol]

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def subscribe(self, query: str, variables: dict[str, Any] | None = None, *, key: str = "s") -> None:
        self.send(type=self.start, id=key, payload={"query": query, "variables": variables or {}})

    def receive(self, *, seconds: float = SECONDS) -> dict[str, Any]:
        """The next message that isn't there to keep the connection alive."""
        while True:
            message: dict[str, Any] = json.loads(self.connection.recv(timeout=seconds))
            if message["type"] not in ("ka", "ping"):
                return message

    def receive_data(self) -> Any:
        """The data of the next answer, which is no error."""
        message = self.receive()
        assert message["type"] == self.data, message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that is wanted."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            message = self.receive()
            if wanted(message):
                return message
        raise AssertionError("what is wanted never came")

    def is_silent(self, *, seconds: float) -> bool:
        try:
            self.receive(seconds=seconds)
        except TimeoutError:
            return True
        return False

    def closed_with(self) -> tuple[int, str]:
        with pytest.raises(ConnectionClosed) as caught:
            self._receive_all()
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code, caught.value.rcvd.reason

    def _receive_all(self) -> None:
        while True:
            self.connection.recv(timeout=SECONDS)


@contextmanager
def client(
    engine: Engine,
    protocol: str = "graphql-transport-ws",
    *,
    init: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Client]:
    url = engine.url.replace("http", "ws", 1) + "/v1/graphql"
    with connect(
        url,
        subprotocols=[protocol],  # type: ignore[list-item]
        proxy=None,
        additional_headers=headers,
        max_size=None,
        close_timeout=0.5,
    ) as connection:
        talking = Client(connection, protocol)
        if init is not None:
            talking.send(type="connection_init", payload={"headers": dict(init)})
            assert talking.receive() == {"type": "connection_ack"}
        yield talking

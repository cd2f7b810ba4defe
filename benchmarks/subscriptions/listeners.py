"""Many subscribers, each with a connection and a session variable of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from websockets.asyncio.client import ClientConnection, connect

QUERY = "subscription { message(order_by: {id: asc}) { id words } }"
AT_ONCE = 100


class Listeners:
    """Counts who has been told since when."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._told: set[int] = set()
        self._all_told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(cls, url: str, count: int) -> AsyncIterator[Listeners]:
        """All of them, once each has had its first answer."""
        listeners, gate = cls(count), asyncio.Semaphore(AT_ONCE)
        told = listeners.all_told()
        tasks = [asyncio.create_task(listeners.listen(url, number, gate)) for number in range(count)]
        try:
            await asyncio.wait_for(told, 120)
            yield listeners
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def all_told(self) -> asyncio.Future[None]:
        """Done once each has been told something new."""
        self._told.clear()
        self._all_told = asyncio.get_running_loop().create_future()
        return self._all_told

    async def listen(self, url: str, number: int, gate: asyncio.Semaphore) -> None:
        async with contextlib.AsyncExitStack() as stack:
            async with gate:
                connection = await stack.enter_async_context(
                    connect(
                        url.replace("http", "ws", 1) + "/v1/graphql",
                        subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
                        proxy=None,
                        compression=None,
                        ping_interval=None,
                        open_timeout=60,
                        close_timeout=1,
                    )
                )
                await subscribe(connection, number)
            async for frame in connection:
                if json.loads(frame)["type"] == "next":
                    self._tell(number)

    def _tell(self, number: int) -> None:
        self._told.add(number)
        if len(self._told) == self._count and not self._all_told.done():
            self._all_told.set_result(None)


async def subscribe(connection: ClientConnection, number: int) -> None:
    headers = {"x-hasura-role": "user", "x-hasura-user-id": f"user{number + 1}"}
    await connection.send(json.dumps({"type": "connection_init", "payload": {"headers": headers}}))
    await connection.recv()
    await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": QUERY}}))

"""SQL against the stack's application database, from plain and from async tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

    from orchestrator.testing.background import Background

Row = dict[str, Any]
APPLICATION = "hasura-cognito-test"


class Database:
    """The application's database, as its superuser. Arguments are for $1, $2, …; JSON comes as Python values.

    Each method has a twin for async tests, which begins with `a`. Errors are asyncpg's own.

    >>> database.value("SELECT count(*) FROM todos WHERE done = $1", False)  # doctest: +SKIP
    3
    """

    def __init__(self, url: str, background: Background) -> None:
        self.url = url
        self._background = background
        self._connection: asyncpg.Connection | None = None

    def execute(self, statement: str, *arguments: Any) -> None:
        """Runs a statement; without arguments there may be several, separated by semicolons."""
        self._background.run(self._execute(statement, *arguments))

    def rows(self, query: str, *arguments: Any) -> list[Row]:
        return self._background.run(self._rows(query, *arguments))

    def row(self, query: str, *arguments: Any) -> Row | None:
        """The first row, or None without any."""
        return next(iter(self.rows(query, *arguments)), None)

    def value(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row, or None without any."""
        return next(iter((self.row(query, *arguments) or {}).values()), None)

    async def aexecute(self, statement: str, *arguments: Any) -> None:
        await self._background.wait(self._execute(statement, *arguments))

    async def arows(self, query: str, *arguments: Any) -> list[Row]:
        return await self._background.wait(self._rows(query, *arguments))

    async def arow(self, query: str, *arguments: Any) -> Row | None:
        return next(iter(await self.arows(query, *arguments)), None)

    async def avalue(self, query: str, *arguments: Any) -> Any:
        return next(iter((await self.arow(query, *arguments) or {}).values()), None)

    def close(self) -> None:
        """What the test left open ends with it."""
        if self._connection:
            self._background.run(_terminate(self._connection))
            self._connection = None

    async def _execute(self, statement: str, *arguments: Any) -> None:
        await (await self._open()).execute(statement, *arguments)

    async def _rows(self, query: str, *arguments: Any) -> list[Row]:
        return [dict(row) for row in await (await self._open()).fetch(query, *arguments)]

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self.url)
            for name in ("json", "jsonb"):
                await self._connection.set_type_codec(name, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        return self._connection


async def connect(url: str, **settings: str) -> asyncpg.Connection:
    import asyncpg

    return await asyncpg.connect(url, timeout=10, server_settings={"application_name": APPLICATION, **settings})


async def answers(url: str) -> bool:
    """Whether the server takes a connection now."""
    try:
        connection = await connect(url)
    except lost():
        return False
    connection.terminate()
    return True


def lost() -> tuple[type[Exception], ...]:
    """What is raised where a connection is gone."""
    import asyncpg

    return (
        OSError,
        asyncpg.InterfaceError,
        # When the server's farewell arrives in the middle of asyncpg's own message.
        asyncpg.InternalClientError,
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
    )


async def _terminate(connection: asyncpg.Connection) -> None:
    connection.terminate()

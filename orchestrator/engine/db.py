"""The only SQL I/O: one pool of connections a database, and PostgreSQL's errors in the engine's words."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg

from orchestrator.engine.catalog import CATALOG_SQL, Catalog, QualifiedName, catalog_of
from orchestrator.engine.enums import EnumValues
from orchestrator.engine.errors import EngineError
from orchestrator.engine.sql import name, qualified

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 30.0
RETRY_SECONDS = 0.1
# No statement of a GraphQL request runs for longer: it would keep its connection from the others.
STATEMENT_SECONDS = 60.0
# Lifts that until the connection is reset: whoever sends SQL of his own knows how long it takes.
UNLIMITED = "SET statement_timeout = 0"
RETIRE_SECONDS = 5.0
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.ConnectionRejectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # What asyncpg raises when the server's farewell arrives in the middle of its own message.
    asyncpg.InternalClientError,
)
UNUSABLE = (asyncpg.PostgresError, ValueError)


class Connection(Protocol):
    """What the engine needs of a connection; asyncpg's has it."""

    async def execute(self, query: str, *args: Any) -> Any: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...

    async def fetchrow(self, query: str, *args: Any) -> Any: ...


class Database:
    """A PostgreSQL database, connected to when first needed and again whenever a connection was lost.

    The connections are kept here rather than in asyncpg's pool: that one takes a connection which the server ends back
    while it is still in use, and every call on it then fails with an error of the pool's own.
    """

    def __init__(self, url: str, *, connections: int = 10, seconds: float = STATEMENT_SECONDS) -> None:
        self._url = url
        self._seconds = seconds
        self._places = asyncio.Semaphore(connections)
        self._idle: list[asyncpg.Connection] = []
        self._used: set[asyncpg.Connection] = set()
        self._retiring: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        if self._retiring:
            await asyncio.wait(self._retiring, timeout=1)
        for connection in (*self._idle, *self._used):
            connection.terminate()
        self._idle.clear()

    def connection(self) -> Lease:
        """A connection for an `async with`; PostgreSQL's absence and its errors are raised as the engine's own."""
        return Lease(self)

    async def take(self) -> asyncpg.Connection:
        if self._places.locked():
            await self._wait_for_place()
        else:
            await self._places.acquire()  # Does not wait.
        try:
            connection = self._idle_one() or await self._connect()
        except BaseException:
            self._places.release()
            raise
        self._used.add(connection)
        return connection

    async def _wait_for_place(self) -> None:
        try:
            await asyncio.wait_for(self._places.acquire(), ACQUIRE_SECONDS)
        except TimeoutError as error:
            raise EngineError("unexpected", "connection error: all connections to the database are busy") from error

    def _idle_one(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> asyncpg.Connection:
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                statement_cache_size=1024,
                max_cached_statement_lifetime=0,
                # PostgreSQL stops what takes too long: a clock here would cost a request more.
                server_settings={
                    "application_name": "graphql-engine",
                    "statement_timeout": f"{self._seconds * 1000:.0f}",
                },
            )
            await _prepare_connection(connection)
        except AWAY as error:
            raise _away(error) from error
        except asyncpg.PostgresError as error:
            raise EngineError("unexpected", f"connection error: {error}") from error
        return connection

    def give_back(self, connection: asyncpg.Connection, error: BaseException | None) -> BaseException | None:
        """Takes a connection back; gives the error to raise for the one that ended its use."""
        raised = self._after(connection, error) if error else None
        self._used.discard(connection)
        if not connection.is_closed():
            # Nobody knows what it was in the middle of when a request was cancelled or the engine failed.
            if raised is None or (isinstance(raised, EngineError) and not connection.is_in_transaction()):
                self._idle.append(connection)
            else:
                self._retire(connection)
        self._places.release()
        return raised

    def _after(self, connection: asyncpg.Connection, error: BaseException) -> BaseException:
        if isinstance(error, AWAY):
            self._drop(connection, *self._idle)  # A server that ended one has mostly ended all.
            return _away(error)
        return engine_error(error) if isinstance(error, asyncpg.PostgresError) else error

    def _retire(self, connection: asyncpg.Connection) -> None:
        """Closes it without waiting. Unlike a broken line, that ends what PostgreSQL may still be doing on it."""
        task = asyncio.create_task(_close(connection))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _drop(self, *connections: asyncpg.Connection) -> None:
        for connection in connections:
            connection.terminate()

    async def fetch_row(self, text: str, values: Sequence[str | None]) -> Any:
        """The row of a statement that only reads: it is sent again where the connection turned out to be lost."""
        try:
            async with Lease(self) as connection:
                return await connection.fetchrow(text, *values)
        except ConnectionLost:
            async with Lease(self) as connection:
                return await connection.fetchrow(text, *values)

    async def fetch_rows(self, text: str, values: Sequence[Any]) -> Any:
        """As `fetch_row`, all the rows."""
        try:
            async with Lease(self) as connection:
                return await connection.fetch(text, *values)
        except ConnectionLost:
            async with Lease(self) as connection:
                return await connection.fetch(text, *values)

    async def read_catalog(self) -> Catalog:
        async with self.connection() as connection:
            return await read_catalog(connection)


class Lease:
    """One connection, for as long as an `async with` lasts."""

    __slots__ = ("_connection", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Any:
        self._connection = await self._database.take()
        return self._connection

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        raised = self._database.give_back(self._connection, error)
        if raised is not None and raised is not error:
            raise raised from error


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=RETIRE_SECONDS)
    except (*AWAY, asyncpg.PostgresError):
        connection.terminate()


async def read_catalog(connection: Connection) -> Catalog:
    return catalog_of(await connection.fetchval(CATALOG_SQL))


async def read_enum(connection: Connection, table: QualifiedName, columns: Sequence[str]) -> EnumValues:
    """The rows of an enum table: its key column and, where there is one, its comment column."""
    listed = ", ".join(f"{name(column)}::text" for column in columns[:2])
    # The names are quoted and come from the catalog.
    rows = await connection.fetch(  # type: ignore[attr-defined]
        f"select {listed} from {qualified(table.schema, table.name)} order by 1"  # noqa: S608
    )
    return tuple((row[0], row[1] if len(columns) > 1 else None) for row in rows)


async def wait_until_up(url: str, *, seconds: float) -> None:
    """Returns once the database answers; raises the last error when it does not within the time, and ValueError at
    once for a URL with parameters that make no sense.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
        except asyncpg.ClientConfigurationError as error:
            raise ValueError(str(error)) from error  # asyncpg's own error counts as a lost connection, too.
        except AWAY as error:
            if time.monotonic() > deadline:
                raise
            logger.info("waiting for PostgreSQL: %s", type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            connection.terminate()
            return


async def _prepare_connection(connection: Any) -> None:
    # An answer is JSON text and goes to the client as it is; asyncpg would decode it.
    await connection.set_type_codec("json", schema="pg_catalog", encoder=str.encode, decoder=bytes, format="binary")


class ConnectionLost(EngineError):
    """PostgreSQL is away, or was when this connection was last used."""


def _away(error: BaseException) -> ConnectionLost:
    logger.warning("PostgreSQL can't be reached: %s", type(error).__name__)
    return ConnectionLost(
        "unexpected", "connection error: the database can't be reached at the moment; try again shortly"
    )


def engine_error(error: asyncpg.PostgresError) -> EngineError:
    """PostgreSQL's error as Hasura reports it for a GraphQL request."""
    if isinstance(error.__cause__, UnicodeEncodeError):
        return EngineError("data-exception", "the text is not valid UTF-8: it holds half of a surrogate pair")
    state, message = error.sqlstate or "", str(error.args[0] if error.args else error)
    if state == "23514":
        return EngineError("permission-error", f"Check constraint violation. {message}")
    if state[:2] == "23":
        return EngineError("constraint-violation", f"{_CONSTRAINTS.get(state, '')}{message}")
    if state in _TARGETS:
        return EngineError("constraint-error", _TARGETS[state] or message)
    if state == "22025":
        return EngineError("bad-request", message)
    if state[:2] == "22":
        return EngineError("data-exception", message)
    if state == "25006":
        return EngineError("bad-request", message)
    if state == "57014" and "statement timeout" in message:
        return EngineError("time-limit-exceeded", "the database took too long, so the statement was stopped")
    if state[:2] == "54":
        return EngineError("bad-request", f"the request is too large for PostgreSQL: {message}")
    return EngineError("unexpected", "database query error", internal={"error": described(error)})


_CONSTRAINTS = {
    "23505": "Uniqueness violation. ",
    "23503": "Foreign key violation. ",
    "23502": "Not-NULL violation. ",
    "23001": "Can not delete or update due to data being referred. ",
    "23P01": "Exclusion violation. ",
}

# What an upsert names may not be there: its columns have no key, or its constraint does not exist.
_TARGETS = {"42P10": "there is no unique or exclusion constraint on target column(s)", "42704": None}


def described(error: asyncpg.PostgresError) -> dict[str, Any]:
    """What Hasura's `internal.error` holds."""
    return {
        "exec_status": "FatalError",
        "hint": getattr(error, "hint", None),
        "message": str(error.args[0] if error.args else error),
        "status_code": error.sqlstate,
        "description": getattr(error, "detail", None),
    }

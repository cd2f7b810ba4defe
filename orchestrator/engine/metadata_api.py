"""What /v1/metadata, /v1/query and /v2/query do: one request, or a bulk of them, on a draft of the next state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from orchestrator.engine import commands, crud
from orchestrator.engine.auth.session import Session
from orchestrator.engine.db import Connection
from orchestrator.engine.errors import EngineError, access_denied, parse_failed, unexpected
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import DEFAULT_SOURCE
from orchestrator.engine.run_sql import SqlArgs, read_args, run_script
from orchestrator.engine.state import Draft, State
from orchestrator.engine.storage import storage

METADATA, QUERY, QUERY_V2 = "metadata", "query", "query of version 2"


async def answer(state: State, body: Any, session: Session, *, api: str) -> Any:
    """The answer to a request of the api: METADATA, QUERY, or QUERY_V2, which knows data and SQL only."""
    request = JsonValue(body)
    name = request["type"].text()
    is_data = api != METADATA and is_data_query(name, request)
    if not session.is_admin and not is_data:
        raise access_denied("restricted access : admin only", "$.args")
    async with state.change(of_metadata=not is_data) as draft:
        _check_version(request, draft)
        return await _Requests(state, draft, session, api).one(name, request)


def is_data_query(name: str, request: JsonValue) -> bool:
    """Whether the request is about data only, which the role's permissions govern."""
    if name == "bulk":
        return all(is_data_query(item["type"].text(), item) for item in request["args"].items())
    return name in crud.QUERIES


def _check_version(request: JsonValue, draft: Draft) -> None:
    referenced = request.optional("resource_version", JsonValue.integer, None)
    if referenced is not None and referenced != draft.resource_version:
        raise storage.conflict(referenced)


class _Requests:
    """The requests of one HTTP request, on its draft."""

    def __init__(self, state: State, draft: Draft, session: Session, api: str) -> None:
        self._state = state
        self._draft = draft
        self._session = session
        self._api = api

    async def one(self, name: str, request: JsonValue) -> Any:
        special = SPECIAL[self._api].get(name)
        if special is not None:
            return await special(self, request)
        if name in RUN_SQL[self._api]:
            return await self.run_sql(request)
        if name in crud.QUERIES and self._api != METADATA:
            return await self.data_query(name, request)
        if self._api == QUERY_V2:
            raise parse_failed(f'/v2/query has no command "{name}": it takes SQL and data, /v1/metadata takes the rest')
        command, args = self.command(name, request)
        return await self._draft.apply(command, args)

    def command(self, name: str, request: JsonValue) -> tuple[commands.Command, JsonValue]:
        """The metadata command of that name and its arguments."""
        version = request.optional("version", JsonValue.integer, 1)
        command = commands.find(name, version, legacy=self._api == QUERY)
        # Hasura reads the arguments of /v1/query apart, so that their paths start anew.
        given = request.get("args") or JsonValue({}, "$.args")
        return command, JsonValue(given.json) if self._api == QUERY else given

    async def bulk(self, request: JsonValue) -> list[Any]:
        answers = []
        for index, item in enumerate(request["args"].items()):
            inner = JsonValue(item.json)
            try:
                answers.append(await self.one(inner["type"].text(), inner))
            except EngineError as error:
                raise error.at(f"$.args[{index}]{error.path[1:]}") from error
        return answers

    async def bulk_atomic(self, request: JsonValue) -> Any:
        """Several metadata commands of which only the end need be consistent."""
        steps = []
        for index, item in enumerate(request["args"].items()):
            name = item["type"].text()
            try:
                steps.append(self.command(name, JsonValue(item.json)))
            except EngineError as error:
                raise error.at(f"$.args[{index}]{error.path[1:]}") from error
        return await self._draft.apply(commands.all_of(steps), request["args"])

    async def concurrent_bulk(self, request: JsonValue) -> list[Any]:
        for item in request["args"].items():
            if item["type"].text() in RUN_SQL[self._api] and read_args(item["args"], DEFAULT_SOURCE).changes_schema:
                raise unexpected("Only read-only queries are allowed in a concurrent_bulk")
        return await self.bulk(request)

    async def bulk_keep_going(self, request: JsonValue) -> list[Any]:
        """A bulk in which what fails is reported in its place."""
        answers = []
        for item in request["args"].items():
            inner = JsonValue(item.json)
            try:
                async with self._draft.attempt():
                    answers.append(await self.one(inner["type"].text(), inner))
            except EngineError as error:
                answers.append(error.as_rest(internal=True))
        return answers

    async def data_query(self, name: str, request: JsonValue) -> Any:
        source = request["args"].optional_text("source") or DEFAULT_SOURCE
        connection = await self._draft.connection(source)
        args, stringify = request["args"].json, self._state.snapshot.options.stringify
        return await crud.run(connection, self._draft.tracked(source), self._session, name, args, stringify=stringify)

    async def run_sql(self, request: JsonValue) -> Any:
        args = read_args(request["args"], DEFAULT_SOURCE)
        if args.no_transaction:
            connection = await self._draft.plain_connection(args.source)
            found = await run_script(connection, args.sql)
        else:
            connection = await self._draft.connection(args.source)
            found = (
                await self._run_read_only(connection, args)
                if args.read_only
                else await run_script(connection, args.sql)
            )
        if args.changes_schema:
            await self._draft.reread(args.source, connection, cascade=args.cascade)
        return found

    async def _run_read_only(self, connection: Any, args: SqlArgs) -> Any:
        """Runs the script on a savepoint that is left again: the transaction may be another's, too."""
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("SET LOCAL transaction_read_only = on")
            return await run_script(connection, args.sql)
        finally:
            with suppress(Exception):
                await transaction.rollback()

    async def get_catalog_state(self, request: JsonValue) -> Any:
        del request
        return await self._with_metadata_database(storage.catalog_state)

    async def set_catalog_state(self, request: JsonValue) -> Any:
        async def write(connection: Connection) -> None:
            await storage.set_catalog_state(connection, request["args"])

        await self._with_metadata_database(write)
        return {"message": "success"}

    async def _with_metadata_database(self, use: Callable[[Connection], Awaitable[Any]]) -> Any:
        async with self._state.metadata_database.connection() as connection:
            return await use(connection)


Special = Callable[[_Requests, JsonValue], Awaitable[Any]]
BULKS: Final[Mapping[str, Special]] = {
    "bulk": _Requests.bulk,
    "bulk_keep_going": _Requests.bulk_keep_going,
    "concurrent_bulk": _Requests.concurrent_bulk,
}
OF_THE_METADATA: Final[Mapping[str, Special]] = {
    **BULKS,
    "bulk_atomic": _Requests.bulk_atomic,
    "get_catalog_state": _Requests.get_catalog_state,
    "set_catalog_state": _Requests.set_catalog_state,
}
SPECIAL: Final[Mapping[str, Mapping[str, Special]]] = {
    METADATA: OF_THE_METADATA,
    QUERY: OF_THE_METADATA,
    QUERY_V2: BULKS,
}

SQL: Final = ("run_sql", "pg_run_sql", "postgres_run_sql", "citus_run_sql", "cockroach_run_sql")
RUN_SQL: Final[Mapping[str, tuple[str, ...]]] = {METADATA: (), QUERY: SQL, QUERY_V2: SQL}

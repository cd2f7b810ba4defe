"""What the engine knows: one frozen snapshot of metadata, catalogs and caches, swapped whole when anything changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from orchestrator.engine import db, pg_dump
from orchestrator.engine.allowlist import allowed_documents
from orchestrator.engine.catalog import EMPTY, Catalog
from orchestrator.engine.commands import Call, Command, Context, settle
from orchestrator.engine.commands.sources import database_url
from orchestrator.engine.config import Config
from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.consistency.inconsistency import Databases, Failure, Inconsistency, consistent
from orchestrator.engine.consistency.schema_change import SchemaChange, follow
from orchestrator.engine.db import Database
from orchestrator.engine.enums import EnumValues
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import DEFAULT_SOURCE, Metadata, Source
from orchestrator.engine.options import Options
from orchestrator.engine.prepare import Operations
from orchestrator.engine.storage import hdb_catalog, storage
from orchestrator.engine.tracked import TrackedSource, track

logger = logging.getLogger(__name__)

# How long to leave a metadata database alone that is away.
REST_SECONDS = 5.0

METADATA = object()
"""The key of the metadata database among the databases."""


@dataclass(frozen=True)
class Snapshot:
    """The metadata and what the databases hold, as of one moment, with everything derived from them."""

    metadata: Metadata
    resource_version: int
    databases: Databases
    inconsistent: tuple[Inconsistency, ...]
    options: Options

    @cached_property
    def sources(self) -> tuple[TrackedSource, ...]:
        sound = consistent(self.metadata, self.inconsistent)
        return tuple(
            replace(
                track(self.options.named(source), self.databases.catalogs[name], self.databases.enums.get(name, {})),
                inherited_roles=sound.inherited_roles,
            )
            for name, source in sound.sources.items()
            if name in self.databases.catalogs
        )

    @cached_property
    def operations(self) -> Operations:
        allowed = allowed_documents(self.metadata) if self.options.allowlist else None
        return Operations(self.sources, self.options, allowed)


class State:
    """The current snapshot and the databases it speaks of."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._changing = asyncio.Lock()
        self._instance = uuid4()
        self._urls: dict[str, str] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.databases: dict[str, Database] = {}
        self.metadata_database = Database(config.metadata_database_url, connections=2)
        self.snapshot = Snapshot(Metadata(), 0, Databases({}), (), config.options)

    async def load(self) -> None:
        """Reads the stored metadata and the catalogs of its sources."""
        async with self.metadata_database.connection() as connection:
            await hdb_catalog.prepare(connection)
            stored = await storage.load(connection)
        metadata = with_default_source(stored.metadata, self._config)
        if metadata is not stored.metadata:
            async with self.metadata_database.connection() as connection:
                version = await self._save(connection, metadata, stored.resource_version)
            stored = storage.Stored(metadata, version)
        databases = await self.read_databases(metadata)
        self._swap(stored.metadata, stored.resource_version, databases, inconsistencies(metadata, databases))

    async def close(self) -> None:
        for database in (*self.databases.values(), self.metadata_database):
            await database.close()

    async def read_databases(
        self, metadata: Metadata, connections: Mapping[str, Any] = MappingProxyType({})
    ) -> Databases:
        """The catalogs of the sources, connected to as the metadata says; `connections` are used where they are open
        already, since what they did may not be committed yet."""
        catalogs, failures, enums = {}, {}, {}
        for source in metadata.sources.values():
            try:
                async with AsyncExitStack() as stack:
                    connection: Any = connections.get(source.name)
                    if connection is None:
                        database = await self.connect(source)
                        connection = await stack.enter_async_context(database.connection())
                    catalogs[source.name] = await db.read_catalog(connection)
                    enums[source.name] = await read_enums(connection, source, catalogs[source.name])
            except (EngineError, *db.UNUSABLE) as error:
                failures[source.name] = failure_of(error)
        return Databases(catalogs, failures, enums)

    async def connect(self, source: Source) -> Database:
        url = database_url(source.configuration, self._config.environ)
        if self._urls.get(source.name) != url:
            old = self.databases.pop(source.name, None)
            if old is not None:
                await old.close()
            self._urls[source.name] = url
            self.databases[source.name] = Database(url, connections=self._config.connections)
        return self.databases[source.name]

    async def dump(self, args: pg_dump.DumpArgs) -> str:
        """What pg_dump says of a source."""
        source = self.snapshot.metadata.sources.get(args.source)
        if source is None:
            raise pg_dump.missing_source(args.source)
        database = await self.connect(source)
        async with database.connection() as connection:
            major = int(await connection.fetchval("show server_version_num")) // 10_000
        url = database_url(source.configuration, self._config.environ)
        return await pg_dump.dump(url, args, server_major=major, environ=self._config.environ)

    async def keep_current(self, *, seconds: float) -> None:
        """Looks every so many seconds whether another engine changed the metadata, and takes it up; never returns."""
        while True:
            await asyncio.sleep(seconds)
            try:
                async with self._changing:
                    await self._catch_up()
            except (EngineError, *db.UNUSABLE) as error:
                logger.warning("the metadata can't be looked at: %s", error)
                await asyncio.sleep(REST_SECONDS)

    async def _catch_up(self) -> None:
        """Takes up what another engine saved."""
        async with self.metadata_database.connection() as connection:
            if await storage.resource_version(connection) == self.snapshot.resource_version:
                return
            stored = await storage.load(connection)
        databases = await self.read_databases(stored.metadata)
        found = inconsistencies(stored.metadata, databases)
        self._swap(stored.metadata, stored.resource_version, databases, found)

    @asynccontextmanager
    async def change(self, *, of_metadata: bool = True) -> AsyncIterator[Draft]:
        """A draft of the next state: kept when the block is left, forgotten when an error leaves it."""
        async with self._changing:
            if of_metadata:
                await self._catch_up()
            draft = Draft(self, self.snapshot, self._config.environ)
            async with AsyncExitStack() as last, AsyncExitStack() as stack:
                draft.stack = stack
                yield draft
                if draft.is_touched or draft.metadata != self.snapshot.metadata:
                    # Committed after the sources: who reads the new version must find what they hold with it.
                    connection = await last.enter_async_context(self.metadata_database.connection())
                    await last.enter_async_context(connection.transaction())
                    # A script that holds hdb_catalog itself would be waited for without end.
                    await connection.execute("set local lock_timeout = '2s'")
                    draft.resource_version = await self._save(connection, draft.metadata, draft.resource_version)
            if draft.is_touched:
                self._swap(draft.metadata, draft.resource_version, draft.databases, draft.inconsistent)

    async def _save(self, connection: Any, metadata: Metadata, based_on: int) -> int:
        return await storage.save(connection, metadata, based_on=based_on, instance=self._instance)

    def _swap(self, metadata: Metadata, version: int, databases: Databases, found: tuple[Inconsistency, ...]) -> None:
        before = self.snapshot
        self.snapshot = Snapshot(metadata, version, databases, found, self._config.options)
        if (before.metadata, before.databases) != (metadata, databases):
            self.on_change()
        if found:
            logger.warning("the metadata has %d inconsistent objects", len(found))


class Draft:
    """The state while a metadata request is at work; SQL runs in one transaction a source until it is kept."""

    def __init__(self, state: State, snapshot: Snapshot, environ: Mapping[str, str]) -> None:
        self._state = state
        self._environ = environ
        self._connections: dict[str, Any] = {}
        self.stack = AsyncExitStack()
        self.metadata = snapshot.metadata
        self.resource_version = snapshot.resource_version
        self.databases = snapshot.databases
        self.inconsistent = snapshot.inconsistent
        self.is_touched = False
        self._tracked: tuple[str, Metadata, TrackedSource] | None = None

    def context(self) -> Context:
        return Context(self.databases, self.inconsistent, self.resource_version, self._environ)

    def tracked(self, source: str) -> TrackedSource:
        """The source as it is in this draft."""
        if self._tracked is None or self._tracked[0] != source or self._tracked[1] is not self.metadata:
            sound = consistent(self.metadata, self.inconsistent).sources[source]
            enums = self.databases.enums.get(source, {})
            self._tracked = (source, self.metadata, track(sound, self.databases.catalogs[source], enums))
        return self._tracked[2]

    async def apply(self, command: Command, args: JsonValue) -> Any:
        """Carries a command out and gives its answer."""
        result = command(Call(self.metadata, args, self.context()))
        if result.metadata == self.metadata and not result.reload:
            return result.answered(self.inconsistent)
        databases = self.databases
        if result.reload or _connections(result.metadata) != _connections(self.metadata):
            databases = await self._state.read_databases(result.metadata, self._connections)
        elif _enum_tables(result.metadata) != _enum_tables(self.metadata):
            databases = await self._with_enums(result.metadata, databases)
        self.inconsistent = settle(self.inconsistent, result, databases)
        self.metadata, self.databases, self.is_touched = result.metadata, databases, True
        return result.answered(self.inconsistent)

    async def connection(self, source: str) -> Any:
        """The source's connection, in the transaction of this draft."""
        if source not in self._connections:
            self._require(source)
            connection = await self.stack.enter_async_context(self._state.databases[source].connection())
            # What the script SETs must not outlast it.
            self.stack.push_async_callback(connection.reset)
            await connection.execute(db.UNLIMITED)
            await self.stack.enter_async_context(connection.transaction())
            self._connections[source] = connection
        return self._connections[source]

    def _require(self, source: str) -> None:
        if source not in self.metadata.sources:
            raise EngineError("not-exists", f'source with name "{source}" does not exist', "$.args")
        if source not in self.databases.catalogs:
            raise EngineError("unexpected", f'source with name "{source}" is inconsistent', "$.args", status=400)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is done within is undone where an error leaves it, and the draft goes on without it."""
        connections = [await self.connection(source) for source in self.databases.catalogs]
        before = (self.metadata, self.databases, self.inconsistent)
        try:
            async with AsyncExitStack() as savepoints:
                for connection in connections:
                    await savepoints.enter_async_context(connection.transaction())
                yield
        except EngineError:
            self.metadata, self.databases, self.inconsistent = before
            raise

    async def plain_connection(self, source: str) -> Any:
        """A connection of the source without a transaction."""
        self._require(source)
        connection = await self.stack.enter_async_context(self._state.databases[source].connection())
        self.stack.push_async_callback(connection.reset)
        await connection.execute(db.UNLIMITED)
        return connection

    async def reread(self, source: str, connection: Any, *, cascade: bool) -> None:
        """Takes up what SQL changed in the source; what depends on something gone is an error without cascade."""
        catalog = await db.read_catalog(connection)
        sound = self.metadata.sources[source]
        enums = {**self.databases.enums, source: await read_enums(connection, sound, catalog)}
        databases = replace(self.databases, catalogs={**self.databases.catalogs, source: catalog}, enums=enums)
        change = SchemaChange(source, self.databases.catalogs.get(source, EMPTY), databases)
        self.metadata = follow(self.metadata, change, self.inconsistent, cascade=cascade)
        self.databases, self.inconsistent = databases, inconsistencies(self.metadata, databases)
        self.is_touched, self._tracked = True, None

    async def _with_enums(self, metadata: Metadata, databases: Databases) -> Databases:
        enums = dict(databases.enums)
        for name, source in metadata.sources.items():
            if name in databases.catalogs:
                connection = await self.connection(name)
                enums[name] = await read_enums(connection, source, databases.catalogs[name])
        return replace(databases, enums=enums)


def failure_of(error: BaseException) -> Failure:
    """Why a source can't be used: what the metadata says wrongly, or what PostgreSQL or the network said."""
    if isinstance(error, EngineError) and error.code == "not-found":
        return Failure(error.message)
    words = str(error) if error.__cause__ is None else f"{error}: {error.__cause__}"
    return Failure("connection error", words)


def with_default_source(metadata: Metadata, config: Config) -> Metadata:
    """The metadata with the source that --database-url names, where there is none yet."""
    if config.database_url is None or DEFAULT_SOURCE in metadata.sources:
        return metadata
    url: Any = {"from_env": "HASURA_GRAPHQL_DATABASE_URL"} if config.database_url_from_env else config.database_url
    configuration = {
        "connection_info": {
            "database_url": url,
            "isolation_level": "read-committed",
            "use_prepared_statements": True,
        }
    }
    return metadata.with_source(Source(DEFAULT_SOURCE, configuration=configuration))


async def read_enums(connection: Any, source: Source, catalog: Catalog) -> dict[Any, EnumValues]:
    """The rows of the source's enum tables."""
    found = {}
    for name, table in source.tables.items():
        info = catalog.tables.get(name)
        if table.is_enum and info is not None and info.primary_key is not None:
            key = info.primary_key.columns[0]
            others = [column.name for column in info.columns if column.name != key]
            found[name] = await db.read_enum(connection, name, [key, *others])
    return found


def _connections(metadata: Metadata) -> dict[str, Any]:
    return {name: source.configuration for name, source in metadata.sources.items()}


def _enum_tables(metadata: Metadata) -> set[Any]:
    return {
        (source.name, name)
        for source in metadata.sources.values()
        for name, table in source.tables.items()
        if table.is_enum
    }

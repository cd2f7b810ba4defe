"""The template of the application's database, and how the database is brought back to it between two tests.

Hasura, the functions and the test write through connections of their own, so that no transaction around a test could be
rolled back; and a new database for each test would cost Hasura all its connections and all it knows of the schema.
So what a test changed is found out and put back: rows are found by the transaction that wrote them (xmin), which every
insert and update leaves behind, and by their number; sequences by their state. Where more was changed than rows and
sequences, or where putting back did not lead to the template, the database is made anew from a copy kept beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.services.postgres import MAINTENANCE_DATABASE
from orchestrator.testing.database import connect, lost

if TYPE_CHECKING:
    import asyncpg

# What a finished test still has under way (an event left running, say) gets this long to come to its end.
PATIENCE_SECONDS = 1.0
POLL_SECONDS = 0.005
# The first oid that PostgreSQL gives to what users create.
# https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
FIRST_OID = 16384
TEMPLATE_SUFFIX = "_template"
UNLOGGED = {"log_statement": "none"}

RELATIONS = """
SELECT c.oid::int8 AS oid, c.relkind::text AS kind, n.nspname::text AS schema, c.relname::text AS name,
       format('%I.%I', n.nspname, c.relname) AS shown
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'S') AND c.relpersistence <> 't' AND c.relispopulated
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY c.oid
"""
# DDL leaves a new row in one of these; each with the column that tells what users created.
CATALOGS = {
    "pg_attrdef": "oid",
    "pg_attribute": "attrelid",
    "pg_constraint": "oid",
    "pg_enum": "oid",
    "pg_event_trigger": "oid",
    "pg_extension": "oid",
    "pg_largeobject_metadata": "oid",
    "pg_namespace": "oid",
    "pg_policy": "oid",
    "pg_proc": "oid",
    "pg_rewrite": "oid",
    "pg_trigger": "oid",
    "pg_type": "oid",
}
# TRUNCATE and VACUUM change rows of pg_class, too: it is asked for what only DDL changes.
CLASSES = f"""
SELECT -1::int8, count(*), coalesce(sum(hashtext(concat_ws(' ', oid, relname, relowner, relacl, reloptions,
  relrowsecurity, relforcerowsecurity))::int8), 0)::int8
FROM pg_class WHERE oid >= {FIRST_OID} AND relnamespace <> 'pg_toast'::regnamespace
"""  # noqa: S608 a constant
BUSY = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
  AND (backend_xid IS NOT NULL OR state LIKE 'idle in transaction%')
"""

NEWEST = "count(*), coalesce(max(xmin::text::int8), 0)"

TABLE, VIEW, SEQUENCE = "r", "m", "S"


@dataclass(frozen=True)
class Relation:
    """A table, a materialized view or a sequence; `shown` is its name as SQL takes it."""

    oid: int
    kind: str
    schema: str
    name: str
    shown: str

    def state_sql(self) -> str:
        if self.kind == SEQUENCE:
            return f"SELECT {self.oid}, last_value, is_called::int::int8 FROM {self.shown}"  # noqa: S608 quoted names
        only = "ONLY " if self.kind == TABLE else ""
        return f"SELECT {self.oid}, {NEWEST} FROM {only}{self.shown}"  # noqa: S608


State = Mapping[int, tuple[int, int]]


@dataclass
class Template:
    """The database as it was when `take` made this, and the way back to it.

    `put_back` says how much it had to do: `nothing`, `rows` or `everything`.
    """

    url: str
    name: str
    folder: Path
    relations: Sequence[Relation]
    original: State
    _state: State
    _connection: asyncpg.Connection | None = field(default=None, repr=False)

    @classmethod
    async def take(cls, url: str, name: str, folder: Path) -> Template:
        """`folder`, which is there, keeps the rows.

        Takes a moment in which nobody is connected to the database: whoever was has to come back."""
        await _copy(url, name, name + TEMPLATE_SUFFIX)
        connection = await connect(url, **UNLOGGED)
        try:
            relations = [Relation(**dict(row)) for row in await connection.fetch(RELATIONS)]
            state = await _state(connection, relations)
            for table in _tables(relations):
                if state[table.oid][0]:
                    await connection.copy_from_table(
                        table.name, schema_name=table.schema, output=folder / str(table.oid)
                    )
        except BaseException:
            connection.terminate()
            raise
        return cls(url, name, folder, relations, state, state, connection)

    async def put_back(self) -> str:
        try:
            return await self._attempt()
        except lost():
            # A test killed PostgreSQL, say.
            await self.close()
            return await self._attempt()

    async def _attempt(self) -> str:
        connection = await self._open()
        await _wait_for_others(connection)
        now = await _state_or_none(connection, self.relations)
        if now == self._state:
            return "nothing"
        if now is not None and await self._put_back_rows(connection, now):
            return "rows"
        await self._make_anew()
        return "everything"

    async def close(self) -> None:
        if self._connection:
            self._connection.terminate()
            self._connection = None

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self.url, **UNLOGGED)
        return self._connection

    async def _put_back_rows(self, connection: asyncpg.Connection, now: State) -> bool:
        """Whether rows and sequences were all that had changed, and are as in the template again."""
        changed = [each for each in self.relations if now[each.oid] != self._state[each.oid]]
        others = any(now[oid] != state for oid, state in self._state.items() if oid < 0)
        if others or any(each.kind == VIEW for each in changed):
            return False
        async with connection.transaction():
            # No trigger fires, and no foreign key is checked: the template is consistent in itself.
            await connection.execute("SET LOCAL session_replication_role = replica")
            for table in _tables(changed):
                await self._put_back_table(connection, table)
            for sequence in (each for each in changed if each.kind == SEQUENCE):
                value, called = self._state[sequence.oid]
                await connection.execute("SELECT setval($1::oid::regclass, $2, $3)", sequence.oid, value, bool(called))
        after = await _state_or_none(connection, self.relations)
        if after is None or not self._is_template(after):
            return False
        self._state = after
        return True

    async def _put_back_table(self, connection: asyncpg.Connection, table: Relation) -> None:
        """Removes what was written since, which is all there is to do unless rows of the template changed or went."""
        rows, newest = self._state[table.oid]
        await connection.execute(f"DELETE FROM ONLY {table.shown} WHERE xmin::text::int8 > {newest}")  # noqa: S608
        if rows == await connection.fetchval(f"SELECT count(*) FROM ONLY {table.shown}"):  # noqa: S608
            return
        await connection.execute(f"DELETE FROM ONLY {table.shown}")  # noqa: S608
        source = self.folder / str(table.oid)
        await connection.copy_to_table(table.name, schema_name=table.schema, source=source)

    def _is_template(self, state: State) -> bool:
        """Rows that were copied back bear a new transaction; all else must be as it was."""
        tables = {table.oid for table in _tables(self.relations)}
        return all(
            state[oid][0] == then[0] if oid in tables else state[oid] == then for oid, then in self.original.items()
        )

    async def _make_anew(self) -> None:
        await self.close()
        await _copy(self.url, self.name + TEMPLATE_SUFFIX, self.name)
        self._state = self.original


def _tables(relations: Iterable[Relation]) -> list[Relation]:
    return [relation for relation in relations if relation.kind == TABLE]


async def _state(connection: asyncpg.Connection, relations: Sequence[Relation]) -> State:
    query = " UNION ALL ".join([CLASSES, *_catalogs(), *(relation.state_sql() for relation in relations)])
    return {oid: (first, second) for oid, first, second in await connection.fetch(query)}


def _catalogs() -> Iterator[str]:
    for number, (catalog, column) in enumerate(CATALOGS.items(), start=2):
        yield f"SELECT -{number}, {NEWEST} FROM {catalog} WHERE {column} >= {FIRST_OID}"  # noqa: S608


async def _state_or_none(connection: asyncpg.Connection, relations: Sequence[Relation]) -> State | None:
    """None where a relation is gone, or is no longer what it was."""
    import asyncpg

    try:
        return await _state(connection, relations)
    except (asyncpg.SyntaxOrAccessError, asyncpg.ObjectNotInPrerequisiteStateError):
        return None


async def _wait_for_others(connection: asyncpg.Connection) -> None:
    """Nobody writes any more when this returns; who would not come to an end is disconnected."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while busy := await connection.fetch(BUSY):
        if time.monotonic() > deadline:
            for row in busy:
                await connection.execute("SELECT pg_terminate_backend($1)", row["pid"])
            return
        await asyncio.sleep(POLL_SECONDS)


async def _copy(url: str, source: str, target: str) -> None:
    """Makes the database `target` anew as a copy of `source`; whoever is connected to either loses that connection."""
    connection = await connect(url.rpartition("/")[0] + f"/{MAINTENANCE_DATABASE}", **UNLOGGED)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {_quoted(target)} WITH (FORCE)")
        await connection.execute(f"ALTER DATABASE {_quoted(source)} WITH ALLOW_CONNECTIONS false")
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", source
            )
            # With nobody connected, copying files is the quicker way, and before 15 the only one.
            strategy = " STRATEGY file_copy" if connection.get_server_version().major >= 15 else ""
            owner = await connection.fetchval(
                "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", source
            )
            await connection.execute(
                f"CREATE DATABASE {_quoted(target)} TEMPLATE {_quoted(source)} OWNER {_quoted(owner)}{strategy}"
            )
        finally:
            await connection.execute(f"ALTER DATABASE {_quoted(source)} WITH ALLOW_CONNECTIONS true")
    finally:
        await connection.close()


def _quoted(name: Any) -> str:
    return '"' + str(name).replace('"', '""') + '"'

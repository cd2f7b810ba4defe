"""hdb_catalog in the metadata database, laid out as Hasura's: metadata and its version, catalogue state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

import orjson

from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata import Metadata
from orchestrator.engine.metadata_reader import read_metadata
from orchestrator.engine.metadata_writer import write_metadata

STATES: Final = ("cli", "console")

# An advisory lock, since two engines that start at once would race in CREATE SCHEMA IF NOT EXISTS.
PREPARE: Final = """
select pg_advisory_xact_lock(7083472917652);
create schema if not exists hdb_catalog;
create table if not exists hdb_catalog.hdb_version (
  hasura_uuid uuid primary key default gen_random_uuid(),
  version text not null,
  upgraded_on timestamptz not null,
  cli_state jsonb not null default '{}',
  console_state jsonb not null default '{}',
  ee_client_id text,
  ee_client_secret text
);
create unique index if not exists hdb_version_one_row on hdb_catalog.hdb_version ((version is not null));
create table if not exists hdb_catalog.hdb_metadata (
  id integer primary key,
  metadata json not null,
  resource_version integer not null default 1 unique
);
create table if not exists hdb_catalog.hdb_schema_notifications (
  id integer primary key check (id = 1),
  notification json not null,
  resource_version integer not null default 1,
  instance_id uuid not null,
  updated_at timestamptz default now()
);
insert into hdb_catalog.hdb_version (version, upgraded_on) values ('48', now()) on conflict do nothing;
"""

READ: Final = """
select json_build_object('metadata', metadata, 'version', resource_version)::text from hdb_catalog.hdb_metadata
where id = 1
"""
WRITE_FIRST: Final = """
insert into hdb_catalog.hdb_metadata (id, metadata, resource_version) values (1, ($1::text)::json, $2::int)
on conflict do nothing returning resource_version
"""
WRITE: Final = """
update hdb_catalog.hdb_metadata set metadata = ($1::text)::json, resource_version = resource_version + 1
where id = 1 and resource_version = $2::int returning resource_version
"""
READ_STATE: Final = """
select json_build_object('id', hasura_uuid, 'cli_state', cli_state, 'console_state', console_state)::text
from hdb_catalog.hdb_version
"""
WRITE_STATE: Final[Mapping[str, str]] = {
    kind: f"update hdb_catalog.hdb_version set {kind}_state = ($1::text)::jsonb"  # noqa: S608 - from STATES
    for kind in STATES
}


class Connection(Protocol):
    """What storage needs of a connection to the metadata database; asyncpg's has it."""

    async def execute(self, query: str, *args: Any) -> Any: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...


@dataclass(frozen=True)
class Stored:
    """The metadata and the resource version it was read at; version 0 means that none is stored yet."""

    metadata: Metadata
    resource_version: int


async def prepare(connection: Connection) -> None:
    """Makes hdb_catalog where it is missing."""
    await connection.execute(PREPARE)


async def load(connection: Connection) -> Stored:
    text = await connection.fetchval(READ)
    if text is None:
        return Stored(Metadata(), 0)
    row = orjson.loads(text)
    return Stored(read_metadata(JsonValue(row["metadata"])), row["version"])


async def save(connection: Connection, metadata: Metadata, *, based_on: int) -> int:
    """The resource version after saving; raises conflict where another engine saved since `based_on`."""
    document = orjson.dumps(write_metadata(metadata), default=exact).decode()
    saved = await connection.fetchval(WRITE if based_on else WRITE_FIRST, document, based_on or 1)
    if saved is None:
        raise conflict(based_on)
    return int(saved)


def exact(value: object) -> orjson.Fragment:
    """A number as exact as it was written; requests are read with decimals."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)


def conflict(referenced: int) -> EngineError:
    message = f"metadata resource version referenced ({referenced}) did not match current version"
    return EngineError("conflict", message, status=409)


async def catalog_state(connection: Connection) -> Any:
    """The answer of get_catalog_state."""
    return orjson.loads(await connection.fetchval(READ_STATE))


async def set_catalog_state(connection: Connection, args: JsonValue) -> None:
    """Keeps the `state` of the CLI or the console, as `type` says."""
    kind, state = args["type"].text(), args["state"].json
    if kind not in STATES:
        raise args["type"].refuse(f"expected one of {', '.join(STATES)}, encountered {kind}")
    await connection.execute(WRITE_STATE[kind], orjson.dumps(state).decode())

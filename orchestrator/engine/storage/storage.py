"""What hdb_catalog holds: the metadata and its version, and the state of the CLI and the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import orjson

from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Metadata
from orchestrator.engine.metadata.reader import read_metadata
from orchestrator.engine.metadata.writer import write_metadata
from orchestrator.engine.storage.hdb_catalog import Connection

STATES: Final = ("cli", "console")

READ: Final = """
select json_build_object('metadata', metadata, 'version', resource_version)::text from hdb_catalog.hdb_metadata
where id = 1
"""
READ_VERSION: Final = "select resource_version from hdb_catalog.hdb_metadata where id = 1"

# What is saved is announced in the same statement: the other engines on this database look there for it.
ANNOUNCE: Final = """
insert into hdb_catalog.hdb_schema_notifications (id, notification, resource_version, instance_id)
select 1, ($3::text)::json, resource_version, $4::uuid from saved
on conflict (id) do update set notification = excluded.notification, resource_version = excluded.resource_version,
  instance_id = excluded.instance_id, updated_at = now()
returning resource_version
"""
INSERT: Final = """
insert into hdb_catalog.hdb_metadata (id, metadata, resource_version) values (1, ($1::text)::json, $2::int)
on conflict do nothing returning resource_version
"""
UPDATE: Final = """
update hdb_catalog.hdb_metadata set metadata = ($1::text)::json, resource_version = resource_version + 1
where id = 1 and resource_version = $2::int returning resource_version
"""
WRITE_FIRST: Final = f"with saved as ({INSERT}) {ANNOUNCE}"
WRITE: Final = f"with saved as ({UPDATE}) {ANNOUNCE}"
NOTIFICATION: Final = orjson.dumps({"metadata": False, "remote_schemas": [], "sources": []}).decode()
NOBODY: Final = UUID(int=0)

READ_STATE: Final = """
select json_build_object('id', hasura_uuid, 'cli_state', cli_state, 'console_state', console_state)::text
from hdb_catalog.hdb_version
"""
WRITE_STATE: Final[Mapping[str, str]] = {
    kind: f"update hdb_catalog.hdb_version set {kind}_state = ($1::text)::jsonb"  # noqa: S608 - from STATES
    for kind in STATES
}


@dataclass(frozen=True)
class Stored:
    """The metadata and the resource version it was read at; version 0 means that none is stored yet."""

    metadata: Metadata
    resource_version: int


async def load(connection: Connection) -> Stored:
    text = await connection.fetchval(READ)
    if text is None:
        return Stored(Metadata(), 0)
    row = orjson.loads(text)
    return Stored(read_metadata(JsonValue(row["metadata"])), row["version"])


async def resource_version(connection: Connection) -> int:
    return await connection.fetchval(READ_VERSION) or 0


async def save(connection: Connection, metadata: Metadata, *, based_on: int, instance: UUID = NOBODY) -> int:
    """The resource version after saving; raises conflict where another engine saved since `based_on`."""
    document = orjson.dumps(write_metadata(metadata), default=exact).decode()
    saved = await connection.fetchval(
        WRITE if based_on else WRITE_FIRST, document, based_on or 1, NOTIFICATION, instance
    )
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

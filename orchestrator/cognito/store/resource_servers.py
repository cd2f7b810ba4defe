"""Resource servers of pools: the APIs that custom scopes are for."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from ..model import Json
from .database import Database


def find(database: Database, pool_id: str, identifier: str) -> Json | None:
    """Its settings as CreateResourceServer takes them."""
    row = database.one("select * from resource_server where pool_id = ? and identifier = ?", pool_id, identifier)
    return _settings(row) if row else None


def after(database: Database, pool_id: str, last: str = "", limit: int = -1) -> list[Json]:
    """The servers of a pool whose identifiers follow `last`, in order."""
    rows = database.all(
        "select * from resource_server where pool_id = ? and identifier > ? order by identifier limit ?",
        pool_id,
        last,
        limit,
    )
    return [_settings(row) for row in rows]


def save(database: Database, pool_id: str, settings: Mapping[str, Any], *, configured: bool = False) -> None:
    """Makes the server, or replaces its settings."""
    database.run(
        """insert into resource_server (pool_id, identifier, settings, configured) values (?1, ?2, ?3, ?4)
        on conflict (pool_id, identifier) do update set settings = ?3, configured = ?4""",
        pool_id,
        settings["Identifier"],
        orjson.dumps(settings).decode(),
        int(configured),
    )


def remove(database: Database, pool_id: str, identifier: str) -> bool:
    where = "where pool_id = ? and identifier = ?"
    return database.run(f"delete from resource_server {where}", pool_id, identifier) > 0  # noqa: S608


def forget_configured(database: Database, pool_id: str, keep: set[str]) -> None:
    """Drops servers that an earlier configuration made and the present one no longer names."""
    for row in database.all("select identifier from resource_server where pool_id = ? and configured", pool_id):
        if row["identifier"] not in keep:
            remove(database, pool_id, row["identifier"])


def has_scope(database: Database, pool_id: str, scope: str) -> bool:
    """Whether a scope is one of a resource server's: `https://api.example.com/read` is `read` of that server."""
    identifier, _, name = scope.rpartition("/")
    server = find(database, pool_id, identifier)
    return server is not None and any(each["ScopeName"] == name for each in server.get("Scopes") or ())


def _settings(row: sqlite3.Row) -> Json:
    settings: Json = orjson.loads(row["settings"])
    return settings

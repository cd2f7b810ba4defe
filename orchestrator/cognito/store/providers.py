"""Identity providers of pools, and which of their identities belongs to which user."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from ..model import IdentityProvider
from .database import Database


def find(database: Database, pool_id: str, name: str) -> IdentityProvider | None:
    row = database.one("select * from identity_provider where pool_id = ? and name = ?", pool_id, name)
    return _provider(row) if row else None


def after(database: Database, pool_id: str, last: str = "", limit: int = -1) -> list[IdentityProvider]:
    """The providers of a pool whose names follow `last`, in order."""
    rows = database.all(
        "select * from identity_provider where pool_id = ? and name > ? order by name limit ?", pool_id, last, limit
    )
    return [_provider(row) for row in rows]


def save(
    database: Database, pool_id: str, name: str, settings: Mapping[str, Any], at: float, *, configured: bool = False
) -> None:
    """Makes the provider, or replaces its settings."""
    database.run(
        """insert into identity_provider (pool_id, name, settings, configured, created_at, modified_at)
        values (?1, ?2, ?3, ?4, ?5, ?5) on conflict (pool_id, name) do update
        set settings = ?3, configured = ?4, modified_at = ?5 where settings != ?3 or configured != ?4""",
        pool_id,
        name,
        orjson.dumps(settings).decode(),
        int(configured),
        at,
    )


def remove(database: Database, pool_id: str, name: str) -> bool:
    return database.run("delete from identity_provider where pool_id = ? and name = ?", pool_id, name) > 0


def forget_configured(database: Database, pool_id: str, keep: set[str]) -> None:
    """Drops providers that an earlier configuration made and the present one no longer names."""
    for row in database.all("select name from identity_provider where pool_id = ? and configured", pool_id):
        if row["name"] not in keep:
            remove(database, pool_id, row["name"])


def owner(database: Database, pool_id: str, provider: str, claims: Mapping[str, str]) -> str | None:
    """The sub of the user an identity belongs to: `claims` are what the provider says of it, by attribute."""
    for attribute, value in claims.items():
        row = database.one(
            "select sub from identity where pool_id = ? and provider = ? and attribute = ? and value = ?",
            pool_id,
            provider,
            attribute,
            value,
        )
        if row:
            return str(row["sub"])
    return None


def link(database: Database, pool_id: str, provider: str, attribute: str, value: str, sub: str) -> None:
    database.run(
        "insert or replace into identity (pool_id, provider, attribute, value, sub) values (?, ?, ?, ?, ?)",
        pool_id,
        provider,
        attribute,
        value,
        sub,
    )


def unlink(database: Database, pool_id: str, provider: str, attribute: str, value: str) -> None:
    database.run(
        "delete from identity where pool_id = ? and provider = ? and attribute = ? and value = ?",
        pool_id,
        provider,
        attribute,
        value,
    )


def _provider(row: sqlite3.Row) -> IdentityProvider:
    return IdentityProvider(
        row["pool_id"], row["name"], orjson.loads(row["settings"]), row["created_at"], row["modified_at"]
    )

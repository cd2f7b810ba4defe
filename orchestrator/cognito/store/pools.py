"""User pools and their app clients."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from ..model import Client, Pool
from .database import Database


def find(database: Database, pool_id: str) -> Pool | None:
    row = database.one("select * from pool where id = ?", pool_id)
    return _pool(row) if row else None


def save(database: Database, pool_id: str, settings: Mapping[str, Any], domain: str | None, at: float) -> None:
    """Makes the pool, or replaces its settings; an unchanged one keeps its modification date."""
    database.run(
        """insert into pool (id, settings, domain, created_at, modified_at) values (?1, ?2, ?3, ?4, ?4)
        on conflict (id) do update set settings = ?2, domain = ?3, modified_at = ?4
        where settings != ?2 or domain is not ?3""",
        pool_id,
        orjson.dumps(settings).decode(),
        domain,
        at,
    )


def remove(database: Database, pool_id: str) -> None:
    """Drops a pool with all that is in it."""
    database.run("delete from pool where id = ?", pool_id)


def by_domain(database: Database, domain: str) -> Pool | None:
    row = database.one("select * from pool where domain = ?", domain)
    return _pool(row) if row else None


def save_domain(database: Database, pool_id: str, domain: str | None) -> None:
    database.run("update pool set domain = ? where id = ?", domain, pool_id)


def after(database: Database, last: str, limit: int) -> list[Pool]:
    """The pools whose ids follow `last`, in order."""
    return [_pool(row) for row in database.all("select * from pool where id > ? order by id limit ?", last, limit)]


def client(database: Database, client_id: str) -> Client | None:
    row = database.one("select * from client where id = ?", client_id)
    return _client(row) if row else None


def clients_after(database: Database, pool_id: str, last: str, limit: int) -> list[Client]:
    rows = database.all("select * from client where pool_id = ? and id > ? order by id limit ?", pool_id, last, limit)
    return [_client(row) for row in rows]


def save_client(
    database: Database,
    client_id: str,
    pool_id: str,
    settings: Mapping[str, Any],
    *,
    secret: str | None,
    configured: bool,
    at: float,
) -> None:
    """Makes the client, or replaces its settings."""
    database.run(
        """insert into client (id, pool_id, settings, secret, configured, created_at, modified_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?6) on conflict (id) do update
        set pool_id = ?2, settings = ?3, secret = ?4, configured = ?5, modified_at = ?6
        where settings != ?3 or secret is not ?4 or pool_id != ?2 or configured != ?5""",
        client_id,
        pool_id,
        orjson.dumps(settings).decode(),
        secret,
        int(configured),
        at,
    )


def is_configured(database: Database, client_id: str) -> bool:
    """Whether the configuration made the client."""
    row = database.one("select configured from client where id = ?", client_id)
    return row is not None and bool(row["configured"])


def remove_client(database: Database, client_id: str) -> None:
    database.run("delete from client where id = ?", client_id)


def forget_configured_clients(database: Database, pool_id: str, keep: set[str]) -> None:
    """Drops clients that an earlier configuration made and the present one no longer names."""
    for row in database.all("select id from client where pool_id = ? and configured", pool_id):
        if row["id"] not in keep:
            remove_client(database, row["id"])


def _pool(row: sqlite3.Row) -> Pool:
    return _parsed_pool(row["id"], row["settings"], row["created_at"], row["modified_at"], row["domain"])


@lru_cache(maxsize=256)
def _parsed_pool(pool_id: str, settings: str, created_at: float, modified_at: float, domain: str | None) -> Pool:
    return Pool(pool_id, orjson.loads(settings), created_at, modified_at, domain)


def _client(row: sqlite3.Row) -> Client:
    return _parsed_client(
        row["id"], row["pool_id"], row["settings"], row["created_at"], row["modified_at"], row["secret"]
    )


@lru_cache(maxsize=256)
def _parsed_client(
    client_id: str, pool_id: str, settings: str, created_at: float, modified_at: float, secret: str | None
) -> Client:
    return Client(client_id, pool_id, orjson.loads(settings), created_at, modified_at, secret)

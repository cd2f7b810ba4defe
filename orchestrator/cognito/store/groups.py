"""Groups and who is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from ..model import Group
from .database import Database


def find(database: Database, pool_id: str, name: str) -> Group | None:
    row = database.one('select * from "group" where pool_id = ? and name = ?', pool_id, name)
    return _group(row) if row else None


def save(database: Database, pool_id: str, name: str, settings: Mapping[str, Any], at: float) -> None:
    """Makes the group, or replaces its settings; an unchanged one keeps its modification date."""
    database.run(
        """insert into "group" (pool_id, name, settings, created_at, modified_at) values (?1, ?2, ?3, ?4, ?4)
        on conflict (pool_id, name) do update set settings = ?3, modified_at = ?4 where settings != ?3""",
        pool_id,
        name,
        orjson.dumps(settings).decode(),
        at,
    )


def remove(database: Database, pool_id: str, name: str) -> bool:
    return database.run('delete from "group" where pool_id = ? and name = ?', pool_id, name) > 0


def after(database: Database, pool_id: str, last: str, limit: int) -> list[Group]:
    rows = database.all(
        'select * from "group" where pool_id = ? and name > ? order by name limit ?', pool_id, last, limit
    )
    return [_group(row) for row in rows]


def of_user(database: Database, sub: str, last: str = "", limit: int = -1) -> list[Group]:
    """A user's groups by name."""
    rows = database.all(
        """select "group".* from membership
        join "group" on "group".pool_id = membership.pool_id and "group".name = group_name
        where sub = ? and name > ? order by name limit ?""",
        sub,
        last,
        limit,
    )
    return [_group(row) for row in rows]


def join(database: Database, sub: str, pool_id: str, name: str) -> None:
    database.run("insert or ignore into membership (sub, pool_id, group_name) values (?, ?, ?)", sub, pool_id, name)


def leave(database: Database, sub: str, name: str) -> None:
    database.run("delete from membership where sub = ? and group_name = ?", sub, name)


def _group(row: sqlite3.Row) -> Group:
    return Group(row["pool_id"], row["name"], orjson.loads(row["settings"]), row["created_at"], row["modified_at"])

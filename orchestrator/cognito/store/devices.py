"""The devices of users."""

from __future__ import annotations

import sqlite3

from ..model import Device, Verifier
from .database import Database


def save(database: Database, device: Device) -> None:
    database.run(
        """insert or replace into device
        (sub, key, group_key, name, salt, verifier, remembered, created_at, modified_at, used_at)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        device.sub,
        device.key,
        device.group_key,
        device.name,
        device.verifier.salt,
        device.verifier.value,
        int(device.remembered),
        device.created_at,
        device.modified_at,
        device.used_at,
    )


def find(database: Database, sub: str, key: str) -> Device | None:
    row = database.one("select * from device where sub = ? and key = ?", sub, key)
    return _device(row) if row else None


def after(database: Database, sub: str, last: str, limit: int) -> list[Device]:
    """The devices of a user whose keys follow `last`, in order."""
    rows = database.all("select * from device where sub = ? and key > ? order by key limit ?", sub, last, limit)
    return [_device(row) for row in rows]


def touch(database: Database, device: Device, at: float) -> None:
    database.run("update device set used_at = ? where sub = ? and key = ?", at, device.sub, device.key)


def remove(database: Database, sub: str, key: str) -> bool:
    return database.run("delete from device where sub = ? and key = ?", sub, key) > 0


def _device(row: sqlite3.Row) -> Device:
    return Device(
        sub=row["sub"],
        key=row["key"],
        group_key=row["group_key"],
        name=row["name"],
        verifier=Verifier(row["salt"], row["verifier"]),
        remembered=bool(row["remembered"]),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        used_at=row["used_at"],
    )

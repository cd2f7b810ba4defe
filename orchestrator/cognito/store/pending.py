"""Attribute values that wait for their verification."""

from __future__ import annotations

from .database import Database


def save(database: Database, sub: str, name: str, value: str) -> None:
    database.run("insert or replace into pending_attribute (sub, name, value) values (?, ?, ?)", sub, name, value)


def find(database: Database, sub: str, name: str) -> str | None:
    row = database.one("select value from pending_attribute where sub = ? and name = ?", sub, name)
    return str(row["value"]) if row else None


def remove(database: Database, sub: str, name: str) -> None:
    database.run("delete from pending_attribute where sub = ? and name = ?", sub, name)

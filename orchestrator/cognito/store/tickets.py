"""What may be taken once and soon: authorization codes and the like. Of the text that takes it, a digest is kept."""

from __future__ import annotations

import hashlib

import orjson

from ..model import Json
from .database import Database


def add(database: Database, kind: str, text: str, data: Json, *, at: float, expires_at: float) -> None:
    """Keeps a ticket, and drops those whose time is over."""
    with database.transaction():
        database.run("delete from ticket where expires_at <= ?", at)
        database.run(
            "insert into ticket (digest, kind, data, expires_at) values (?, ?, ?, ?)",
            _digest(text),
            kind,
            orjson.dumps(data).decode(),
            expires_at,
        )


def find(database: Database, kind: str, text: str, at: float) -> Json | None:
    row = database.one(
        "select data from ticket where digest = ? and kind = ? and expires_at > ?", _digest(text), kind, at
    )
    return orjson.loads(row["data"]) if row else None


def remove(database: Database, text: str) -> bool:
    """Whether the ticket was still there: of two that take it at once, one gets it."""
    return database.run("delete from ticket where digest = ?", _digest(text)) > 0


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

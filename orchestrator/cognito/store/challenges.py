"""Sign-ins that wait for an answer: each can be taken once."""

from __future__ import annotations

import orjson

from ..model import Challenge
from .database import Database


def add(database: Database, challenge: Challenge, at: float) -> None:
    """Keeps a challenge, and drops those whose time is over."""
    with database.transaction():
        database.run("delete from challenge where expires_at < ?", at)
        database.run(
            "insert into challenge (id, client_id, sub, name, data, expires_at) values (?, ?, ?, ?, ?, ?)",
            challenge.id,
            challenge.client_id,
            challenge.sub,
            challenge.name,
            orjson.dumps(challenge.data).decode(),
            challenge.expires_at,
        )


def find(database: Database, identity: str) -> Challenge | None:
    row = database.one("select * from challenge where id = ?", identity)
    if row is None:
        return None
    return Challenge(row["id"], row["client_id"], row["sub"], row["name"], orjson.loads(row["data"]), row["expires_at"])


def remove(database: Database, identity: str) -> bool:
    """Whether the challenge was still there: of two answers at once, one is right."""
    return database.run("delete from challenge where id = ?", identity) > 0

"""The outbox: messages that were "sent", the last ones of each user."""

from __future__ import annotations

import sqlite3

from ..model import Message
from .database import Database

KEPT_A_USER = 50


def add(database: Database, message: Message) -> None:
    with database.transaction():
        database.run(
            """insert into message (pool_id, sub, username, medium, "to", purpose, subject, body, code, sent_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            message.pool_id,
            message.sub,
            message.username,
            message.medium,
            message.to,
            message.purpose,
            message.subject,
            message.body,
            message.code,
            message.sent_at,
        )
        database.run(
            """delete from message where sub = ?1 and number <=
            (select number from message where sub = ?1 order by number desc limit 1 offset ?2)""",
            message.sub,
            KEPT_A_USER,
        )


def of_user(database: Database, sub: str) -> list[Message]:
    """Oldest first."""
    return [_message(row) for row in database.all("select * from message where sub = ? order by number", sub)]


def latest(database: Database, limit: int) -> list[Message]:
    """The last messages to anybody, oldest first."""
    rows = database.all("select * from message order by number desc limit ?", limit)
    return [_message(row) for row in reversed(rows)]


def _message(row: sqlite3.Row) -> Message:
    return Message(**{name: row[name] for name in row.keys() if name != "number"})  # noqa: SIM118

"""Sessions whose tokens were revoked one by one."""

from __future__ import annotations

from .database import Database


def add(database: Database, session: str, expires_at: float, at: float) -> None:
    """Revokes a session, and forgets those whose refresh token is past its time anyway."""
    with database.transaction():
        database.run("delete from revoked_session where expires_at < ?", at)
        database.run("insert or ignore into revoked_session (id, expires_at) values (?, ?)", session, expires_at)


def contains(database: Database, session: str) -> bool:
    return database.one("select 1 from revoked_session where id = ?", session) is not None

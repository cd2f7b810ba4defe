"""Sessions whose tokens were revoked one by one, and refresh tokens that were replaced."""

from __future__ import annotations

from .database import Database


def add(database: Database, session: str, expires_at: float, at: float) -> None:
    """Revokes a session, and forgets those whose refresh token is past its time anyway."""
    with database.transaction():
        database.run("delete from revoked_session where expires_at < ?", at)
        database.run("insert or ignore into revoked_session (id, expires_at) values (?, ?)", session, expires_at)


def contains(database: Database, session: str) -> bool:
    return database.one("select 1 from revoked_session where id = ?", session) is not None


def rotate(database: Database, token: str, expires_at: float, at: float) -> float:
    """Notes that a refresh token was replaced; gives the moment it was replaced first."""
    with database.transaction():
        database.run("delete from rotated_token where expires_at < ?", at)
        database.run("insert or ignore into rotated_token (id, at, expires_at) values (?, ?, ?)", token, at, expires_at)
        row = database.one("select at from rotated_token where id = ?", token)
    return float(row["at"]) if row else at

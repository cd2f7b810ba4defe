"""Browsers in which somebody is signed in to the hosted UI. Only a digest of the cookie is kept."""

from __future__ import annotations

import hashlib

from ..model import BrowserSession
from .database import Database


def add(database: Database, cookie: str, session: BrowserSession, at: float) -> None:
    """Keeps a session, and drops those whose time is over."""
    with database.transaction():
        database.run("delete from browser_session where expires_at <= ?", at)
        database.run(
            """insert into browser_session (digest, pool_id, sub, session, auth_time, expires_at)
            values (?, ?, ?, ?, ?, ?)""",
            _digest(cookie),
            session.pool_id,
            session.sub,
            session.session,
            session.auth_time,
            session.expires_at,
        )


def find(database: Database, cookie: str) -> BrowserSession | None:
    row = database.one("select * from browser_session where digest = ?", _digest(cookie))
    if row is None:
        return None
    return BrowserSession(row["pool_id"], row["sub"], row["session"], row["auth_time"], row["expires_at"])


def remove(database: Database, cookie: str) -> None:
    database.run("delete from browser_session where digest = ?", _digest(cookie))


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()

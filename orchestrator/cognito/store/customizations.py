"""How a pool's pages are to look: CSS and logo, of one client or of all (`ALL`)."""

from __future__ import annotations

import base64
import sqlite3

from .database import Database

ALL = "ALL"
SIGNATURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def find(database: Database, pool_id: str, client_id: str) -> sqlite3.Row | None:
    """The client's own row, else that of all clients; columns css, image, client_id, created_at, modified_at."""
    return database.one(
        "select * from customization where pool_id = ? and client_id in (?, 'ALL') order by client_id = 'ALL'",
        pool_id,
        client_id,
    )


def css(database: Database, pool_id: str, client_id: str) -> str:
    row = find(database, pool_id, client_id)
    return row["css"] or "" if row else ""


def logo(database: Database, pool_id: str, client_id: str) -> str | None:
    """The logo as a data URL."""
    row = find(database, pool_id, client_id)
    kind = media_type(row["image"] or b"") if row else None
    return f"data:{kind};base64,{base64.b64encode(row['image']).decode()}" if row and kind else None


def save(database: Database, pool_id: str, client_id: str, css: str | None, image: bytes | None, at: float) -> None:
    database.run(
        """insert into customization (pool_id, client_id, css, image, created_at, modified_at)
        values (?1, ?2, ?3, ?4, ?5, ?5) on conflict (pool_id, client_id) do update
        set css = ?3, image = ?4, modified_at = ?5""",
        pool_id,
        client_id,
        css,
        image,
        at,
    )


def media_type(image: bytes) -> str | None:
    """image/png or image/jpeg, by the first bytes."""
    return next((kind for signature, kind in SIGNATURES.items() if image.startswith(signature)), None)

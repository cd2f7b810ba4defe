"""Keys the emulator made for itself, by name."""

from __future__ import annotations

from collections.abc import Callable

from .database import Database


def kept(database: Database, name: str, make: Callable[[], bytes]) -> bytes:
    """The secret of that name, made now if there is none yet."""
    with database.transaction():
        row = database.one("select value from secret where name = ?", name)
        if row is not None:
            return bytes(row["value"])
        value = make()
        database.run("insert into secret (name, value) values (?, ?)", name, value)
        return value

"""The SQLite file: opening, checking, transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .schema import STEPS

# "CGNT": tells our file from any other program's.
APPLICATION_ID = 0x43474E54
Value = str | bytes | int | float | None


class DatabaseError(Exception):
    """The file can't be used; the text says why and what to do."""


class Database:
    """One connection, used from one thread: a statement is on the disk when it returns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one(self, sql: str, *parameters: Value) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def all(self, sql: str, *parameters: Value) -> list[sqlite3.Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, *parameters: Value) -> int:
        """The number of rows a statement changed."""
        return self._connection.execute(sql, parameters).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction in a transaction is part of it."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def close(self) -> None:
        self._connection.close()


def open_database(path: Path) -> Database:
    """The database in a file, made (readable by its owner only) if it is not there; raises DatabaseError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(f"{path} can't be written: {error.strerror or error}.") from error
    connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    connection.row_factory = sqlite3.Row
    try:
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise DatabaseError(f"{path} can't be used as a database: {error}. Move it away to start afresh.") from error
    except DatabaseError:
        connection.close()
        raise
    return Database(connection)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (tables,) = connection.execute("select count(*) from sqlite_schema").fetchone()
    (application,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    if tables and application != APPLICATION_ID:
        raise DatabaseError(f"{path} is another program's database. Name another file.")
    if version > len(STEPS):
        raise DatabaseError(
            f"{path} is of version {version}, this program reads up to {len(STEPS)}. Move it away to start afresh."
        )
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    if version < len(STEPS):
        steps = "".join(STEPS[version:])
        connection.executescript(
            f"begin; pragma application_id = {APPLICATION_ID}; {steps} pragma user_version = {len(STEPS)}; commit;"
        )

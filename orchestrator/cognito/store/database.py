"""The SQLite file: opening, checking, transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# "CGNT": tells our file from any other program's.
APPLICATION_ID = 0x43474E54
VERSION = 1

SCHEMA = """
create table secret (name text primary key, value blob not null) strict, without rowid;
create table pool (
    id text primary key, settings text not null, domain text, created_at real not null, modified_at real not null
) strict, without rowid;
create table client (
    id text primary key, pool_id text not null references pool on delete cascade, settings text not null, secret text,
    configured integer not null, created_at real not null, modified_at real not null
) strict, without rowid;
create table user (
    number integer primary key, pool_id text not null references pool on delete cascade,
    sub text not null unique, username text not null, username_key text not null,
    email_key text, phone_number_key text, preferred_username_key text,
    attributes text not null, status text not null, enabled integer not null,
    salt text, verifier text, password_set_at real not null, signed_out_at real not null,
    created_at real not null, modified_at real not null,
    unique (pool_id, username_key)
) strict;
create index user_pool on user (pool_id);
create index user_email on user (pool_id, email_key);
create index user_phone_number on user (pool_id, phone_number_key);
create index user_preferred_username on user (pool_id, preferred_username_key);
create table "group" (
    pool_id text not null references pool on delete cascade, name text not null, settings text not null,
    created_at real not null, modified_at real not null, primary key (pool_id, name)
) strict, without rowid;
create table membership (
    sub text not null references user (sub) on delete cascade, pool_id text not null, group_name text not null,
    primary key (sub, group_name),
    foreign key (pool_id, group_name) references "group" (pool_id, name) on delete cascade
) strict, without rowid;
create index membership_group on membership (pool_id, group_name);
create table code (
    sub text not null references user (sub) on delete cascade, purpose text not null, code text not null,
    expires_at real not null, failures integer not null, primary key (sub, purpose)
) strict, without rowid;
create table message (
    number integer primary key autoincrement, pool_id text not null,
    sub text not null references user (sub) on delete cascade, username text not null, medium text not null,
    "to" text not null, purpose text not null, subject text not null, body text not null, code text not null,
    sent_at real not null
) strict;
create index message_sub on message (sub);
create table challenge (
    id text primary key, client_id text not null references client on delete cascade,
    sub text not null, name text not null, data text not null, expires_at real not null
) strict, without rowid;
create table revoked_session (id text primary key, expires_at real not null) strict, without rowid;
"""

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
    if tables and version != VERSION:
        raise DatabaseError(
            f"{path} is of version {version}, this program reads version {VERSION}. Move it away to start afresh."
        )
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")
    if not tables:
        connection.executescript(
            f"begin; pragma application_id = {APPLICATION_ID}; pragma user_version = {VERSION}; {SCHEMA} commit;"
        )

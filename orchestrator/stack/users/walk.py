"""A walk through the user pool: whom it has met, and where an interrupted one goes on. Kept in a SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.stack.users.columns import KEY, SYNCED_AT, Row

# How long an interrupted walk can be taken up again; the users at its beginning may have changed since.
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True)
class Tally:
    """How many users a walk has met, of whom `unconfirmed` have not confirmed their sign-up; how many rows were missing
    or said something else; and how many users the table did not take, who count as `rejected` only.
    """

    users: int = 0
    unconfirmed: int = 0
    missing: int = 0
    changed: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Stage:
    """How far a walk has come. `of` says what was walked for what; `token` gets the next page."""

    of: str
    started_at: datetime
    token: str | None = None
    tally: Tally = field(default_factory=Tally)


class Walk:
    """One walk: the users it meets are kept on disk rather than in memory."""

    def __init__(self, connection: sqlite3.Connection, stage: Stage) -> None:
        self._connection = connection
        self.stage = stage

    def come_to(self, met: Sequence[str], token: str | None, tally: Tally) -> None:
        """The users with these subs were met, and what there was to do for them is done."""
        self.stage = replace(self.stage, token=token, tally=tally)
        with self._connection:
            self._connection.executemany("insert or ignore into met values (?)", ((sub,) for sub in met))
            self._connection.execute("replace into stage values (1, ?)", (_text(self.stage),))

    def start_anew(self, now: datetime) -> None:
        """Forgets how far the walk has come."""
        self.stage = Stage(self.stage.of, now)
        with self._connection:
            self._connection.execute("delete from met")
            self._connection.execute("delete from stage")

    def orphaned(self, rows: Sequence[Row]) -> Iterator[Row]:
        """Those rows whose users were not met, and that nobody has written since the walk began."""
        marks = ", ".join("?" * len(rows))
        found = self._connection.execute(
            f"select sub from met where sub in ({marks})",  # noqa: S608
            [row[KEY] for row in rows],
        )
        met = {sub for (sub,) in found}
        for row in rows:
            if row[KEY] not in met and datetime.fromisoformat(row[SYNCED_AT]) <= self.stage.started_at:
                yield row


@contextmanager
def passing(now: datetime) -> Iterator[Walk]:
    """A walk that leaves nothing behind."""
    with _database("") as connection:
        yield Walk(connection, Stage("", now))


@contextmanager
def resumable(path: Path, of: str, now: datetime) -> Iterator[Walk]:
    """The walk that this file remembers, if it was one of the same, interrupted not long ago; else a new one.

    The file stays when the block ends by an error, and is removed when it is done.
    """
    path.touch(mode=0o600)
    with _database(str(path)) as connection:
        stage = _stage(connection)
        if stage and stage.token and stage.of == of and timedelta() <= now - stage.started_at <= LONGEST_REST:
            yield Walk(connection, stage)
        else:
            walk = Walk(connection, Stage(of, now))
            walk.start_anew(now)
            yield walk
    path.unlink()


@contextmanager
def _database(path: str) -> Iterator[sqlite3.Connection]:
    """SQLite's database in this file, or in a temporary one. Raises StackError where it can't be used."""
    connection = sqlite3.connect(path)
    try:
        _prepare(connection)
        yield connection
    except sqlite3.Error as error:
        raise StackError(
            f"{path or 'A temporary file'} can't be used: {error}.",
            f"Is there room on the disk?{' Delete the file to start anew.' if path else ''}",
        ) from error
    finally:
        connection.close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("pragma synchronous = off")
    connection.execute("create table if not exists met (sub text primary key) without rowid")
    connection.execute("create table if not exists stage (number integer primary key, text text)")


def _text(stage: Stage) -> str:
    return json.dumps({**asdict(stage), "started_at": stage.started_at.isoformat()})


def _stage(connection: sqlite3.Connection) -> Stage | None:
    row = connection.execute("select text from stage").fetchone()
    if row is None:
        return None
    kept = json.loads(row[0])
    started_at = datetime.fromisoformat(kept["started_at"])
    return Stage(kept["of"], started_at, kept["token"], Tally(**kept["tally"]))

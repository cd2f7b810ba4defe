"""The signatures that were used, in a SQLite file, so that a restart forgets none."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from orchestrator.gateway.errors import ConfigError
from orchestrator.gateway.signature import SKEW_MILLISECONDS, Stamp

# "GTWY": tells our file from any other program's.
APPLICATION_ID = 0x47545759
# Twice as long as a request stays fresh: the clock may be set back in between.
KEPT_MILLISECONDS = 2 * SKEW_MILLISECONDS
PRUNE_EVERY_MILLISECONDS = 10_000

TABLE = f"""
pragma journal_mode = wal;
pragma synchronous = normal;
pragma application_id = {APPLICATION_ID};
create table if not exists used (signature blob primary key, timestamp integer not null) without rowid;
create index if not exists used_by_timestamp on used (timestamp);
"""


class Replays:
    """One connection, used from one thread. A signature is in the file when `remember` returns, though not yet on the
    disk: the end of this program loses none, a power failure the last few."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pruned = 0

    def remember(self, stamp: Stamp, *, now: int) -> bool:
        """Whether this is the signature's first use. `now` in milliseconds since the epoch. Raises sqlite3.Error."""
        if abs(now - self._pruned) >= PRUNE_EVERY_MILLISECONDS:
            self._connection.execute("delete from used where timestamp < ?", (now - KEPT_MILLISECONDS,))
            self._pruned = now
        added = self._connection.execute(
            "insert into used values (?, ?) on conflict do nothing", (stamp.signature, stamp.timestamp)
        )
        return added.rowcount == 1

    def close(self) -> None:
        self._connection.close()


def open_replays(path: Path) -> Replays:
    """The file, made (readable by its owner only) if it is not there; raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigError(f"{path} can't be written: {error.strerror or error}.") from error
    connection = sqlite3.connect(path, isolation_level=None, timeout=1)
    try:
        (tables,) = connection.execute("select count(*) from sqlite_schema").fetchone()
        (application,) = connection.execute("pragma application_id").fetchone()
        if tables and application != APPLICATION_ID:
            raise ConfigError(f"{path} is another program's database. Name another file.")
        connection.executescript(TABLE)
    except sqlite3.Error as error:
        connection.close()
        raise ConfigError(f"{path} can't be used as a database: {error}. Delete it to start afresh.") from error
    except ConfigError:
        connection.close()
        raise
    return Replays(connection)

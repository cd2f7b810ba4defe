"""The SQLite file: who may read it, and what makes it unusable."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from orchestrator.cognito.store.database import APPLICATION_ID, DatabaseError, open_database
from orchestrator.cognito.store.schema import STEPS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "cognito.sqlite"


def test_only_its_owner_may_read_it(path: Path) -> None:
    database = open_database(path)
    database.run("insert into secret (name, value) values ('a', x'00')")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    database.close()
    assert set(modes.values()) == {0o600}
    assert path.name in modes


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"This is no database." * 100)
    with pytest.raises(DatabaseError, match=r"can't be used as a database: file is not a database\. Move it away"):
        open_database(path)
    assert path.read_bytes().startswith(b"This is")


def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    foreign = sqlite3.connect(path)
    foreign.execute("create table theirs (id)")
    foreign.close()
    with pytest.raises(DatabaseError, match="is another program's database"):
        open_database(path)


def test_a_database_of_another_version_is_left_alone(path: Path) -> None:
    open_database(path).close()
    other = sqlite3.connect(path)
    other.execute("pragma user_version = 99")
    other.close()
    with pytest.raises(DatabaseError, match="is of version 99"):
        open_database(path)


def test_a_database_of_an_older_version_gets_the_steps_it_lacks(path: Path) -> None:
    path.parent.mkdir()
    older = sqlite3.connect(path)
    older.executescript(f"{STEPS[0]} pragma application_id = {APPLICATION_ID}; pragma user_version = 1;")
    older.execute("insert into secret (name, value) values ('a', x'00')")
    older.commit()
    older.close()
    database = open_database(path)
    assert len(database.all("select * from secret")) == 1
    assert database.all("select * from ticket") == []
    assert tuple(database.one("pragma user_version") or ()) == (len(STEPS),)
    database.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="can't be written"):
        open_database(tmp_path / "file" / "cognito.sqlite")


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    database = open_database(path)
    insert = "insert into secret (name, value) values (?, x'00')"

    def both() -> None:
        with database.transaction():
            database.run(insert, "a")
            with database.transaction():
                database.run(insert, "b")
            raise LookupError

    with pytest.raises(LookupError):
        both()
    assert database.all("select * from secret") == []
    with database.transaction():
        database.run(insert, "c")
    assert len(database.all("select * from secret")) == 1
    database.close()

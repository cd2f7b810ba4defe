from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.gateway.errors import ConfigError
from orchestrator.gateway.replays import open_replays
from orchestrator.gateway.signature import Stamp

NOW = 1_767_225_600_000


def stamp(number: int, timestamp: int = NOW) -> Stamp:
    return Stamp(timestamp, number.to_bytes(32, "big"))


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select count(*) from used").fetchone()[0]


def test_a_signature_is_new_once(tmp_path: Path) -> None:
    with closing(open_replays(tmp_path / "r")) as replays:
        assert replays.remember(stamp(1), now=NOW)
        assert replays.remember(stamp(2), now=NOW)
        assert not replays.remember(stamp(1), now=NOW)


def test_another_program_that_opens_the_file_knows_it(tmp_path: Path) -> None:
    with closing(open_replays(tmp_path / "r")) as one, closing(open_replays(tmp_path / "r")) as other:
        assert one.remember(stamp(1), now=NOW)
        assert not other.remember(stamp(1), now=NOW)
    with closing(open_replays(tmp_path / "r")) as later:
        assert not later.remember(stamp(1), now=NOW)


def test_of_many_at_once_one_is_first(tmp_path: Path) -> None:
    open_replays(tmp_path / "r").close()

    def remember(_: int) -> bool:
        with closing(open_replays(tmp_path / "r")) as replays:
            return replays.remember(stamp(1), now=NOW)

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(remember, range(8))) == [False] * 7 + [True]


def test_what_could_be_fresh_again_after_the_clock_was_set_back_is_kept(tmp_path: Path) -> None:
    with closing(open_replays(tmp_path / "r")) as replays:
        replays.remember(stamp(1), now=NOW)
        replays.remember(stamp(2), now=NOW + 600_000)
        assert not replays.remember(stamp(1), now=NOW)


def test_what_is_long_stale_is_pruned(tmp_path: Path) -> None:
    with closing(open_replays(tmp_path / "r")) as replays:
        for number in range(100):
            replays.remember(stamp(number), now=NOW)
        replays.remember(stamp(100, NOW + 600_001), now=NOW + 600_001)
    assert count(tmp_path / "r") == 1


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    with closing(open_replays(tmp_path / "r")) as replays:
        replays.remember(stamp(1), now=NOW)
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("contents", "message"), [(b"no database at all" * 100, "can't be used as a database"), (None, "can't be written")]
)
def test_a_file_that_is_none_is_named(tmp_path: Path, contents: bytes | None, message: str) -> None:
    path = tmp_path / "r"
    if contents is None:
        path.mkdir()
    else:
        path.write_bytes(contents)
    with pytest.raises(ConfigError, match=message):
        open_replays(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "r")) as connection:
        connection.execute("create table theirs (x)")
    with pytest.raises(ConfigError, match="another program's"):
        open_replays(tmp_path / "r")

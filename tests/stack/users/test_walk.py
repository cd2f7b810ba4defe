"""Tests for a walk that is interrupted and goes on."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import StackError
from orchestrator.stack.users.walk import Stage, Tally, Walk, passing, resumable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Stopped(Exception):
    pass


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "walk.sqlite"


def interrupted(file: Path, now: datetime, of: str, action: Callable[[Walk], None]) -> None:
    with resumable(file, of, now) as walk:
        action(walk)
        raise Stopped


def stop_after(file: Path, *subs: str, token: str | None = "next") -> None:
    def go(walk: Walk) -> None:
        walk.come_to(subs, token, Tally(users=len(subs), missing=1))

    with pytest.raises(Stopped):
        interrupted(file, NOW, "here", go)


def begun_at(file: Path, now: datetime, of: str = "here") -> tuple[datetime, str | None, int]:
    stages: list[Stage] = []
    with contextlib.suppress(Stopped):
        interrupted(file, now, of, lambda walk: stages.append(walk.stage))
    return stages[0].started_at, stages[0].token, stages[0].tally.users


def row(sub: str, synced_at: datetime = NOW) -> dict[str, Any]:
    return {"id": sub, "synced_at": synced_at.isoformat()}


def unmet(walk: Walk, *rows: dict[str, Any]) -> list[str]:
    return [each["id"] for each in walk.orphaned(rows)]


def test_an_interrupted_walk_goes_on_with_its_token_its_tally_and_whom_it_met(file: Path) -> None:
    stop_after(file, "1", "2")
    with resumable(file, "here", NOW + timedelta(minutes=5)) as walk:
        assert (walk.stage.started_at, walk.stage.token) == (NOW, "next")
        assert walk.stage.tally == Tally(users=2, missing=1)
        assert unmet(walk, row("1"), row("3")) == ["3"]


def test_a_walk_that_was_done_leaves_no_file(file: Path) -> None:
    with resumable(file, "here", NOW) as walk:
        walk.come_to(["1"], "next", Tally(users=1))
        assert file.stat().st_mode & 0o077 == 0
    assert not file.exists()


def test_a_walk_starts_anew_elsewhere_or_after_an_hour_or_when_it_had_come_to_the_end(file: Path) -> None:
    stop_after(file, "1")
    assert begun_at(file, NOW, of="elsewhere") == (NOW, None, 0)
    for later in (timedelta(hours=2), timedelta(hours=-1)):
        stop_after(file, "1")
        assert begun_at(file, NOW + later) == (NOW + later, None, 0)
    stop_after(file, "1", token=None)
    later = NOW + timedelta(minutes=1)
    assert begun_at(file, later) == (later, None, 0)


def test_a_walk_that_starts_anew_has_met_nobody(file: Path) -> None:
    stop_after(file, "1")
    with resumable(file, "elsewhere", NOW) as walk:
        assert unmet(walk, row("1")) == ["1"]


def test_a_walk_of_something_else_leaves_nothing_of_the_one_before(file: Path) -> None:
    stop_after(file, "1")
    begun_at(file, NOW, of="elsewhere")
    later = NOW + timedelta(minutes=1)
    assert begun_at(file, later) == (later, None, 0)


def test_a_row_written_since_the_walk_began_is_no_orphan() -> None:
    with passing(NOW) as walk:
        assert unmet(walk, row("1"), row("2", NOW + timedelta(seconds=1))) == ["1"]


def test_a_file_that_is_no_database_is_told(file: Path) -> None:
    file.write_text("not a database" * 100)
    with pytest.raises(StackError, match=r"walk\.sqlite can't be used: file is not a database\. .*Delete the file"):
        begun_at(file, NOW)
    assert file.exists()


def test_a_walk_is_kept_even_if_the_process_is_killed(file: Path) -> None:
    with resumable(file, "here", NOW) as walk:
        walk.come_to(["1"], "next", Tally(users=1))
        with contextlib.closing(sqlite3.connect(file)) as other:
            assert other.execute("select sub from met").fetchall() == [("1",)]

"""What a variable was before this stack set it is known, through crashes, changed URLs, and others' changes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from orchestrator.aws.register import before as before_files
from orchestrator.aws.register.before import Before, restored
from orchestrator.errors import StackError


def test_what_was_there_comes_back_and_what_was_not_goes() -> None:
    before = Before().noting({"URL": "old", "OTHER": "x"}, {"URL": "one", "KEY": "k"})
    assert restored({"URL": "one", "KEY": "k", "OTHER": "y"}, before) == {"URL": "old", "OTHER": "y"}


def test_a_changed_url_does_not_forget_what_was_there_first() -> None:
    before = Before().noting({"URL": "old"}, {"URL": "one"}).noting({"URL": "one"}, {"URL": "two"})
    assert restored({"URL": "two"}, before) == {"URL": "old"}


def test_a_crash_between_the_note_and_the_update_loses_nothing() -> None:
    first = Before().noting({"URL": "old"}, {"URL": "one"})
    assert restored({"URL": "old"}, first) == {"URL": "old"}
    assert restored({"URL": "two"}, first.noting({"URL": "old"}, {"URL": "two"})) == {"URL": "old"}
    changing = first.noting({"URL": "one"}, {"URL": "two"})
    assert restored({"URL": "one"}, changing) == {"URL": "old"}


def test_what_somebody_else_has_set_is_left_and_named() -> None:
    before = Before().noting({"URL": "old"}, {"URL": "one", "KEY": "k"})
    now = {"URL": "theirs", "KEY": "k"}
    assert before.foreign(now) == ["URL"]
    assert restored(now, before) == {"URL": "theirs"}
    assert before.foreign({"KEY": "k"}) == ["URL"]


def test_what_somebody_else_has_set_is_what_was_there_before_the_next_time() -> None:
    before = Before().noting({"URL": "old"}, {"URL": "one"}).noting({"URL": "theirs"}, {"URL": "two"})
    assert restored({"URL": "two"}, before) == {"URL": "theirs"}


def test_the_file_keeps_a_note_for_each_function_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "state" / "before.json"
    one, two = Before({"URL": None}, {"URL": ("a",)}), Before({"URL": "x"}, {"URL": ("b", "c")})
    before_files.write(file, "one", one)
    before_files.write(file, "two", two)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [before_files.read(file, name) for name in ("one", "two", "three")] == [one, two, Before()]
    before_files.write(file, "one", Before())
    assert before_files.read(file, "two") == two
    before_files.write(file, "two", Before())
    assert not file.exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    file.write_text("{")
    with pytest.raises(StackError, match=r"before\.json is damaged"):
        before_files.read(file, "one")

"""Log files: which there are, their last lines, and what comes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.stack import logs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hasura.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "cognito.log").write_text("eins\n")
    (tmp_path / "hasura.log.1").write_text("old\n")
    return tmp_path


def test_files_put_aside_by_rotation_are_left_out(folder: Path) -> None:
    assert list(logs.found(folder)) == ["cognito", "hasura"]


def test_without_names_all_are_chosen(folder: Path) -> None:
    assert list(logs.chosen(logs.found(folder), ())) == ["cognito", "hasura"]


def test_an_unknown_name_is_answered_with_those_there_are(folder: Path) -> None:
    with pytest.raises(StackError, match=r"no log of hasra\. There are: cognito, hasura\."):
        logs.chosen(logs.found(folder), ("hasra",))


def test_the_last_lines_come_file_by_file(folder: Path) -> None:
    assert list(logs.last(logs.found(folder), 2)) == [("cognito", "eins"), ("hasura", "two"), ("hasura", "three")]


def test_following_gives_what_is_added_line_by_line(folder: Path) -> None:
    path = folder / "hasura.log"
    with closing(logs.follow({"hasura": path}, 1)) as lines, path.open("a") as file:
        assert next(lines) == ("hasura", "three")
        file.write("four\nfi")
        file.flush()
        assert next(lines) == ("hasura", "four")
        file.write("ve\n")
        file.flush()
        assert next(lines) == ("hasura", "five")


def test_following_goes_on_in_the_new_file_after_rotation(folder: Path) -> None:
    path = folder / "hasura.log"
    with closing(logs.follow({"hasura": path}, 1)) as lines:
        assert next(lines) == ("hasura", "three")
        with path.open("a") as file:
            file.write("last of the old\n")
        path.rename(folder / "hasura.log.1")
        path.write_text("first of the new\n")
        assert next(lines) == ("hasura", "last of the old")
        assert next(lines) == ("hasura", "first of the new")

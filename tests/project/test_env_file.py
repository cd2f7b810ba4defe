"""What is asked for changes in a `.env` file, and nothing else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StackError
from orchestrator.project.env_file import change, changed
from orchestrator.settings import read_env_file

JWT_SECRET = '{"jwk_url": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_A/keys", "audience": ["it\'s $1"]}'

names = st.sampled_from(["A", "B", "AB", "A_1", "HASURA_GRAPHQL_JWT_SECRET"])
# All that means something to a parser of `.env` files, and some that doesn't.
values = st.text("ab\"'\\$`#= \t\n{}é😀", max_size=12)


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("", {"A": "1"}, "A=1\n"),
        ("# first\n\nA=1 # one\n\n# last\n", {"A": "2"}, "# first\n\nA=2 # one\n\n# last\n"),
        ("A=1", {"B": "2"}, "A=1\nB=2\n"),
        ("A=1\r\nB=2\r\n", {"A": "3", "C": "4"}, "A=3\r\nB=2\r\nC=4\r\n"),
        ("export A = 1\n", {"A": "2"}, "export A = 2\n"),
        ('A="1"  # one\n', {"A": "two words"}, 'A="two words"  # one\n'),
        ('A="1"\n', {"A": "$2"}, "A='$2'\n"),
        ("A='1'\n", {"A": "2"}, "A='2'\n"),
        ("A=\nB=\n", {"A": "2"}, "A=2\nB=\n"),
        ("A=1\nA=2\n", {"A": "3"}, "A=1\nA=3\n"),
        ("A=1\nA=2\nB=3\n", {"A": None}, "B=3\n"),
        ("# a\nA=1\n\n# b\nB=2\n", {"A": None}, "# a\n\n# b\nB=2\n"),
        ("A='1\n2'\nB=3\n", {"A": "4"}, "A='4'\nB=3\n"),
        ("A=1\n", {"B": None}, "A=1\n"),
        ("A #1\n", {"A": "2"}, "A #1\nA=2\n"),
        ("\n\n  A=1\n  B=2\n", {"A": None}, "\n\n  B=2\n"),
        ("A=# 1\nB= # 2\n", {"A": "2", "B": "3"}, "A=2\nB=3 # 2\n"),
        ("\ufeffA=1\n", {"A": "2"}, "\ufeffA=2\n"),
        ("# A=1\n", {"A": "2"}, "# A=1\nA=2\n"),
        ("A='1'\n", {"A": "1"}, "A='1'\n"),
    ],
)
def test_only_what_is_asked_for_changes(before: str, changes: dict[str, str | None], after: str) -> None:
    assert changed(before, changes) == after


@given(st.dictionaries(names, values), st.dictionaries(names, values))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, first: dict[str, str], second: dict[str, str]
) -> None:
    file = tmp_path_factory.getbasetemp() / "env"
    file.unlink(missing_ok=True)
    change(file, first)
    change(file, second)
    assert (read_env_file(file) if first or second else {}) == {**first, **second}


def test_a_jwt_secret_is_read_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\n")
    assert change(file, {"HASURA_GRAPHQL_JWT_SECRET": JWT_SECRET})
    assert read_env_file(file) == {"A": "1", "HASURA_GRAPHQL_JWT_SECRET": JWT_SECRET}


def test_a_new_file_is_its_owners_and_an_old_one_stays_whose_it_was(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("A=1\n")
    old.chmod(0o640)
    change(new, {"A": "2"})
    change(old, {"A": "2"})
    assert [stat.S_IMODE(each.stat().st_mode) for each in (new, old)] == [0o600, 0o640]
    assert {each.name for each in tmp_path.iterdir()} == {"new", "old"}


def test_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "shared.env", tmp_path / ".env"
    target.write_text("A=1\n")
    link.symlink_to(target)
    change(link, {"A": "2"})
    assert link.is_symlink()
    assert target.read_text() == "A=2\n"


def test_nothing_to_change_touches_no_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert not change(file, {"A": None})
    assert not file.exists()


def test_a_file_that_is_not_text_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\n")
    with pytest.raises(StackError, match="not UTF-8"):
        change(file, {"A": "2"})
    assert file.read_bytes() == b"A=\xff\n"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="nowhere"):
        change(tmp_path / "nowhere" / ".env", {"A": "2"})

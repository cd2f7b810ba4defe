"""Tests for reading text files of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import text_file

NAME = Path("migrations/default/1_a/up.sql")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfselect 1")
    assert text_file.read(tmp_path / "a", NAME) == "select 1"


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a: \xff\n")
    with pytest.raises(StackError, match=r"migrations/default/1_a/up.sql is not UTF-8 text \(byte 3\)"):
        text_file.read(tmp_path / "a", NAME)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"migrations/default/1_a/up.sql cannot be read: Is a directory"):
        text_file.read(tmp_path, NAME)

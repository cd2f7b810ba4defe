from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.launchers.log_tail import last_words, telling_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("\n \n", ""),
        ("one\ntwo\n\n", "two"),
        ("Traceback (most recent call last):\n  File\nKeyError: 'pool'\n", "KeyError: 'pool'"),
        ("FATAL:  could not bind\nLOG:  database system is shut down\n", "FATAL:  could not bind"),
        ("initdb: error: no space left\ninitdb: removing contents\n", "initdb: error: no space left"),
        ("x" * 1000, "x" * 300),
    ],
)
def test_the_line_that_tells_why(text: str, line: str) -> None:
    assert telling_line(text) == line


def test_only_what_came_after_the_start_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("ERROR: yesterday\n")
    start = log.stat().st_size
    assert last_words(log, since=start) == ""
    with log.open("a") as file:
        file.write("today\n")
    assert last_words(log, since=start) == "today"


def test_a_rotated_log_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("fresh\n")
    assert last_words(log, since=5000) == "fresh"


def test_a_missing_log_says_nothing(tmp_path: Path) -> None:
    assert last_words(tmp_path / "log") == ""

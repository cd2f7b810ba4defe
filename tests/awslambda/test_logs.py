from __future__ import annotations

import re

import pytest

from orchestrator.awslambda import logs
from orchestrator.awslambda.logs import LogFile, Transcript

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", re.MULTILINE)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "f.log"


def text(path):
    return TIME.sub("", path.read_text())


def test_every_line_has_its_time(path):
    LogFile(path).write("one\ntwo\n")
    assert len(TIME.findall(path.read_text())) == 2
    assert text(path) == "one\ntwo\n"


def test_a_large_file_moves_aside_and_two_older_ones_are_kept(path, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 40)
    file = LogFile(path)
    for number in range(5):
        file.write(f"{number} {'x' * 40}")
    assert not path.exists()
    kept = {old.name: text(old)[0] for old in path.parent.iterdir()}
    assert kept == {"f.log.1": "4", "f.log.2": "3"}


def test_a_file_that_cannot_be_written_is_told_once(tmp_path, capsys):
    file = LogFile(tmp_path / "gone" / "f.log")
    file.write("one")
    file.write("two")
    assert capsys.readouterr().err.count("cannot write") == 1


def test_a_line_in_two_parts_is_one_line(path):
    transcript = Transcript(LogFile(path))
    transcript.feed("half ä".encode()[:-1])
    assert not path.exists()
    transcript.feed("ä".encode()[-1:] + b" whole\nnext")
    assert text(path) == "half ä whole\n"
    transcript.line("END")
    assert text(path) == "half ä whole\nnext\nEND\n"


def test_a_traceback_of_the_runtime_client_is_a_line_each(path):
    transcript = Transcript(LogFile(path))
    transcript.feed(b"[ERROR] KeyError\rTraceback\r  File\n")
    assert text(path) == "[ERROR] KeyError\nTraceback\n  File\n"


def test_the_tail_starts_anew_when_cleared(path):
    transcript = Transcript(LogFile(path))
    transcript.feed(b"x" * 5000 + b"\n")
    assert len(transcript.tail()) == 4096
    transcript.clear()
    transcript.line("new")
    assert transcript.tail() == b"new\n"

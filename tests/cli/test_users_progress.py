"""Tests for the progress of a walk through many users."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestrator.cli import output, users_progress
from orchestrator.cli.users_progress import Progress


def test_elsewhere_than_at_a_terminal_there_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("syncing", 1000) as progress:
        progress.come_to(400)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(users_progress, "LINE_SECONDS", 0.0)
    with Progress("syncing", 1000, begin=200) as progress:
        progress.come_to(400)
        progress.print("a difference")
        progress.come_to(1200)
    said = capsys.readouterr()
    assert said.out == "a difference\n"
    first, second = said.err.splitlines()
    assert first.startswith("syncing: 400 of about 1,000, some ")
    assert second == "syncing: 1,200"


def test_at_a_terminal_there_is_a_bar_and_what_goes_to_standard_output_goes_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(output, "stderr", Console(file=shown, force_terminal=True, width=100, highlight=False))
    with Progress("syncing", 1000) as progress:
        progress.come_to(400)
        progress.print("a difference")
        progress.come_to(1200)
        progress.tell("a user whom the table did not take [red]")
    assert capsys.readouterr().out == "a difference\n"
    assert "0 of about 1,000" in shown.getvalue()
    assert "1,200" in shown.getvalue()
    assert "a user whom the table did not take [red]" in shown.getvalue()

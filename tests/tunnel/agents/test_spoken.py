from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.tunnel.agents.spoken import Said, heard, say


@given(text=st.text())
def test_what_is_said_is_heard(text: str) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        say("failed", text, secret="")
    assert [heard(line) for line in output.getvalue().splitlines()] == [Said("failed", text)]


@given(line=st.text() | st.sampled_from(["5", "[]", "null", '{"what": "open"}', '{"what": [], "text": ""}']))
def test_any_other_line_is_nothing(line: str) -> None:
    assert heard(line) is None


def test_a_secret_is_never_said(capsys: pytest.CaptureFixture[str]) -> None:
    say("failed", "Your authtoken: 2abc.", secret="2abc")
    assert heard(capsys.readouterr().out) == Said("failed", "Your authtoken: ….")

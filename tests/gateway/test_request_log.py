from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.gateway.request_log import RequestLog


@given(st.text())
def test_no_user_id_can_end_the_line_or_steer_a_terminal(user_id: str) -> None:
    stream = io.StringIO()
    RequestLog(stream, lambda: 1_767_225_600.0).write("passed-on", status=200, seconds=0.00123, user=user_id)
    written = stream.getvalue()
    assert written.isascii()
    assert written.isprintable() or written[:-1].replace("\x7f", "").isprintable()
    assert written.count("\n") == 1
    assert json.loads(written) == {
        "time": "2026-01-01T00:00:00.000+00:00",
        "outcome": "passed-on",
        "status": 200,
        "milliseconds": 1.2,
        "user": user_id,
    }


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_gone_stops_nothing() -> None:
    RequestLog(Broken(), lambda: 0.0).write("passed-on", status=200, seconds=0.0)

from __future__ import annotations

import json

import pytest

from orchestrator.awslambda.answers import Answer, checked, exit_reason, strict_json


@pytest.mark.parametrize("payload", [b'{"a": 1}', b"null", b'"\xc3\xa4"', b"12345678901234567890"])
def test_json_is_an_answer(payload):
    assert checked(payload) == Answer(payload)


@pytest.mark.parametrize("payload", [b"NaN", b"[Infinity]", b'{"a": -Infinity}', b"", b"text", b"\xff", b"[" * 100_000])
def test_anything_else_is_an_error(payload):
    answer = checked(payload)
    assert answer.failed
    assert json.loads(answer.payload)["errorType"] == "Runtime.MarshalError"


def test_text_that_is_not_json_names_the_reason():
    with pytest.raises(ValueError, match="NaN is not JSON"):
        strict_json(b"[NaN]")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
        (-40, "Runtime exited with error: signal: 40"),
    ],
)
def test_an_exit_is_told_in_lambdas_words(code, reason):
    assert exit_reason(code) == reason

"""Codes of software tokens."""

from __future__ import annotations

import base64

import pytest

from orchestrator.cognito.auth import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(at: int, code: str) -> None:
    assert totp.code(SECRET, at // 30) == code
    assert totp.counter_of(SECRET, code, at) == at // 30


def test_a_code_of_two_steps_ago_is_wrong() -> None:
    assert totp.counter_of(SECRET, totp.code(SECRET, 99), 100 * 30) == 99
    assert totp.counter_of(SECRET, totp.code(SECRET, 98), 100 * 30) is None

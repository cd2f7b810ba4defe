"""Policies, temporary passwords, and the memory for right ones."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from orchestrator.cognito.auth import passwords, srp
from orchestrator.cognito.auth.passwords import Passwords, check_policy, temporary
from orchestrator.cognito.errors import InvalidPassword
from orchestrator.cognito.model import DEFAULT_PASSWORD_POLICY, Pool, User

POOL = Pool("us-east-1_Test1", {}, 0, 0)


def user(password: str) -> User:
    stored = srp.verifier(POOL.srp_name, "ann", password, secrets.token_bytes)
    return User(POOL.id, "sub", "ann", {}, "CONFIRMED", 0, 0, password=stored)


@pytest.mark.parametrize("length", [6, 8, 40, 99])
def test_a_temporary_password_follows_the_policy(length: int) -> None:
    policy = {**DEFAULT_PASSWORD_POLICY, "MinimumLength": length}
    first, second = (temporary(policy, secrets.token_bytes) for _ in range(2))
    check_policy(policy, first)
    assert first != second
    assert len(first) == max(length, 12)


def test_letters_of_other_scripts_are_neither_upper_nor_lower_case() -> None:
    with pytest.raises(InvalidPassword, match="uppercase"):
        check_policy(DEFAULT_PASSWORD_POLICY, "ÄÖÜäöüabc-1")


def test_a_right_password_is_right_again_and_a_wrong_one_never() -> None:
    known = Passwords(secrets.token_bytes)
    ann = user("secret")
    for _ in range(2):
        assert known.right(POOL, ann, "secret")
        assert not known.right(POOL, ann, "Secret")


def test_a_changed_password_makes_the_old_one_wrong() -> None:
    known = Passwords(secrets.token_bytes)
    ann = user("old")
    assert known.right(POOL, ann, "old")
    changed = replace(ann, password=user("new").password)
    assert not known.right(POOL, changed, "old")
    assert known.right(POOL, changed, "new")


def test_a_user_without_a_password_has_no_right_one() -> None:
    assert not Passwords(secrets.token_bytes).right(POOL, replace(user("x"), password=None), "")


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "REMEMBERED", 2)
    known = Passwords(secrets.token_bytes)
    everybody = [user(str(number)) for number in range(4)]
    for number, one in enumerate(everybody):
        assert known.right(POOL, one, str(number))
    assert len(known._right) == 2
    assert known.right(POOL, everybody[0], "0")

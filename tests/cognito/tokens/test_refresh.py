"""Refresh tokens: opaque, and nobody's but ours."""

from __future__ import annotations

import secrets

import pytest

from orchestrator.cognito.tokens.refresh import Grant, seal, unseal

KEY = bytes(range(32))
GRANT = Grant("sub", "client", "session", 1, 2, "scope")


def test_a_sealed_grant_is_unsealed_with_the_same_key_only() -> None:
    token = seal(GRANT, KEY, secrets.token_bytes)
    assert unseal(token, KEY) == GRANT
    assert unseal(token, bytes(32)) is None


def test_a_token_shows_nothing_of_its_grant() -> None:
    token = seal(GRANT, KEY, secrets.token_bytes)
    assert seal(GRANT, KEY, secrets.token_bytes) != token
    assert len(token.split(".")) == 5


@pytest.mark.parametrize("part", range(5))
def test_a_changed_part_spoils_the_token(part: int) -> None:
    parts = seal(GRANT, KEY, secrets.token_bytes).split(".")
    parts[part] = "AAAA" + parts[part][4:]
    assert unseal(".".join(parts), KEY) is None


@pytest.mark.parametrize("token", ["", "....", "a.b.c.d.e", "é.é.é.é.é"])
def test_nonsense_is_no_token(token: str) -> None:
    assert unseal(token, KEY) is None

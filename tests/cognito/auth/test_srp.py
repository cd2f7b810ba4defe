"""SRP, against a client that is written apart from it."""

from __future__ import annotations

import secrets

import pytest

from orchestrator.cognito.auth import srp

from .. import srp_client


def signs_in(password: str, claimed: str) -> bool:
    """Whether a client that claims a password proves it to a server that stored one."""
    stored = srp.verifier("Pool1", "ann", password, secrets.token_bytes)
    client = srp_client.new()
    exchange = srp.begin(client.public, stored, secrets.token_bytes)
    assert exchange is not None
    block = "c2VjcmV0IGJsb2Nr"
    parameters = {
        "SRP_B": exchange.server_public,
        "SALT": stored.salt,
        "SECRET_BLOCK": block,
        "USER_ID_FOR_SRP": "ann",
    }
    answer = client.answer("Pool1", claimed, parameters)
    return srp.proves(
        exchange,
        stored,
        pool_name="Pool1",
        username="ann",
        secret_block=block,
        timestamp=answer["TIMESTAMP"],
        signature=answer["PASSWORD_CLAIM_SIGNATURE"],
    )


def test_only_the_right_password_is_proved() -> None:
    assert signs_in("Correct-Horse-1", "Correct-Horse-1")
    assert signs_in("Pässwörd-1", "Pässwörd-1")
    assert not signs_in("Correct-Horse-1", "Wrong-Horse-1")


def test_the_exchange_holds_whatever_bits_chance_gives() -> None:
    assert all(signs_in("x", "x") for _ in range(8))


def test_a_verifier_knows_its_password_user_and_pool() -> None:
    stored = srp.verifier("Pool1", "ann", "secret", secrets.token_bytes)
    assert srp.matches(stored, "Pool1", "ann", "secret")
    assert not srp.matches(stored, "Pool1", "ann", "Secret")
    assert not srp.matches(stored, "Pool1", "bob", "secret")
    assert not srp.matches(stored, "Pool2", "ann", "secret")


def test_salts_differ_and_need_no_padding() -> None:
    for chance in (lambda size: bytes(size), lambda size: b"\xff" * size):
        salt = srp.verifier("Pool1", "ann", "secret", chance).salt
        assert len(salt) == 32
        assert salt[0] in "4567"


def test_a_decoy_is_the_same_each_time_and_differs_by_seed() -> None:
    assert srp.decoy(b"ann") == srp.decoy(b"ann") != srp.decoy(b"bob")
    assert srp.decoy(b"ann").salt[0] == "4"


@pytest.mark.parametrize("public", ["0", format(srp.N, "x"), "0x5", "-1", "1_0", "", "f" * 3000])
def test_a_public_value_that_is_zero_or_no_number_begins_nothing(public: str) -> None:
    assert srp.begin(public, srp.decoy(b"x"), secrets.token_bytes) is None

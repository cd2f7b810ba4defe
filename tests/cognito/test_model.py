"""What follows from a pool's, client's and session's values alone."""

from __future__ import annotations

import secrets
import uuid

import pytest

from orchestrator.cognito.model import Client, Pool, session_id, session_time


@pytest.mark.parametrize("at", [0.0, 1_800_000_000.123456, 1_700_000_000.9999999, 4_000_000_000.5])
def test_a_session_id_tells_when_it_was_made(at: float) -> None:
    identity = session_id(at, secrets.token_bytes)
    assert session_time(identity) == pytest.approx(at, abs=3e-7)
    assert uuid.UUID(identity).version == 7
    assert uuid.UUID(identity).variant == uuid.RFC_4122


def test_session_ids_of_one_moment_differ() -> None:
    assert session_id(1.0, secrets.token_bytes) != session_id(1.0, secrets.token_bytes)


def test_a_later_session_has_a_later_time() -> None:
    times = [session_time(session_id(1_800_000_000 + n / 1_000_000, secrets.token_bytes)) for n in range(50)]
    assert times == sorted(set(times))


def test_lifetimes_follow_value_and_unit() -> None:
    settings = {"AccessTokenValidity": 5, "RefreshTokenValidity": 2, "TokenValidityUnits": {"AccessToken": "minutes"}}
    client = Client("c", "p", settings, 0, 0)
    assert client.seconds("AccessToken", 3600, "hours") == 300
    assert client.seconds("RefreshToken", 1, "days") == 172_800
    assert client.seconds("IdToken", 3600, "hours") == 3600


def test_flows_go_by_new_and_old_names() -> None:
    client = Client("c", "p", {"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"]}, 0, 0)
    assert client.allows("USER_SRP_AUTH")
    assert client.allows("USER_PASSWORD_AUTH")
    assert not client.allows("ADMIN_USER_PASSWORD_AUTH")


def test_token_generation_has_a_version_of_its_own_setting() -> None:
    config = {"PreTokenGeneration": "old", "PreTokenGenerationConfig": {"LambdaArn": "new", "LambdaVersion": "V2_0"}}
    pool = Pool("us-east-1_L", {"LambdaConfig": config}, 0, 0)
    assert (pool.trigger("PreTokenGeneration"), pool.token_event_version) == ("new", "2")
    old = Pool("us-east-1_L", {"LambdaConfig": {"PreTokenGeneration": "old"}}, 0, 0)
    assert (old.trigger("PreTokenGeneration"), old.token_event_version) == ("old", "1")

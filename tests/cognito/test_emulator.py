"""Applying a configuration to a database that may have served another one."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cognito.config import ConfigError, parse
from orchestrator.cognito.emulator import apply
from orchestrator.cognito.service_model import ServiceModel
from orchestrator.cognito.store.database import open_database

from .conftest import CLIENT, PASSWORD, POOL, Start, error_of


def test_settings_change_at_a_restart_and_users_stay(start: Start) -> None:
    cognito = start()
    sub = cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    cognito.stop()
    again = start(
        {"Policies": {"PasswordPolicy": {"MinimumLength": 20}}}, {"AccessTokenValidity": 2}, clock=cognito.clock
    )
    assert again.sign_in("ann")["ExpiresIn"] == 7200
    assert again.attributes("ann")["sub"] == sub
    assert error_of(again.sign_up, "bob")[0] == "InvalidPasswordException"
    assert again.refresh(result["RefreshToken"])["IdToken"]


def test_a_client_that_is_not_configured_any_more_is_gone(start: Start) -> None:
    cognito = start(clients=[{"ClientId": name, "ClientName": name} for name in (CLIENT, "old")])
    cognito.stop()
    again = start()
    listed = again.api.list_user_pool_clients(UserPoolId=POOL)["UserPoolClients"]
    assert [client["ClientId"] for client in listed] == [CLIENT]


def test_what_cognito_cannot_change_is_refused_once_there_are_users(start: Start, model: ServiceModel) -> None:
    cognito = start()
    cognito.sign_up("ann")
    cognito.stop()
    document: dict[str, Any] = {"database": str(cognito.database), "pool": {"Id": POOL, "PoolName": "test"}}
    document["pool"]["UsernameAttributes"] = ["email"]
    database = open_database(cognito.database)
    with pytest.raises(ConfigError, match=f"UsernameAttributes of pool {POOL} changed, but it has users"):
        apply(parse(document, model), database, lambda: 0.0, secrets.token_bytes)
    database.close()


def test_saying_what_was_assumed_is_no_change(start: Start) -> None:
    cognito = start()
    cognito.sign_up("ann")
    cognito.stop()
    again = start({"UsernameConfiguration": {"CaseSensitive": False}, "AliasAttributes": []})
    assert again.status("ANN") == "UNCONFIRMED"


def test_without_users_everything_may_change(start: Start, tmp_path: Path) -> None:
    start().stop()
    cognito = start({"UsernameAttributes": ["email"]})
    assert cognito.confirmed("ann@example.com")


def test_the_configured_second_factors_are_asked_for(start: Start) -> None:
    cognito = start(
        {"MfaConfiguration": "ON"},
        mfa={"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": True}},
    )
    cognito.confirmed("ann", email="ann@example.com")
    asked = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=PASSWORD)
    assert asked["ChallengeName"] == "MFA_SETUP"

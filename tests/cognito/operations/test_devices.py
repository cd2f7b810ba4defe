"""Devices: told once, confirmed, known again by SRP, listed and forgotten."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from orchestrator.cognito.auth import srp

from .. import srp_client
from ..conftest import CLIENT, PASSWORD, POOL, Running, Start, error_of

ALWAYS = {"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}}
ASKING = {"DeviceConfiguration": {"ChallengeRequiredOnNewDevice": False, "DeviceOnlyRememberedOnUserPrompt": True}}


@dataclass(frozen=True)
class Remembered:
    """What a client keeps of a device."""

    key: str
    group: str
    password: str


def confirmed_device(cognito: Running, result: dict[str, Any]) -> Remembered:
    told = result["NewDeviceMetadata"]
    device = Remembered(told["DeviceKey"], told["DeviceGroupKey"], secrets.token_hex(20))
    made = srp.verifier(device.group, device.key, device.password, secrets.token_bytes)
    salt, value = (base64.b64encode(bytes.fromhex(padded(text))).decode() for text in (made.salt, made.value))
    cognito.api.confirm_device(
        AccessToken=result["AccessToken"],
        DeviceKey=device.key,
        DeviceName="laptop",
        DeviceSecretVerifierConfig={"Salt": salt, "PasswordVerifier": value},
    )
    return device


def padded(text: str) -> str:
    return text if len(text) % 2 == 0 else f"0{text}"


def device_sign_in(cognito: Running, device: Remembered, *, password: str | None = None) -> dict[str, Any]:
    """The answer to the last challenge of a sign-in from a device."""
    asked = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=PASSWORD, DEVICE_KEY=device.key)
    assert asked["ChallengeName"] == "DEVICE_SRP_AUTH"
    client = srp_client.new()
    begun = cognito.api.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="DEVICE_SRP_AUTH",
        Session=asked["Session"],
        ChallengeResponses={"USERNAME": "ann", "DEVICE_KEY": device.key, "SRP_A": client.public},
    )
    parameters = {**begun["ChallengeParameters"], "USER_ID_FOR_SRP": device.key}
    responses = client.answer(device.group, password or device.password, parameters)
    answered: dict[str, Any] = cognito.api.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="DEVICE_PASSWORD_VERIFIER",
        ChallengeResponses={**responses, "USERNAME": "ann", "DEVICE_KEY": device.key},
    )
    return answered


@pytest.fixture
def tracking(start: Start) -> Running:
    cognito = start(ALWAYS)
    cognito.confirmed("ann", email="ann@example.com")
    return cognito


def test_a_new_device_is_told_who_it_is_and_known_again(tracking: Running) -> None:
    first = tracking.sign_in("ann")
    device = confirmed_device(tracking, first)
    assert jwt.decode(first["AccessToken"], options={"verify_signature": False})["device_key"] == device.key
    result = device_sign_in(tracking, device)["AuthenticationResult"]
    assert "NewDeviceMetadata" not in result
    assert jwt.decode(result["AccessToken"], options={"verify_signature": False})["device_key"] == device.key


def test_a_device_that_does_not_know_its_password_is_refused(tracking: Running) -> None:
    device = confirmed_device(tracking, tracking.sign_in("ann"))
    assert error_of(device_sign_in, tracking, device, password="another") == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )


def test_a_forgotten_device_is_a_new_one(tracking: Running) -> None:
    first = tracking.sign_in("ann")
    device = confirmed_device(tracking, first)
    (shown,) = tracking.api.list_devices(AccessToken=first["AccessToken"])["Devices"]
    assert shown["DeviceKey"] == device.key
    assert {"Name": "device_name", "Value": "laptop"} in shown["DeviceAttributes"]
    tracking.api.forget_device(AccessToken=first["AccessToken"], DeviceKey=device.key)
    assert tracking.api.admin_list_devices(UserPoolId=POOL, Username="ann")["Devices"] == []
    again = tracking.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD=PASSWORD, DEVICE_KEY=device.key)
    assert again["AuthenticationResult"]["NewDeviceMetadata"]["DeviceKey"] != device.key


def test_only_the_device_of_the_session_is_confirmed(tracking: Running) -> None:
    first, second = tracking.sign_in("ann"), tracking.sign_in("ann")
    mixed = {**first, "NewDeviceMetadata": second["NewDeviceMetadata"]}
    assert error_of(confirmed_device, tracking, mixed)[0] == "ResourceNotFoundException"


def test_a_device_is_remembered_once_the_user_says_so(start: Start) -> None:
    cognito = start(ASKING)
    cognito.confirmed("ann", email="ann@example.com")
    first = cognito.sign_in("ann")
    device = confirmed_device(cognito, first)
    status = {"Name": "device_status", "Value": "not_remembered"}
    which = {"AccessToken": first["AccessToken"], "DeviceKey": device.key}
    assert status in cognito.api.get_device(**which)["Device"]["DeviceAttributes"]
    cognito.api.update_device_status(**which, DeviceRememberedStatus="remembered")
    assert status not in cognito.api.get_device(**which)["Device"]["DeviceAttributes"]


def test_a_pool_that_tracks_no_devices_tells_of_none(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert "NewDeviceMetadata" not in cognito.sign_in("ann")

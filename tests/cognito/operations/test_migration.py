"""Users who come from another directory at their first sign-in, or when they forgot their password."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import CLIENT, PASSWORD, Running, Start, error_of
from ..functions import Functions, answering, raising

ATTRIBUTES = {"email": "ann@example.com", "email_verified": "true"}


@pytest.fixture
def migrating(start: Start, functions: Functions) -> Running:
    def migrate(event: dict[str, Any]) -> dict[str, Any]:
        if event["userName"] != "ann" or event["request"].get("password", PASSWORD) != PASSWORD:
            raise ValueError("Bad password")
        response = {"userAttributes": ATTRIBUTES, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS"}
        return {**event, "response": {**event["response"], **response}}

    arn = functions.add("migrate", migrate)
    return start({"LambdaConfig": {"UserMigration": arn}}, lambda_url=functions.url)


def test_a_user_of_the_other_directory_signs_in_and_stays(migrating: Running, functions: Functions) -> None:
    assert migrating.sign_in("ann")["IdToken"]
    assert functions.sources() == ["UserMigration_Authentication"]
    assert migrating.status("ann") == "CONFIRMED"
    assert migrating.attributes("ann")["email"] == "ann@example.com"
    functions.events.clear()
    assert migrating.sign_in("ann")["IdToken"]
    assert functions.events == []


def test_whoever_the_other_directory_refuses_is_not_there(migrating: Running) -> None:
    assert error_of(migrating.sign_in, "ann", "Wrong-Horse-1") == (
        "UserNotFoundException",
        f"Exception migrating user in app client {CLIENT}",
    )
    assert error_of(migrating.status, "ann")[0] == "UserNotFoundException"


def test_a_client_that_hides_who_is_there_hides_that_too(start: Start, functions: Functions) -> None:
    arn = functions.add("migrate", raising("no"))
    hiding = {"PreventUserExistenceErrors": "ENABLED"}
    cognito = start({"LambdaConfig": {"UserMigration": arn}}, hiding, lambda_url=functions.url)
    assert error_of(cognito.sign_in, "ann") == ("NotAuthorizedException", "Incorrect username or password.")


def test_a_user_without_a_final_status_must_reset_the_password(start: Start, functions: Functions) -> None:
    arn = functions.add("migrate", answering(userAttributes=ATTRIBUTES))
    cognito = start({"LambdaConfig": {"UserMigration": arn}}, lambda_url=functions.url)
    assert error_of(cognito.sign_in, "ann")[0] == "PasswordResetRequiredException"
    assert cognito.status("ann") == "RESET_REQUIRED"


def test_a_forgotten_password_migrates_without_one(migrating: Running, functions: Functions) -> None:
    migrating.api.forgot_password(ClientId=CLIENT, Username="ann")
    assert functions.sources() == ["UserMigration_ForgotPassword"]
    assert "password" not in functions.events[0]["request"]
    migrating.api.confirm_forgot_password(
        ClientId=CLIENT, Username="ann", ConfirmationCode=migrating.code("ann"), Password="New-Horse-Battery-1"
    )
    assert migrating.sign_in("ann", "New-Horse-Battery-1")["IdToken"]


def test_srp_migrates_nobody(migrating: Running, functions: Functions) -> None:
    assert error_of(migrating.initiate, "USER_SRP_AUTH", USERNAME="ann", SRP_A="ab")[0] == "UserNotFoundException"
    assert functions.events == []

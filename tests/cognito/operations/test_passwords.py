"""Changing a password, and replacing a forgotten one."""

from __future__ import annotations

import re

from ..conftest import CLIENT, PASSWORD, POOL, Running, Start, error_of
from ..functions import Functions, unchanged

NEW = "Another-Horse-1"


def test_a_user_changes_the_password(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["AccessToken"]
    call = {"AccessToken": token, "ProposedPassword": NEW}
    assert error_of(cognito.api.change_password, **call, PreviousPassword="Wrong-Horse-1")[0] == (
        "NotAuthorizedException"
    )
    cognito.api.change_password(**call, PreviousPassword=PASSWORD)
    assert error_of(cognito.sign_in, "ann", PASSWORD)[0] == "NotAuthorizedException"
    cognito.sign_in("ann", NEW)


def test_a_forgotten_password_is_replaced_with_a_code(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    cognito = start({"LambdaConfig": {"PostConfirmation": arn}}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    functions.events.clear()
    details = cognito.api.forgot_password(ClientId=CLIENT, Username="ann")["CodeDeliveryDetails"]
    assert details["Destination"] == "a***@e***"
    confirm = {"ClientId": CLIENT, "Username": "ann", "ConfirmationCode": cognito.code("ann")}
    assert error_of(cognito.api.confirm_forgot_password, **confirm, Password="weak")[0] == "InvalidPasswordException"
    cognito.api.confirm_forgot_password(**confirm, Password=NEW)
    cognito.sign_in("ann", NEW)
    assert functions.sources() == ["PostConfirmation_ConfirmForgotPassword"]
    assert error_of(cognito.api.confirm_forgot_password, **confirm, Password=NEW)[0] == "ExpiredCodeException"


def test_a_code_for_a_new_password_works_for_an_hour(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    cognito.api.forgot_password(ClientId=CLIENT, Username="ann")
    cognito.clock.advance(3601)
    confirm = {"ClientId": CLIENT, "Username": "ann", "ConfirmationCode": cognito.code("ann"), "Password": NEW}
    assert error_of(cognito.api.confirm_forgot_password, **confirm)[0] == "ExpiredCodeException"


def test_there_must_be_a_verified_address_to_send_a_code_to(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    cognito.api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
    assert error_of(cognito.api.forgot_password, ClientId=CLIENT, Username="ann") == (
        "InvalidParameterException",
        "Cannot reset password for the user as there is no registered/verified email or phone_number",
    )


def test_recovery_can_be_left_to_administrators(start: Start) -> None:
    recovery = {"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]}
    cognito = start({"AccountRecoverySetting": recovery})
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.api.forgot_password, ClientId=CLIENT, Username="ann")[0] == "NotAuthorizedException"


def test_nobody_forgets_a_password_in_the_same_words_when_users_are_hidden(start: Start) -> None:
    cognito = start()
    assert error_of(cognito.api.forgot_password, ClientId=CLIENT, Username="nobody")[0] == "UserNotFoundException"
    cognito.stop()
    hiding = start(client={"PreventUserExistenceErrors": "ENABLED"})
    hiding.confirmed("ann", email="ann@example.com")
    hiding.sign_up("unverified", email="eve@example.com")
    hiding.confirmed("disabled", email="dan@example.com")
    hiding.api.admin_disable_user(UserPoolId=POOL, Username="disabled")
    for name in ("ann", "nobody", "unverified", "disabled", "nobody"):
        details = hiding.api.forgot_password(ClientId=CLIENT, Username=name)["CodeDeliveryDetails"]
        assert (details["DeliveryMedium"], details["AttributeName"]) == ("EMAIL", "email")
        assert re.fullmatch(r"[a-z]\*\*\*@[a-z]\*\*\*", details["Destination"])
    for name in ("ann", "nobody"):
        confirm = {"ClientId": CLIENT, "Username": name, "ConfirmationCode": "wrong", "Password": NEW}
        assert error_of(hiding.api.confirm_forgot_password, **confirm) == (
            "CodeMismatchException",
            "Invalid verification code provided, please try again.",
        )

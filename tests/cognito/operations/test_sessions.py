"""What an access token is good for, and how its session ends."""

from __future__ import annotations

import jwt
import pytest

from ..conftest import CLIENT, POOL, Running, Start, error_of
from ..functions import Functions, answering

REVOKED = ("NotAuthorizedException", "Access Token has been revoked")


def test_get_user_shows_the_bearer(cognito: Running) -> None:
    sub = cognito.confirmed("ann", email="ann@example.com")
    user = cognito.api.get_user(AccessToken=cognito.sign_in("ann")["AccessToken"])
    assert user["Username"] == "ann"
    assert {pair["Name"]: pair["Value"] for pair in user["UserAttributes"]} == {
        "sub": sub,
        "email": "ann@example.com",
        "email_verified": "true",
    }


def test_a_client_sees_the_attributes_it_may_read(start: Start) -> None:
    cognito = start(client={"ReadAttributes": ["email"]})
    cognito.confirmed("ann", email="ann@example.com", nickname="Annie")
    result = cognito.sign_in("ann")
    user = cognito.api.get_user(AccessToken=result["AccessToken"])
    assert {pair["Name"] for pair in user["UserAttributes"]} == {"sub", "email"}
    assert "nickname" not in jwt.decode(result["IdToken"], options={"verify_signature": False})


def test_only_our_access_tokens_open_the_door(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    content = jwt.decode(result["AccessToken"], options={"verify_signature": False})
    forged = [
        result["IdToken"],
        "nonsense",
        jwt.encode(content, None, algorithm="none"),
        jwt.encode(content, "a guessed secret that is quite long", algorithm="HS256"),
        result["AccessToken"][:-6] + "AAAAAA",
    ]
    for token in forged:
        assert error_of(cognito.api.get_user, AccessToken=token) == ("NotAuthorizedException", "Invalid Access Token")


def test_an_access_token_expires_as_the_client_says(start: Start) -> None:
    cognito = start(client={"AccessTokenValidity": 10, "TokenValidityUnits": {"AccessToken": "minutes"}})
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    assert result["ExpiresIn"] == 600
    cognito.api.get_user(AccessToken=result["AccessToken"])
    cognito.clock.advance(600)
    assert error_of(cognito.api.get_user, AccessToken=result["AccessToken"]) == (
        "NotAuthorizedException",
        "Access Token has expired",
    )


def test_a_global_sign_out_ends_all_sessions_and_no_later_one(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    phone, laptop = cognito.sign_in("ann"), cognito.sign_in("ann")
    cognito.api.global_sign_out(AccessToken=phone["AccessToken"])
    later = cognito.sign_in("ann")
    for old in (phone, laptop):
        assert error_of(cognito.api.get_user, AccessToken=old["AccessToken"]) == REVOKED
        assert error_of(cognito.refresh, old["RefreshToken"]) == (
            "NotAuthorizedException",
            "Refresh Token has been revoked",
        )
    cognito.api.get_user(AccessToken=later["AccessToken"])
    cognito.refresh(later["RefreshToken"])


def test_an_administrator_signs_a_user_out_everywhere(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    cognito.api.admin_user_global_sign_out(UserPoolId=POOL, Username="ann")
    assert error_of(cognito.api.get_user, AccessToken=result["AccessToken"]) == REVOKED


def test_a_revoked_refresh_token_takes_its_session_along_and_no_other(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    phone, laptop = cognito.sign_in("ann"), cognito.sign_in("ann")
    refreshed = cognito.refresh(phone["RefreshToken"])
    for _ in range(2):
        cognito.api.revoke_token(ClientId=CLIENT, Token=phone["RefreshToken"])
    for token in (phone["AccessToken"], refreshed["AccessToken"]):
        assert error_of(cognito.api.get_user, AccessToken=token) == REVOKED
    assert error_of(cognito.refresh, phone["RefreshToken"])[1] == "Refresh Token has been revoked"
    cognito.refresh(laptop["RefreshToken"])


def test_only_refresh_tokens_are_revoked(start: Start) -> None:
    cognito = start()
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    assert error_of(cognito.api.revoke_token, ClientId=CLIENT, Token=result["AccessToken"])[0] == (
        "UnsupportedTokenTypeException"
    )
    cognito.stop()
    fixed = start(client={"EnableTokenRevocation": False})
    assert error_of(fixed.api.revoke_token, ClientId=CLIENT, Token=result["RefreshToken"])[0] == (
        "UnsupportedOperationException"
    )


def test_users_delete_themselves(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    cognito.api.delete_user(AccessToken=result["AccessToken"])
    assert error_of(cognito.sign_in, "ann")[0] == "UserNotFoundException"
    assert error_of(cognito.api.get_user, AccessToken=result["AccessToken"])[0] == "UserNotFoundException"
    assert error_of(cognito.refresh, result["RefreshToken"])[0] == "NotAuthorizedException"


def test_a_token_without_the_api_scope_is_no_key_to_the_api(start: Start, functions: Functions) -> None:
    details = {"accessTokenGeneration": {"scopesToSuppress": ["aws.cognito.signin.user.admin"]}}
    arn = functions.add("f", answering(claimsAndScopeOverrideDetails=details))
    config = {"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": "V2_0"}}
    cognito = start({"LambdaConfig": config}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.api.get_user, AccessToken=cognito.sign_in("ann")["AccessToken"]) == (
        "NotAuthorizedException",
        "Access Token does not have required scopes",
    )


@pytest.mark.parametrize("stop", ["sign out", "revocation"])
def test_the_end_of_a_session_outlives_a_restart(start: Start, stop: str) -> None:
    cognito = start()
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    if stop == "sign out":
        cognito.api.admin_user_global_sign_out(UserPoolId=POOL, Username="ann")
    else:
        cognito.api.revoke_token(ClientId=CLIENT, Token=result["RefreshToken"])
    cognito.stop()
    again = start(clock=cognito.clock)
    assert error_of(again.refresh, result["RefreshToken"])[1] == "Refresh Token has been revoked"

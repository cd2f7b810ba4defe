"""Tokens as they are issued, checked with the published keys."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from ..conftest import CLIENT, POOL, Running, Start, error_of
from ..functions import Functions, answering

NAMESPACE = "https://hasura.io/jwt/claims"


def checked(cognito: Running, token: str, **options: Any) -> dict[str, Any]:
    """The claims of a token whose signature, issuer and audience are right."""
    keys = jwt.PyJWKClient(f"{cognito.url}/{POOL}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(token)
    # The emulator's clock is not this machine's.
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        issuer=f"{cognito.url}/{POOL}",
        options={"verify_exp": False, "verify_iat": False},
        **options,
    )


def triggered(start: Start, functions: Functions, version: str, **response: Any) -> Running:
    """An emulator whose PreTokenGeneration of a version answers so."""
    arn = functions.add("f", answering(**response))
    config = {"PreTokenGenerationConfig": {"LambdaArn": arn, "LambdaVersion": version}}
    cognito = start({"LambdaConfig": config}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com", nickname="Annie")
    return cognito


def test_the_id_token_says_who_the_user_is(cognito: Running) -> None:
    sub = cognito.confirmed("ann", email="ann@example.com", nickname="Annie")
    claims = checked(cognito, cognito.sign_in("ann")["IdToken"], audience=CLIENT)
    assert {name: claims[name] for name in ("sub", "cognito:username", "email", "nickname", "token_use")} == {
        "sub": sub,
        "cognito:username": "ann",
        "email": "ann@example.com",
        "nickname": "Annie",
        "token_use": "id",
    }
    assert claims["email_verified"] is True
    assert claims["exp"] == claims["iat"] + 3600
    assert claims["auth_time"] == pytest.approx(claims["iat"], abs=1)
    assert {"jti", "origin_jti", "event_id"} <= claims.keys()


def test_the_access_token_says_what_the_client_may_do(cognito: Running) -> None:
    sub = cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    access, identity = checked(cognito, result["AccessToken"]), checked(cognito, result["IdToken"], audience=CLIENT)
    assert {name: access[name] for name in ("sub", "username", "client_id", "scope", "token_use")} == {
        "sub": sub,
        "username": "ann",
        "client_id": CLIENT,
        "scope": "aws.cognito.signin.user.admin",
        "token_use": "access",
    }
    assert "email" not in access
    assert "aud" not in access
    assert access["origin_jti"] == identity["origin_jti"]
    assert access["jti"] != identity["jti"]


def test_id_and_access_tokens_are_signed_by_different_keys(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    headers = [jwt.get_unverified_header(result[kind]) for kind in ("IdToken", "AccessToken")]
    assert headers[0].keys() == headers[1].keys() == {"alg", "kid"}
    assert headers[0]["kid"] != headers[1]["kid"]


def test_lifetimes_are_the_clients(start: Start) -> None:
    cognito = start(client={"IdTokenValidity": 2, "AccessTokenValidity": 30,
                            "TokenValidityUnits": {"AccessToken": "minutes"}})  # fmt: skip
    cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    access, identity = checked(cognito, result["AccessToken"]), checked(cognito, result["IdToken"], audience=CLIENT)
    assert (identity["exp"] - identity["iat"], access["exp"] - access["iat"]) == (7200, 1800)
    assert result["ExpiresIn"] == 1800


def test_version_1_adds_claims_to_the_id_token(start: Start, functions: Functions) -> None:
    details = {"claimsToAddOrOverride": {NAMESPACE: "{}", "sub": "forged"}, "claimsToSuppress": ["nickname"]}
    cognito = triggered(start, functions, "V1_0", claimsOverrideDetails=details)
    result = cognito.sign_in("ann")
    identity, access = checked(cognito, result["IdToken"], audience=CLIENT), checked(cognito, result["AccessToken"])
    assert identity[NAMESPACE] == "{}"
    assert identity["sub"] == access["sub"] != "forged"
    assert "nickname" not in identity
    assert NAMESPACE not in access
    (event,) = functions.events
    assert event["version"] == "1"
    assert event["request"]["groupConfiguration"] == {
        "groupsToOverride": [],
        "iamRolesToOverride": [],
        "preferredRole": None,
    }
    assert event["response"] == {"claimsOverrideDetails": None}


def test_the_old_setting_is_version_1(start: Start, functions: Functions) -> None:
    details = {"claimsToAddOrOverride": {"plan": "pro"}}
    arn = functions.add("f", answering(claimsOverrideDetails=details))
    cognito = start({"LambdaConfig": {"PreTokenGeneration": arn}}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    assert checked(cognito, cognito.sign_in("ann")["IdToken"], audience=CLIENT)["plan"] == "pro"


def test_version_2_serves_both_tokens_with_one_call(start: Start, functions: Functions) -> None:
    details = {
        "idTokenGeneration": {"claimsToAddOrOverride": {NAMESPACE: {"x-hasura-default-role": "user"}}},
        "accessTokenGeneration": {"claimsToAddOrOverride": {"plan": "pro"}, "scopesToAdd": ["orders:read"]},
        "groupOverrideDetails": {"groupsToOverride": ["chosen"]},
    }
    cognito = triggered(start, functions, "V2_0", claimsAndScopeOverrideDetails=details)
    result = cognito.sign_in("ann")
    identity, access = checked(cognito, result["IdToken"], audience=CLIENT), checked(cognito, result["AccessToken"])
    assert identity[NAMESPACE] == {"x-hasura-default-role": "user"}
    assert (access["plan"], access["scope"]) == ("pro", "aws.cognito.signin.user.admin orders:read")
    assert "plan" not in identity
    assert identity["cognito:groups"] == access["cognito:groups"] == ["chosen"]
    (event,) = functions.events
    assert (event["version"], event["triggerSource"]) == ("2", "TokenGeneration_Authentication")
    assert event["request"]["scopes"] == ["aws.cognito.signin.user.admin"]
    assert event["response"] == {"claimsAndScopeOverrideDetails": None}


def test_an_unusable_answer_fails_the_sign_in(start: Start, functions: Functions) -> None:
    cognito = triggered(start, functions, "V1_0", claimsOverrideDetails={"claimsToAddOrOverride": {"a": 1}})
    assert error_of(cognito.sign_in, "ann") == ("InvalidLambdaResponseException", "Unrecognizable lambda output")

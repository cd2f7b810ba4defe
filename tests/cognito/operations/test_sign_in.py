"""Signing in with a password, with SRP, with a refresh token, and through challenges."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError

from orchestrator.cognito.auth.srp import N

from .. import srp_client
from ..conftest import CLIENT, PASSWORD, POOL, Running, Start, error_of, pairs
from ..functions import Functions, raising, unchanged

WRONG = ("NotAuthorizedException", "Incorrect username or password.")
DAY = 86400


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def hash_of(username: str, client: str = CLIENT, secret: str = "s3cret") -> str:
    digest = hmac.digest(secret.encode(), f"{username}{client}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def created(cognito: Running, username: str = "ann", **attributes: str) -> str:
    """The sub of a user an administrator made, with a temporary password."""
    answer = cognito.api.admin_create_user(
        UserPoolId=POOL,
        Username=username,
        TemporaryPassword="Temporary-1",
        MessageAction="SUPPRESS",
        UserAttributes=pairs(attributes),
    )
    return next(pair["Value"] for pair in answer["User"]["Attributes"] if pair["Name"] == "sub")


def test_the_right_password_gives_three_tokens(cognito: Running) -> None:
    sub = cognito.confirmed("ann", email="ann@example.com")
    result = cognito.sign_in("ann")
    assert result["TokenType"] == "Bearer"
    assert result["ExpiresIn"] == 3600
    assert claims(result["IdToken"])["sub"] == claims(result["AccessToken"])["sub"] == sub
    assert len(result["RefreshToken"].split(".")) == 5


def test_a_wrong_password_is_refused_before_and_after_the_right_one(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.sign_in, "ann", "Wrong-Horse-1") == WRONG
    cognito.sign_in("ann")
    assert error_of(cognito.sign_in, "ann", "Wrong-Horse-1") == WRONG


def test_nobody_is_told_apart_from_a_wrong_password_only_when_the_client_asks(start: Start) -> None:
    cognito = start()
    assert error_of(cognito.sign_in, "nobody") == ("UserNotFoundException", "User does not exist.")
    cognito.stop()
    assert error_of(start(client={"PreventUserExistenceErrors": "ENABLED"}).sign_in, "nobody") == WRONG


def test_an_unconfirmed_user_is_told_so_after_the_right_password_only(cognito: Running) -> None:
    cognito.sign_up("ann", email="ann@example.com")
    assert error_of(cognito.sign_in, "ann") == ("UserNotConfirmedException", "User is not confirmed.")
    assert error_of(cognito.sign_in, "ann", "Wrong-Horse-1") == WRONG


def test_a_disabled_user_stays_out(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["RefreshToken"]
    cognito.api.admin_disable_user(UserPoolId=POOL, Username="ann")
    assert error_of(cognito.sign_in, "ann") == ("NotAuthorizedException", "User is disabled.")
    assert error_of(cognito.refresh, token) == ("NotAuthorizedException", "User is disabled.")
    cognito.api.admin_enable_user(UserPoolId=POOL, Username="ann")
    assert error_of(cognito.refresh, token) == ("NotAuthorizedException", "Refresh Token has been revoked")
    cognito.sign_in("ann")


@pytest.mark.parametrize("missing", ["USERNAME", "PASSWORD"])
def test_a_missing_parameter_is_named(cognito: Running, missing: str) -> None:
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD}
    del given[missing]
    assert error_of(cognito.initiate, "USER_PASSWORD_AUTH", **given) == (
        "InvalidParameterException",
        f"Missing required parameter {missing}",
    )


def test_a_flow_must_be_enabled_for_the_client(start: Start) -> None:
    cognito = start(client={"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]})
    assert error_of(cognito.sign_in, "ann") == (
        "InvalidParameterException",
        "USER_PASSWORD_AUTH flow not enabled for this client",
    )


def test_administrators_have_a_flow_of_their_own(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    given = {"ClientId": CLIENT, "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD}}
    for flow in ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"):
        answer = cognito.api.admin_initiate_auth(UserPoolId=POOL, AuthFlow=flow, **given)
        assert answer["AuthenticationResult"]["IdToken"]
        assert error_of(cognito.api.initiate_auth, AuthFlow=flow, **given)[0] == "InvalidParameterException"


def test_a_client_of_another_pool_is_not_known(cognito: Running) -> None:
    call = {"ClientId": CLIENT, "AuthFlow": "ADMIN_NO_SRP_AUTH", "AuthParameters": {}}
    assert error_of(cognito.api.admin_initiate_auth, UserPoolId="us-east-1_Other", **call)[0] == (
        "ResourceNotFoundException"
    )
    assert error_of(cognito.sign_in, "ann", client="unknown") == (
        "ResourceNotFoundException",
        "User pool client unknown does not exist.",
    )


def test_a_client_with_a_secret_wants_its_hash(start: Start) -> None:
    cognito = start(client={"ClientSecret": "s3cretclientsecretclient"})
    proof = hash_of("ann", secret="s3cretclientsecretclient")
    cognito.api.sign_up(ClientId=CLIENT, Username="ann", Password=PASSWORD, SecretHash=proof)
    cognito.api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
    given = {"USERNAME": "ann", "PASSWORD": PASSWORD}
    assert error_of(cognito.initiate, "USER_PASSWORD_AUTH", **given) == (
        "NotAuthorizedException",
        f"Client {CLIENT} is configured with secret but SECRET_HASH was not received",
    )
    assert error_of(cognito.initiate, "USER_PASSWORD_AUTH", **given, SECRET_HASH=hash_of("ann")) == (
        "NotAuthorizedException",
        f"Unable to verify secret hash for client {CLIENT}",
    )
    result = cognito.initiate("USER_PASSWORD_AUTH", **given, SECRET_HASH=proof)["AuthenticationResult"]
    refresh = {"REFRESH_TOKEN": result["RefreshToken"]}
    assert error_of(cognito.initiate, "REFRESH_TOKEN_AUTH", **refresh)[0] == "NotAuthorizedException"
    assert cognito.initiate("REFRESH_TOKEN_AUTH", **refresh, SECRET_HASH=proof)["AuthenticationResult"]


def test_a_refresh_gives_new_tokens_of_the_same_session(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    first = cognito.sign_in("ann")
    cognito.clock.advance(7200)
    second = cognito.refresh(first["RefreshToken"])
    assert "RefreshToken" not in second
    for kind in ("IdToken", "AccessToken"):
        before, after = claims(first[kind]), claims(second[kind])
        assert (after["auth_time"], after["origin_jti"]) == (before["auth_time"], before["origin_jti"])
        assert after["iat"] >= before["iat"] + 7200
        assert after["jti"] != before["jti"]


def test_a_refresh_shows_what_changed_since(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["RefreshToken"]
    cognito.api.admin_update_user_attributes(
        UserPoolId=POOL, Username="ann", UserAttributes=pairs({"nickname": "Annie"})
    )
    assert claims(cognito.refresh(token)["IdToken"])["nickname"] == "Annie"


def test_refresh_tokens_expire_as_the_client_says(start: Start) -> None:
    cognito = start(client={"RefreshTokenValidity": 2})
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["RefreshToken"]
    cognito.clock.advance(2 * DAY - 60)
    cognito.refresh(token)
    cognito.clock.advance(60)
    assert error_of(cognito.refresh, token) == ("NotAuthorizedException", "Refresh Token has expired")


def test_a_tampered_or_foreign_refresh_token_is_invalid(start: Start) -> None:
    clients = [{"ClientId": name, "ClientName": name, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH"]} for name in (CLIENT, "other")]  # fmt: skip
    cognito = start(clients=clients)
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["RefreshToken"]
    head, _, rest = token.rpartition(".")
    tampered = f"{head}.{'A' if rest[0] != 'A' else 'B'}{rest[1:]}"
    invalid = ("NotAuthorizedException", "Invalid Refresh Token")
    for bad in (tampered, "nonsense", "a.b.c.d.e"):
        assert error_of(cognito.refresh, bad) == invalid
    assert error_of(cognito.initiate, "REFRESH_TOKEN_AUTH", client="other", REFRESH_TOKEN=token) == invalid


def test_amplify_refreshes_with_an_operation_of_its_own(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["RefreshToken"]
    answer = cognito.api.get_tokens_from_refresh_token(ClientId=CLIENT, RefreshToken=token)
    assert claims(answer["AuthenticationResult"]["IdToken"])["cognito:username"] == "ann"


def test_a_temporary_password_must_be_replaced(cognito: Running) -> None:
    sub = created(cognito, email="ann@example.com", email_verified="true")
    answer = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD="Temporary-1")
    assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    parameters = answer["ChallengeParameters"]
    assert parameters["USER_ID_FOR_SRP"] == "ann"
    assert json.loads(parameters["userAttributes"]) == {"email": "ann@example.com", "email_verified": "true"}
    respond = {"ClientId": CLIENT, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": answer["Session"]}
    weak = {"USERNAME": "ann", "NEW_PASSWORD": "weak"}
    assert error_of(cognito.api.respond_to_auth_challenge, **respond, ChallengeResponses=weak)[0] == (
        "InvalidPasswordException"
    )
    forged = {"USERNAME": "ann", "NEW_PASSWORD": PASSWORD, "userAttributes.email_verified": "true"}
    assert error_of(cognito.api.respond_to_auth_challenge, **respond, ChallengeResponses=forged)[0] == (
        "NotAuthorizedException"
    )
    strong = {"USERNAME": "ann", "NEW_PASSWORD": PASSWORD, "userAttributes.nickname": "Annie"}
    result = cognito.api.respond_to_auth_challenge(**respond, ChallengeResponses=strong)["AuthenticationResult"]
    assert claims(result["IdToken"])["sub"] == sub
    assert claims(result["IdToken"])["nickname"] == "Annie"
    assert cognito.status("ann") == "CONFIRMED"
    assert error_of(cognito.api.respond_to_auth_challenge, **respond, ChallengeResponses=strong) == (
        "NotAuthorizedException",
        "Invalid session for the user, session can only be used once.",
    )
    cognito.sign_in("ann")


def test_a_session_is_another_users_or_too_old(cognito: Running) -> None:
    created(cognito, "ann")
    created(cognito, "bob")
    answer = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD="Temporary-1")
    respond = {"ClientId": CLIENT, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": answer["Session"]}
    other = {"USERNAME": "bob", "NEW_PASSWORD": PASSWORD}
    assert error_of(cognito.api.respond_to_auth_challenge, **respond, ChallengeResponses=other) == (
        "NotAuthorizedException",
        "Invalid session for the user.",
    )
    cognito.clock.advance(181)
    own = {"USERNAME": "ann", "NEW_PASSWORD": PASSWORD}
    assert error_of(cognito.api.respond_to_auth_challenge, **respond, ChallengeResponses=own) == (
        "NotAuthorizedException",
        "Invalid session for the user, session is expired.",
    )


def test_of_two_answers_to_a_challenge_one_is_taken(cognito: Running) -> None:
    created(cognito)
    answer = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD="Temporary-1")

    def respond(number: int) -> str:
        try:
            cognito.api.respond_to_auth_challenge(
                ClientId=CLIENT,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=answer["Session"],
                ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": f"{PASSWORD}{number}"},
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "signed in"

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(respond, range(4))) == ["NotAuthorizedException"] * 3 + ["signed in"]


def test_a_temporary_password_expires(cognito: Running) -> None:
    created(cognito)
    cognito.clock.advance(7 * DAY + 1)
    assert error_of(cognito.sign_in, "ann", "Temporary-1") == (
        "NotAuthorizedException",
        "Temporary password has expired and must be reset by an administrator.",
    )


def srp_sign_in(cognito: Running, username: str, password: str) -> dict[str, Any]:
    client = srp_client.new()
    challenge = cognito.initiate("USER_SRP_AUTH", USERNAME=username, SRP_A=client.public)
    assert challenge["ChallengeName"] == "PASSWORD_VERIFIER"
    return cognito.api.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="PASSWORD_VERIFIER",
        ChallengeResponses=client.answer("Test1", password, challenge["ChallengeParameters"]),
    )


def test_srp_signs_in_by_whatever_name(start: Start) -> None:
    cognito = start({"UsernameAttributes": ["email"]})
    sub = cognito.confirmed("ann@example.com")
    for name in ("ann@example.com", "ANN@example.com", sub):
        result = srp_sign_in(cognito, name, PASSWORD)["AuthenticationResult"]
        assert claims(result["AccessToken"])["sub"] == sub


def test_srp_refuses_a_wrong_password(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(srp_sign_in, cognito, "ann", "Wrong-Horse-1") == WRONG


def test_srp_leads_to_the_new_password_challenge(cognito: Running) -> None:
    created(cognito)
    assert srp_sign_in(cognito, "ann", "Temporary-1")["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_an_srp_answer_works_once(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    client = srp_client.new()
    challenge = cognito.initiate("USER_SRP_AUTH", USERNAME="ann", SRP_A=client.public)
    responses = client.answer("Test1", PASSWORD, challenge["ChallengeParameters"])
    call = {"ClientId": CLIENT, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses}
    cognito.api.respond_to_auth_challenge(**call)
    assert error_of(cognito.api.respond_to_auth_challenge, **call)[0] == "NotAuthorizedException"


@pytest.mark.parametrize("public", ["0", format(N, "x"), format(2 * N, "x"), "-5", "nonsense"])
def test_srp_refuses_a_public_value_that_would_fit_every_password(cognito: Running, public: str) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.initiate, "USER_SRP_AUTH", USERNAME="ann", SRP_A=public) == WRONG


def test_srp_hides_who_is_there(start: Start) -> None:
    cognito = start({"UsernameAttributes": ["email"]}, {"PreventUserExistenceErrors": "ENABLED"})
    client = srp_client.new()
    first, second = (
        cognito.initiate("USER_SRP_AUTH", USERNAME="nobody@example.com", SRP_A=client.public)["ChallengeParameters"]
        for _ in range(2)
    )
    assert first["SALT"] == second["SALT"]
    assert first["USER_ID_FOR_SRP"] == second["USER_ID_FOR_SRP"] != "nobody@example.com"
    assert error_of(srp_sign_in, cognito, "nobody@example.com", PASSWORD) == WRONG


def test_a_sign_in_runs_its_triggers_in_order(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    names = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    cognito = start({"LambdaConfig": dict.fromkeys(names, arn)}, lambda_url=functions.url)
    sub = cognito.confirmed("ann", email="ann@example.com")
    cognito.api.initiate_auth(
        ClientId=CLIENT,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ann", "PASSWORD": PASSWORD},
        ClientMetadata={"device": "phone"},
    )
    assert functions.sources() == [
        "PreAuthentication_Authentication",
        "TokenGeneration_Authentication",
        "PostAuthentication_Authentication",
    ]
    before, tokens, after = (event["request"] for event in functions.events)
    assert before["validationData"] == {"device": "phone"}
    assert "clientMetadata" not in tokens
    assert "clientMetadata" not in after
    assert after["newDeviceUsed"] is False
    assert {event["userAttributes"]["sub"] for event in (before, tokens, after)} == {sub}


def test_metadata_of_a_challenge_answer_reaches_the_triggers_after_it(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    names = ("PostAuthentication", "PreTokenGeneration")
    cognito = start({"LambdaConfig": dict.fromkeys(names, arn)}, lambda_url=functions.url)
    created(cognito)
    answer = cognito.initiate("USER_PASSWORD_AUTH", USERNAME="ann", PASSWORD="Temporary-1")
    cognito.api.respond_to_auth_challenge(
        ClientId=CLIENT,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=answer["Session"],
        ChallengeResponses={"USERNAME": "ann", "NEW_PASSWORD": PASSWORD},
        ClientMetadata={"device": "phone"},
    )
    assert functions.sources() == ["TokenGeneration_NewPasswordChallenge", "PostAuthentication_Authentication"]
    assert all(event["request"]["clientMetadata"] == {"device": "phone"} for event in functions.events)


def test_a_wrong_password_runs_no_trigger_after_pre_authentication(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    names = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    cognito = start({"LambdaConfig": dict.fromkeys(names, arn)}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    error_of(cognito.sign_in, "ann", "Wrong-Horse-1")
    assert functions.sources() == ["PreAuthentication_Authentication"]


def test_pre_authentication_is_told_of_a_hidden_missing_user(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    cognito = start(
        {"LambdaConfig": {"PreAuthentication": arn}},
        {"PreventUserExistenceErrors": "ENABLED"},
        lambda_url=functions.url,
    )
    assert error_of(cognito.sign_in, "nobody") == WRONG
    assert functions.events[0]["request"]["userNotFound"] is True


@pytest.mark.parametrize("trigger", ["PreAuthentication", "PostAuthentication", "PreTokenGeneration"])
def test_a_trigger_that_raises_keeps_the_user_out(start: Start, functions: Functions, trigger: str) -> None:
    arn = functions.add("f", raising("not today"))
    cognito = start({"LambdaConfig": {trigger: arn}}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.sign_in, "ann") == (
        "UserLambdaValidationException",
        f"{trigger} failed with error not today.",
    )


def test_a_refresh_runs_pre_token_generation_only(start: Start, functions: Functions) -> None:
    arn = functions.add("f", unchanged)
    names = ("PreAuthentication", "PostAuthentication", "PreTokenGeneration")
    cognito = start({"LambdaConfig": dict.fromkeys(names, arn)}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    token = cognito.sign_in("ann")["RefreshToken"]
    functions.events.clear()
    cognito.refresh(token)
    assert functions.sources() == ["TokenGeneration_RefreshTokens"]


def test_a_challenge_that_is_missing_says_so(cognito: Running) -> None:
    call = {"ClientId": CLIENT, "ChallengeName": "WEB_AUTHN", "ChallengeResponses": {"USERNAME": "ann"}}
    assert error_of(cognito.api.respond_to_auth_challenge, **call) == (
        "InvalidParameterException",
        "The challenge WEB_AUTHN is missing in this emulator.",
    )


def test_wrong_passwords_lock_a_name_for_a_time_that_doubles(cognito: Running) -> None:
    cognito.confirmed("ann", email="ann@example.com")
    refused = ("NotAuthorizedException", "Incorrect username or password.")
    locked = ("NotAuthorizedException", "Password attempts exceeded")
    for _ in range(5):
        assert error_of(cognito.sign_in, "ann", "Wrong-Horse-1") == refused
    assert error_of(cognito.sign_in, "ann") == locked
    cognito.clock.advance(1)
    assert error_of(cognito.sign_in, "ann", "Wrong-Horse-1") == refused
    cognito.clock.advance(1)
    assert error_of(cognito.sign_in, "ann") == locked
    cognito.clock.advance(1)
    assert cognito.sign_in("ann")["AccessToken"]
    assert error_of(cognito.sign_in, "ann", "Wrong-Horse-1") == refused


def test_a_name_that_nobody_has_is_locked_like_any_other(start: Start) -> None:
    cognito = start(client={"PreventUserExistenceErrors": "ENABLED"})
    for _ in range(5):
        error_of(cognito.sign_in, "nobody")
    assert error_of(cognito.sign_in, "Nobody") == ("NotAuthorizedException", "Password attempts exceeded")


def test_a_rotated_refresh_token_works_once_more_within_the_grace_period(start: Start) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}
    cognito = start(client={"RefreshTokenRotation": rotation})
    cognito.confirmed("ann", email="ann@example.com")
    first = cognito.sign_in("ann")["RefreshToken"]
    exchange = partial(cognito.api.get_tokens_from_refresh_token, ClientId=CLIENT)
    second = exchange(RefreshToken=first)["AuthenticationResult"]["RefreshToken"]
    assert second != first
    cognito.clock.advance(9)
    assert exchange(RefreshToken=first)["AuthenticationResult"]["AccessToken"]
    cognito.clock.advance(2)
    assert error_of(exchange, RefreshToken=first)[0] == "RefreshTokenReuseException"
    assert exchange(RefreshToken=second)["AuthenticationResult"]["AccessToken"]
    assert error_of(cognito.refresh, second)[0] == "InvalidParameterException"

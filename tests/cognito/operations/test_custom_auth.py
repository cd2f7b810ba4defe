"""Custom challenges, posed and checked by the pool's functions."""

from __future__ import annotations

from typing import Any

import pytest

from .. import srp_client
from ..conftest import CLIENT, PASSWORD, Running, Start, error_of
from ..functions import Functions, answering, raising

FLOWS = ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"]


def define(event: dict[str, Any]) -> dict[str, Any]:
    """Three attempts at the riddle, after the password where it was begun with one."""
    steps = event["request"]["session"]
    if steps and steps[-1]["challengeName"] == "SRP_A":
        decision: dict[str, Any] = {"challengeName": "PASSWORD_VERIFIER"}
    elif steps and steps[-1]["challengeName"] == "CUSTOM_CHALLENGE" and steps[-1]["challengeResult"]:
        decision = {"issueTokens": True, "failAuthentication": False}
    elif len(steps) >= 3:
        decision = {"issueTokens": False, "failAuthentication": True}
    else:
        decision = {"challengeName": "CUSTOM_CHALLENGE", "issueTokens": False, "failAuthentication": False}
    return {**event, "response": {**event["response"], **decision}}


def verify(event: dict[str, Any]) -> dict[str, Any]:
    request = event["request"]
    right = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"]
    return {**event, "response": {"answerCorrect": right}}


create = answering(
    publicChallengeParameters={"question": "six times seven?"},
    privateChallengeParameters={"answer": "42"},
    challengeMetadata="RIDDLE",
)


@pytest.fixture
def riddles(start: Start, functions: Functions) -> Running:
    triggers = {
        "DefineAuthChallenge": functions.add("define", define),
        "CreateAuthChallenge": functions.add("create", create),
        "VerifyAuthChallengeResponse": functions.add("verify", verify),
    }
    cognito = start({"LambdaConfig": triggers}, {"ExplicitAuthFlows": FLOWS}, lambda_url=functions.url)
    cognito.confirmed("ann", email="ann@example.com")
    return cognito


def answer(cognito: Running, challenge: dict[str, Any], text: str) -> dict[str, Any]:
    return cognito.answer(challenge, ANSWER=text, metadata={"from": "test"})


def test_the_right_answer_gives_tokens(riddles: Running, functions: Functions) -> None:
    challenge = riddles.initiate("CUSTOM_AUTH", USERNAME="ann")
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert challenge["ChallengeParameters"] == {"question": "six times seven?", "USERNAME": "ann"}
    assert answer(riddles, challenge, "42")["AuthenticationResult"]["IdToken"]
    assert functions.sources() == [
        "DefineAuthChallenge_Authentication",
        "CreateAuthChallenge_Authentication",
        "VerifyAuthChallengeResponse_Authentication",
        "DefineAuthChallenge_Authentication",
    ]
    last = functions.events[-1]["request"]
    assert last["session"] == [
        {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": True, "challengeMetadata": "RIDDLE"}
    ]
    assert last["clientMetadata"] == {"from": "test"}
    assert last["userAttributes"]["email"] == "ann@example.com"


def test_a_wrong_answer_is_posed_again_until_the_function_gives_up(riddles: Running) -> None:
    challenge = riddles.initiate("CUSTOM_AUTH", USERNAME="ann")
    for _ in range(2):
        challenge = answer(riddles, challenge, "41")
        assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    assert error_of(answer, riddles, challenge, "41") == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )


def test_a_session_is_answered_once(riddles: Running) -> None:
    challenge = riddles.initiate("CUSTOM_AUTH", USERNAME="ann")
    answer(riddles, challenge, "42")
    assert error_of(answer, riddles, challenge, "42")[0] == "NotAuthorizedException"


def test_the_password_may_come_first(riddles: Running, functions: Functions) -> None:
    client = srp_client.new()
    asked = riddles.initiate("CUSTOM_AUTH", USERNAME="ann", CHALLENGE_NAME="SRP_A", SRP_A=client.public)
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER"
    responses = client.answer("Test1", PASSWORD, asked["ChallengeParameters"])
    challenge = riddles.api.respond_to_auth_challenge(
        ClientId=CLIENT, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=responses
    )
    assert challenge["ChallengeName"] == "CUSTOM_CHALLENGE"
    steps = functions.events[-1]["request"]["session"]
    assert [(step["challengeName"], step["challengeResult"]) for step in steps] == [
        ("SRP_A", True),
        ("PASSWORD_VERIFIER", True),
    ]
    assert answer(riddles, challenge, "42")["AuthenticationResult"]["IdToken"]


def test_a_hidden_missing_user_is_posed_riddles_but_gets_no_tokens(start: Start, functions: Functions) -> None:
    triggers = {
        "DefineAuthChallenge": functions.add("define", define),
        "CreateAuthChallenge": functions.add("create", create),
        "VerifyAuthChallengeResponse": functions.add("verify", verify),
    }
    hiding = {"ExplicitAuthFlows": FLOWS, "PreventUserExistenceErrors": "ENABLED"}
    cognito = start({"LambdaConfig": triggers}, hiding, lambda_url=functions.url)
    challenge = cognito.initiate("CUSTOM_AUTH", USERNAME="ann")
    assert functions.events[0]["request"]["userNotFound"] is True
    assert error_of(answer, cognito, challenge, "42") == ("NotAuthorizedException", "Incorrect username or password.")


def test_a_pool_without_the_functions_says_so(start: Start) -> None:
    cognito = start(client={"ExplicitAuthFlows": FLOWS})
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.initiate, "CUSTOM_AUTH", USERNAME="ann") == (
        "InvalidUserPoolConfigurationException",
        "Custom auth lambda trigger is not configured for the user pool.",
    )


def test_a_function_that_raises_or_decides_nothing_ends_the_sign_in(start: Start, functions: Functions) -> None:
    arn = functions.add("define", raising("no"))
    cognito = start(
        {"LambdaConfig": {"DefineAuthChallenge": arn}}, {"ExplicitAuthFlows": FLOWS}, lambda_url=functions.url
    )
    cognito.confirmed("ann", email="ann@example.com")
    assert error_of(cognito.initiate, "CUSTOM_AUTH", USERNAME="ann") == (
        "UserLambdaValidationException",
        "DefineAuthChallenge failed with error no.",
    )
    functions.add("define", answering())
    assert error_of(cognito.initiate, "CUSTOM_AUTH", USERNAME="ann")[0] == "InvalidLambdaResponseException"

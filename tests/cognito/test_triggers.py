"""What a caller sees of a trigger's failures."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cognito import triggers
from orchestrator.cognito.errors import CognitoError, InvalidLambdaResponse, UnexpectedLambda, UserLambdaValidation
from orchestrator.cognito.model import Json, Pool

POOL = Pool("us-east-1_Test1", {"LambdaConfig": {"PreSignUp": "the arn"}}, 0, 0)
CALL = triggers.pre_sign_up("SignUp", {"email": "ann@example.com"}, None, None)


def invoke(answer: Any) -> triggers.Invoke:
    """A Lambda that answers so, or fails so."""

    async def invoked(arn: str, event: Json) -> Any:
        assert arn == "the arn"
        if isinstance(answer, Exception):
            raise answer
        return answer

    return invoked


async def test_a_pool_without_the_trigger_calls_nobody() -> None:
    pool = Pool("us-east-1_Test1", {}, 0, 0)
    assert await triggers.run(invoke(AssertionError()), pool, "r", "ann", "c", CALL) is None


async def test_the_answers_response_is_what_counts() -> None:
    answer = {"version": "1", "response": {"autoConfirmUser": True}}
    assert await triggers.run(invoke(answer), POOL, "r", "ann", "c", CALL) == {"autoConfirmUser": True}


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (triggers.FunctionRaised("no bots"), UserLambdaValidation, "PreSignUp failed with error no bots."),
        (
            triggers.FunctionUnavailable("Socket timeout"),
            UnexpectedLambda,
            "PreSignUp invocation failed due to error Socket timeout.",
        ),
        (None, InvalidLambdaResponse, "Unrecognizable lambda output"),
        ("text", InvalidLambdaResponse, "Unrecognizable lambda output"),
        ({}, InvalidLambdaResponse, "Unrecognizable lambda output"),
        ({"response": None}, InvalidLambdaResponse, "Unrecognizable lambda output"),
    ],
)
async def test_each_failure_has_its_error(answer: Any, error: type[CognitoError], words: str) -> None:
    with pytest.raises(error) as caught:
        await triggers.run(invoke(answer), POOL, "r", "ann", "c", CALL)
    assert caught.value.message == words

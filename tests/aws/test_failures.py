"""Every way in which Amazon says no has its own message and next step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.aws.clients import amazon
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

from .conftest import FakeAmazon

Start = Callable[..., FakeAmazon]


def failure() -> StackError:
    with pytest.raises(StackError) as caught, told("Reading the function sync"):
        amazon("lambda").get_function_configuration(FunctionName="sync")
    return caught.value


def test_a_fake_amazon_denies_access_and_the_action_is_named(fake_amazon: Start) -> None:
    said = "User: arn:aws:iam::1:user/ada is not authorized to perform: lambda:GetFunctionConfiguration on resource: x"
    fake_amazon((403, "AccessDeniedException", said))
    error = failure()
    assert "these AWS credentials may not lambda:GetFunctionConfiguration." in error.message
    assert "user/ada" in error.message
    assert error.hint.startswith("Have lambda:GetFunctionConfiguration allowed")


def test_a_fake_amazon_that_does_not_say_what_it_denies_has_the_operation_named(fake_amazon: Start) -> None:
    fake_amazon((403, "AccessDeniedException", ""))
    assert failure().message.endswith("these AWS credentials may not GetFunctionConfiguration.")


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("ExpiredTokenException", "the AWS credentials have expired", "aws sso login"),
        ("UnrecognizedClientException", "does not accept these credentials", "AWS_PROFILE"),
        ("InvalidSignatureException", "does not accept these credentials", "AWS_PROFILE"),
    ],
)
def test_a_fake_amazon_refuses_the_credentials_and_its_words_are_kept_out(
    fake_amazon: Start, code: str, message: str, hint: str
) -> None:
    fake_amazon((403, code, "The Canonical String was: x-amz-security-token:ev3rything"))
    error = failure()
    assert message in error.message
    assert hint in error.hint
    assert "ev3rything" not in str(error)


def test_a_fake_amazon_refuses_the_time_and_the_clock_is_to_be_set(fake_amazon: Start) -> None:
    fake_amazon((403, "InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than …"))
    error = failure()
    assert "clock" in error.message
    assert "five minutes" in error.hint


def test_a_fake_amazon_that_throttles_is_asked_three_times(fake_amazon: Start) -> None:
    server = fake_amazon((429, "TooManyRequestsException", "Rate exceeded"))
    error = failure()
    assert len(server.requests) == 3
    assert "throttles" in error.message
    assert "Wait a minute" in error.hint


def test_a_fake_amazon_that_throttles_once_is_not_noticed(fake_amazon: Start) -> None:
    server = fake_amazon((429, "TooManyRequestsException", "Rate exceeded"), (404, "ResourceNotFoundException", "No."))
    assert failure().message == "Reading the function sync failed: ResourceNotFoundException: No."
    assert len(server.requests) == 2


def test_an_emulator_that_is_not_there_is_the_stack_s(
    credentials: None, monkeypatch: pytest.MonkeyPatch, refusing_port: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{refusing_port}")
    error = failure()
    assert f"http://127.0.0.1:{refusing_port}/" in error.message
    assert "hasura-cognito status" in error.hint


def test_an_amazon_that_is_not_there_is_the_network_s(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://nothing.invalid")
    error = failure()
    assert "http://nothing.invalid/" in error.message
    assert "network" in error.hint

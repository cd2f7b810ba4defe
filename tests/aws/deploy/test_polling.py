"""Asking again: how often, how long, and what is passed over."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from orchestrator.aws.deploy.polling import LAST, moments, patient


def test_the_pauses_grow_to_three_seconds_and_end_with_the_deadline() -> None:
    now, pauses = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        pauses.append(seconds)

    asked = len(list(moments(60, clock=lambda: now, sleep=sleep)))
    assert asked == len(pauses) + 1
    assert pauses[0] == 0.2
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) == LAST
    assert now == pytest.approx(60)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "DescribeStackEvents")


@pytest.mark.parametrize("passing", [refusal("Throttling"), EndpointConnectionError(endpoint_url="https://x")])
def test_a_throttled_call_and_a_lost_connection_are_passed_over(passing: Exception) -> None:
    with patient():
        raise passing


@pytest.mark.parametrize("lasting", [refusal("AccessDenied"), refusal("ExpiredToken"), NoCredentialsError()])
def test_what_will_not_be_better_is_not(lasting: Exception) -> None:
    with pytest.raises(type(lasting)), patient():
        raise lasting

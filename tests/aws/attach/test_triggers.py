"""Triggers are read from a pool's LambdaConfig and put into it, and the rest of it stays."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.aws.attach.triggers import ALL, Trigger, changed, for_hasura, functions_of, trigger

ARN = "arn:aws:lambda:us-east-1:1:function:"
CLAIMS, SYNC = ARN + "claims", ARN + "sync"
ARNS = {"PreTokenGeneration": CLAIMS, "PostConfirmation": SYNC, "PostAuthentication": SYNC}


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({}, None),
        ({"PreTokenGeneration": CLAIMS}, Trigger(CLAIMS, "V1_0")),
        ({"PreTokenGenerationConfig": {"LambdaArn": CLAIMS, "LambdaVersion": "V2_0"}}, Trigger(CLAIMS, "V2_0")),
        (
            {
                "PreTokenGeneration": CLAIMS,
                "PreTokenGenerationConfig": {"LambdaArn": CLAIMS, "LambdaVersion": "V3_0"},
            },
            Trigger(CLAIMS, "V3_0"),
        ),
    ],
)
def test_pre_token_generation_is_found_in_either_place(config: dict[str, Any], found: Trigger | None) -> None:
    assert trigger(config, "PreTokenGeneration") == found


def test_the_three_triggers_are_put_in_and_both_places_name_the_same_function() -> None:
    before = {"PreSignUp": ARN + "theirs", "KMSKeyID": "key"}
    after = changed(before, for_hasura(ALL, ARNS, tier="ESSENTIALS"))
    assert after == {
        **before,
        "PreTokenGeneration": CLAIMS,
        "PreTokenGenerationConfig": {"LambdaArn": CLAIMS, "LambdaVersion": "V2_0"},
        "PostConfirmation": SYNC,
        "PostAuthentication": SYNC,
    }
    assert changed(after, dict.fromkeys(ALL)) == before


def test_the_plan_lite_has_events_of_version_1_only() -> None:
    wanted = for_hasura(["PreTokenGeneration"], ARNS, tier="LITE")
    assert wanted == {"PreTokenGeneration": Trigger(CLAIMS, "V1_0")}


def test_a_function_is_called_wherever_its_arn_stands() -> None:
    sender = {"LambdaArn": ARN + "sms", "LambdaVersion": "V1_0"}
    assert functions_of({"PreSignUp": SYNC, "CustomSMSSender": sender, "KMSKeyID": "arn:aws:kms:x"}) == {
        SYNC,
        ARN + "sms",
    }

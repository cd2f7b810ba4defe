"""An UpdateUserPool input that leaves a pool as it is, and what differs between two descriptions of one."""

from __future__ import annotations

from botocore.session import Session

from orchestrator.aws.attach.pool_update import differences, request

SHAPE = Session().get_service_model("cognito-idp").operation_model("UpdateUserPool").input_shape
POOL = {
    "Id": "us-east-1_A",
    "Name": "shop",
    "Arn": "arn",
    "Status": "Enabled",
    "EstimatedNumberOfUsers": 3,
    "SchemaAttributes": [{"Name": "email"}],
    "UsernameAttributes": ["email"],
    "Domain": "shop",
    "AutoVerifiedAttributes": ["email"],
    "MfaConfiguration": "OPTIONAL",
    "Policies": {"PasswordPolicy": {"MinimumLength": 14, "TemporaryPasswordValidityDays": 3}},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 7},
}


def test_only_what_the_operation_takes_is_sent_and_the_name_by_its_other_name() -> None:
    assert SHAPE
    assert request(POOL, SHAPE.members) == {
        "UserPoolId": "us-east-1_A",
        "PoolName": "shop",
        "AutoVerifiedAttributes": ["email"],
        "MfaConfiguration": "OPTIONAL",
        "Policies": POOL["Policies"],
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
    }


def test_the_older_name_of_a_setting_is_sent_where_the_newer_is_not_there() -> None:
    assert SHAPE
    older = {**POOL, "Policies": {"PasswordPolicy": {"MinimumLength": 14}}}
    assert request(older, SHAPE.members)["AdminCreateUserConfig"]["UnusedAccountValidityDays"] == 7


def test_differences_are_paths_and_what_changes_by_itself_is_none() -> None:
    after = {
        **POOL,
        "EstimatedNumberOfUsers": 4,
        "Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 3}},
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
        "UserPoolTags": {"team": "shop"},
    }
    assert differences(POOL, after) == [
        "- Policies.PasswordPolicy.MinimumLength: 14",
        "+ Policies.PasswordPolicy.MinimumLength: 8",
        "+ UserPoolTags.team: shop",
    ]

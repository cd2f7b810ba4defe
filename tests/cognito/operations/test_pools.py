"""Pools as they are made, described, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import CLIENT, POOL, Running, Start, error_of


def test_a_pool_is_described_with_what_was_given_and_what_is_assumed(start: Start) -> None:
    custom = {"Name": "plan", "AttributeDataType": "String"}
    cognito = start({"Schema": [custom], "Policies": {"PasswordPolicy": {"MinimumLength": 12}}}, domain="prefix")
    cognito.sign_up("ann")
    pool = cognito.api.describe_user_pool(UserPoolId=POOL)["UserPool"]
    assert (pool["Id"], pool["Name"], pool["Domain"]) == (POOL, "test", "prefix")
    assert pool["Arn"] == f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL}"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert pool["Policies"]["PasswordPolicy"]["RequireSymbols"] is True
    assert pool["EstimatedNumberOfUsers"] == 1
    assert pool["MfaConfiguration"] == "OFF"
    schema = {attribute["Name"]: attribute for attribute in pool["SchemaAttributes"]}
    assert schema["custom:plan"]["AttributeDataType"] == "String"
    assert schema["email_verified"]["AttributeDataType"] == "Boolean"


def test_pools_and_clients_are_listed(cognito: Running) -> None:
    pools = cognito.api.list_user_pools(MaxResults=60)["UserPools"]
    assert POOL in [pool["Id"] for pool in pools]
    (client,) = cognito.api.list_user_pool_clients(UserPoolId=POOL)["UserPoolClients"]
    assert client == {"ClientId": CLIENT, "ClientName": "c", "UserPoolId": POOL}


def test_lists_go_by_pages(cognito: Running) -> None:
    first = cognito.api.list_user_pools(MaxResults=1)
    second = cognito.api.list_user_pools(MaxResults=1, NextToken=first["NextToken"])
    assert [pool["Id"] for page in (first, second) for pool in page["UserPools"]] == ["us-east-1_Other", POOL]


def test_what_is_not_there_is_named(cognito: Running) -> None:
    assert error_of(cognito.api.describe_user_pool, UserPoolId="us-east-1_No") == (
        "ResourceNotFoundException",
        "User pool us-east-1_No does not exist.",
    )
    assert error_of(cognito.api.describe_user_pool_client, UserPoolId=POOL, ClientId="no") == (
        "ResourceNotFoundException",
        "User pool client no does not exist.",
    )


def test_a_pool_that_is_made_serves_users_of_its_own(cognito: Running) -> None:
    made = cognito.api.create_user_pool(PoolName="second", AutoVerifiedAttributes=["email"])["UserPool"]
    assert made["Id"].startswith("us-east-1_")
    assert len(made["Id"]) == len("us-east-1_") + 9
    client = cognito.api.create_user_pool_client(
        UserPoolId=made["Id"], ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]
    cognito.sign_up("ann", client=client["ClientId"])
    assert cognito.api.admin_get_user(UserPoolId=made["Id"], Username="ann")["UserStatus"] == "UNCONFIRMED"
    assert error_of(cognito.api.admin_get_user, UserPoolId=POOL, Username="ann")[0] == "UserNotFoundException"


def test_an_update_resets_what_it_leaves_out_but_for_what_is_fixed_at_creation(cognito: Running) -> None:
    made = cognito.api.create_user_pool(
        PoolName="p",
        AliasAttributes=["email"],
        DeletionProtection="ACTIVE",
        Schema=[{"Name": "plan", "AttributeDataType": "String"}],
        Policies={"PasswordPolicy": {"MinimumLength": 12}},
    )["UserPool"]
    cognito.api.update_user_pool(UserPoolId=made["Id"], AutoVerifiedAttributes=["email"])
    pool = cognito.api.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
    assert pool["AutoVerifiedAttributes"] == ["email"]
    assert (pool["Name"], pool["AliasAttributes"]) == ("p", ["email"])
    assert pool["DeletionProtection"] == "INACTIVE"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert "custom:plan" in [attribute["Name"] for attribute in pool["SchemaAttributes"]]


def test_a_protected_pool_is_deleted_only_after_the_protection_is_gone(cognito: Running) -> None:
    pool_id = cognito.api.create_user_pool(PoolName="p", DeletionProtection="ACTIVE")["UserPool"]["Id"]
    assert error_of(cognito.api.delete_user_pool, UserPoolId=pool_id)[0] == "InvalidParameterException"
    cognito.api.update_user_pool(UserPoolId=pool_id)
    cognito.api.delete_user_pool(UserPoolId=pool_id)
    assert error_of(cognito.api.describe_user_pool, UserPoolId=pool_id)[0] == "ResourceNotFoundException"


def test_custom_attributes_are_added_to_those_there_are(cognito: Running) -> None:
    attribute = {"Name": "plan", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MaxValue": "9"}}
    cognito.api.add_custom_attributes(UserPoolId=POOL, CustomAttributes=[attribute])
    cognito.sign_up("ann", **{"custom:plan": "7"})
    assert cognito.attributes("ann")["custom:plan"] == "7"
    code, message = error_of(cognito.api.add_custom_attributes, UserPoolId=POOL, CustomAttributes=[attribute])
    assert (code, message) == (
        "InvalidParameterException",
        "custom:plan: Existing attribute already has name plan.",
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"UsernameAttributes": ["email"], "AliasAttributes": ["email"]},
        {"Schema": [{"Name": "a", "AttributeDataType": "String"}, {"Name": "a", "AttributeDataType": "Number"}]},
        {"MfaConfiguration": "ON"},
    ],
)
def test_settings_that_do_not_go_together_are_refused(cognito: Running, settings: dict[str, Any]) -> None:
    assert error_of(cognito.api.create_user_pool, PoolName="p", **settings)[0] == "InvalidParameterException"


def test_second_factors_are_offered_as_long_as_they_are_named(cognito: Running) -> None:
    on = {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": True}}
    cognito.api.set_user_pool_mfa_config(UserPoolId=POOL, **on)
    found = cognito.api.get_user_pool_mfa_config(UserPoolId=POOL)
    assert {name: found[name] for name in on} == on
    assert cognito.api.describe_user_pool(UserPoolId=POOL)["UserPool"]["MfaConfiguration"] == "OPTIONAL"
    cognito.api.set_user_pool_mfa_config(UserPoolId=POOL)
    found = cognito.api.get_user_pool_mfa_config(UserPoolId=POOL)
    assert found["MfaConfiguration"] == "OFF"
    assert "SoftwareTokenMfaConfiguration" not in found
    assert error_of(cognito.api.set_user_pool_mfa_config, UserPoolId=POOL, MfaConfiguration="ON")[0] == (
        "InvalidParameterException"
    )


def test_a_pool_is_tagged(cognito: Running) -> None:
    arn = cognito.api.describe_user_pool(UserPoolId=POOL)["UserPool"]["Arn"]
    cognito.api.tag_resource(ResourceArn=arn, Tags={"team": "a", "stage": "dev"})
    cognito.api.untag_resource(ResourceArn=arn, TagKeys=["stage"])
    assert cognito.api.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "a"}

"""Pools and clients as they are described."""

from __future__ import annotations

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


def test_a_client_is_described(start: Start) -> None:
    cognito = start(client={"AccessTokenValidity": 5, "GenerateSecret": True})
    client = cognito.api.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]
    assert (client["ClientName"], client["AccessTokenValidity"], client["RefreshTokenValidity"]) == ("c", 5, 30)
    assert len(client["ClientSecret"]) >= 24
    cognito.stop()
    again = start(client={"AccessTokenValidity": 5, "GenerateSecret": True})
    same = again.api.describe_user_pool_client(UserPoolId=POOL, ClientId=CLIENT)["UserPoolClient"]
    assert same["ClientSecret"] == client["ClientSecret"]


def test_what_is_not_there_is_named(cognito: Running) -> None:
    assert error_of(cognito.api.describe_user_pool, UserPoolId="us-east-1_No") == (
        "ResourceNotFoundException",
        "User pool us-east-1_No does not exist.",
    )
    assert error_of(cognito.api.describe_user_pool_client, UserPoolId=POOL, ClientId="no") == (
        "ResourceNotFoundException",
        "User pool client no does not exist.",
    )

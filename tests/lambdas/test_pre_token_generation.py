from __future__ import annotations

import json

import pytest

NAMESPACE = "https://hasura.io/jwt/claims"
SUB = "8c1f2f6e-0d3c-4a44-9d5e-0f5b7c0a1f11"


def event(version: str = "1", groups: list[str] | None = None, response: dict | None = None, **request) -> dict:
    return {
        "version": version,
        "triggerSource": "TokenGeneration_Authentication",
        "region": "us-east-1",
        "userPoolId": "us-east-1_LocalDev1",
        "userName": "google_1234",
        "callerContext": {"awsSdkVersion": "3", "clientId": "hasuralocalclient"},
        "request": {
            "userAttributes": {"sub": SUB, "email": "ada@example.com"},
            "groupConfiguration": {"groupsToOverride": groups or [], "iamRolesToOverride": [], "preferredRole": None},
            **request,
        },
        "response": {} if response is None else response,
    }


def id_claims(answer: dict) -> dict:
    return answer["response"]["claimsOverrideDetails"]["claimsToAddOrOverride"]


def test_the_claims_are_one_json_string_under_the_namespace(load):
    claims = id_claims(load("pre_token_generation").handler(event(), None))
    assert json.loads(claims[NAMESPACE]) == {
        "x-hasura-user-id": SUB,
        "x-hasura-default-role": "user",
        "x-hasura-allowed-roles": ["user"],
    }


def test_every_group_is_a_role_and_the_default_role_comes_first_and_once(load):
    answer = load("pre_token_generation").handler(event(groups=["editor", "user", "auditor"]), None)
    claims = json.loads(id_claims(answer)[NAMESPACE])
    assert claims["x-hasura-allowed-roles"] == ["user", "editor", "auditor"]
    assert claims["x-hasura-default-role"] == "user"


def test_namespace_and_default_role_come_from_the_environment(load):
    function = load("pre_token_generation", CLAIMS_NAMESPACE="urn:claims", DEFAULT_ROLE="member")
    claims = id_claims(function.handler(event(), None))
    assert json.loads(claims["urn:claims"])["x-hasura-allowed-roles"] == ["member"]
    assert list(claims) == ["urn:claims"]


@pytest.mark.parametrize("version", ["2", "3"])
def test_later_versions_put_the_claims_into_both_tokens(load, version):
    details = load("pre_token_generation").handler(event(version), None)["response"]["claimsAndScopeOverrideDetails"]
    in_id = details["idTokenGeneration"]["claimsToAddOrOverride"][NAMESPACE]
    in_access = details["accessTokenGeneration"]["claimsToAddOrOverride"][NAMESPACE]
    assert in_id == in_access
    assert json.loads(in_id)["x-hasura-user-id"] == SUB


def test_what_the_response_of_version_1_holds_already_stays(load):
    before = {"claimsOverrideDetails": {"claimsToAddOrOverride": {"plan": "free"}, "claimsToSuppress": ["address"]}}
    details = load("pre_token_generation").handler(event(response=before), None)["response"]["claimsOverrideDetails"]
    assert details["claimsToSuppress"] == ["address"]
    assert set(details["claimsToAddOrOverride"]) == {"plan", NAMESPACE}


def test_what_the_response_of_version_2_holds_already_stays(load):
    before = {
        "claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": ["a"]}, "groupOverrideDetails": {}}
    }
    answer = load("pre_token_generation").handler(event("2", response=before), None)
    details = answer["response"]["claimsAndScopeOverrideDetails"]
    assert details["accessTokenGeneration"]["scopesToAdd"] == ["a"]
    assert details["groupOverrideDetails"] == {}


@pytest.mark.parametrize(
    ("version", "empty"),
    [("1", {"claimsOverrideDetails": None}), ("2", {"claimsAndScopeOverrideDetails": None}), ("2", {})],
)
def test_a_null_in_the_response_counts_as_nothing(load, version, empty):
    response = load("pre_token_generation").handler(event(version, response=empty), None)["response"]
    assert SUB in json.dumps(response)


def test_the_rest_of_the_event_is_returned_as_it_came(load):
    given = event(clientMetadata={"k": "v"})
    answer = load("pre_token_generation").handler(given, None)
    assert {**answer, "response": {}} == {**given, "response": {}}


@pytest.mark.parametrize("groups", [None, {}, {"groupsToOverride": None}])
def test_a_user_without_groups_has_the_default_role_only(load, groups):
    answer = load("pre_token_generation").handler(event(groupConfiguration=groups), None)
    assert json.loads(id_claims(answer)[NAMESPACE])["x-hasura-allowed-roles"] == ["user"]


def test_a_machine_has_no_user_claims(load):
    machine = {**event("3", userAttributes={}), "triggerSource": "TokenGeneration_ClientCredentials"}
    assert load("pre_token_generation").handler(machine, None) == machine

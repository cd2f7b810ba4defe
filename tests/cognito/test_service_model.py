"""Validation against botocore's service model, in Cognito's words."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cognito.errors import CognitoError, InvalidParameter, Serialization
from orchestrator.cognito.service_model import ServiceModel, pattern


def problem(model: ServiceModel, operation: str, given: Any) -> CognitoError:
    with pytest.raises(CognitoError) as caught:
        model.validated(operation, given)
    return caught.value


def test_null_counts_as_absent_at_every_depth(model: ServiceModel) -> None:
    given = {
        "ClientId": "c",
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": "t", "DEVICE_KEY": None},
        "ClientMetadata": None,
        "UserContextData": {"IpAddress": None},
    }
    assert model.validated("InitiateAuth", given) == {
        "ClientId": "c",
        "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": "t"},
        "UserContextData": {},
    }


def test_unknown_members_are_ignored(model: ServiceModel) -> None:
    assert model.validated("GetUser", {"AccessToken": "t", "New": [1]}) == {"AccessToken": "t"}


@pytest.mark.parametrize(
    ("operation", "given", "value", "rule"),
    [
        ("GetGroup", {"GroupName": "g"}, "Value null at 'userPoolId'", "not be null"),
        ("GetUser", {}, "Value at 'accessToken'", "not be null"),
        (
            "GetUser",
            {"AccessToken": "a b"},
            "Value at 'accessToken'",
            "satisfy regular expression pattern: [A-Za-z0-9-_=.]+",
        ),
        (
            "GetGroup",
            {"GroupName": "g" * 129, "UserPoolId": "p_1"},
            f"Value '{'g' * 129}' at 'groupName'",
            "have length less than or equal to 128",
        ),
        (
            "ListUsers",
            {"UserPoolId": "p_1", "Limit": 61},
            "Value '61' at 'limit'",
            "have value less than or equal to 60",
        ),
        (
            "AdminCreateUser",
            {"UserPoolId": "p_1", "Username": "u", "MessageAction": "SHOUT"},
            "Value 'SHOUT' at 'messageAction'",
            "satisfy enum value set: [RESEND, SUPPRESS]",
        ),
        (
            "SignUp",
            {"ClientId": "c", "Username": "u", "UserAttributes": [{"Name": "a"}, {"Value": "x"}]},
            "Value null at 'userAttributes.2.member.name'",
            "not be null",
        ),
    ],
)
def test_a_broken_constraint_is_told(model: ServiceModel, operation: str, given: Any, value: str, rule: str) -> None:
    error = problem(model, operation, given)
    assert isinstance(error, InvalidParameter)
    assert error.message == f"1 validation error detected: {value} failed to satisfy constraint: Member must {rule}"


def test_all_broken_constraints_are_counted(model: ServiceModel) -> None:
    message = problem(model, "SignUp", {"ClientId": "c d"}).message
    assert message.startswith("2 validation errors detected: Value at 'clientId' failed ")
    assert message.endswith("; Value at 'username' failed to satisfy constraint: Member must not be null")


def test_a_secret_value_is_not_quoted(model: ServiceModel) -> None:
    error = problem(model, "SignUp", {"ClientId": "c", "Username": "u", "Password": "my secret"})
    assert "my secret" not in error.message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ClientId": 5, "Username": "u"}, "NUMBER_VALUE can not be converted to a String"),
        ({"ClientId": True, "Username": "u"}, "TRUE_VALUE can not be converted to a String"),
        ({"ClientId": [], "Username": "u"}, "Start of list found where not expected"),
        ({"ClientId": {}, "Username": "u"}, "Start of structure or map found where not expected."),
        ([], "Start of list found where not expected"),
        ({"ClientId": "c", "Username": "u", "UserAttributes": "x"}, "Unexpected field type"),
    ],
)
def test_a_wrong_json_type_is_a_serialization_error(model: ServiceModel, given: Any, words: str) -> None:
    error = problem(model, "SignUp", given)
    assert isinstance(error, Serialization)
    assert error.message == words


@pytest.mark.parametrize("name", ["ann", "ann@example.com", "Änne", "安", "a+b!#$", "👩", "e\u0301"])
def test_usernames_of_every_script_are_fine(model: ServiceModel, name: str) -> None:
    assert model.validated("SignUp", {"ClientId": "c", "Username": name})["Username"] == name


@pytest.mark.parametrize("name", ["a b", "a\n", "\x00", "a\u200b", "\u00a0", "a\tb"])
def test_usernames_have_no_white_space_or_invisible_characters(model: ServiceModel, name: str) -> None:
    assert isinstance(problem(model, "SignUp", {"ClientId": "c", "Username": name}), InvalidParameter)


def test_every_pattern_of_the_model_is_understood(model: ServiceModel) -> None:
    patterns = {shape["pattern"] for shape in model._shapes.values() if "pattern" in shape}
    assert len(patterns) > 30
    assert not [text for text in patterns if r"\p" in pattern(text).pattern]

"""What a PreTokenGeneration answer makes of the claims."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.cognito.errors import InvalidLambdaResponse
from orchestrator.cognito.model import Group
from orchestrator.cognito.tokens.claims import (
    PROTECTED,
    PROTECTED_IN_ACCESS,
    Changes,
    GroupClaims,
    of_groups,
    overrides,
)

GROUPS = GroupClaims(("editors",), ("role",), "role")


def group(name: str, **settings: Any) -> Group:
    return Group("pool", name, settings, 0, 0)


def test_suppressing_a_claim_beats_adding_it() -> None:
    changes = Changes({"a": 1, "b": 2}, frozenset(("a", "email")))
    assert changes.applied({"email": "x", "name": "Ann"}) == {"name": "Ann", "b": 2}


@pytest.mark.parametrize("name", sorted(PROTECTED))
def test_a_protected_claim_is_neither_changed_nor_removed(name: str) -> None:
    assert Changes({name: "forged"}, frozenset()).applied({name: "true"}) == {name: "true"}
    assert Changes({}, frozenset((name,))).applied({name: "true"}) == {name: "true"}
    assert Changes({name: "forged"}, frozenset()).applied({}) == {}


def test_what_the_api_reads_in_an_access_token_is_protected_there() -> None:
    changes = Changes({"username": "forged", "plan": "pro"}, frozenset(("scope",)))
    given = {"username": "ann", "scope": "openid"}
    assert changes.applied(given, PROTECTED_IN_ACCESS) == {**given, "plan": "pro"}
    assert changes.applied(given) == {"username": "forged", "plan": "pro"}


def test_version_1_changes_the_id_token_only() -> None:
    response = {"claimsOverrideDetails": {"claimsToAddOrOverride": {"a": "1"}, "claimsToSuppress": ["email"]}}
    result = overrides("1", response, GROUPS)
    assert result.id == Changes({"a": "1"}, frozenset(("email",)))
    assert result.access == Changes({}, frozenset())
    assert result.groups == GROUPS


def test_version_2_changes_each_token_on_its_own() -> None:
    details = {
        "idTokenGeneration": {"claimsToAddOrOverride": {"a": {"deep": [1]}}},
        "accessTokenGeneration": {
            "claimsToAddOrOverride": {"b": True},
            "scopesToAdd": ["new"],
            "scopesToSuppress": ["old"],
        },
    }
    result = overrides("2", {"claimsAndScopeOverrideDetails": details}, GROUPS)
    assert result.id.add == {"a": {"deep": [1]}}
    assert result.access.add == {"b": True}
    assert result.scopes(("openid", "old")) == ("openid", "new")


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("response", [{}, {"claimsOverrideDetails": None, "claimsAndScopeOverrideDetails": None}])
def test_an_answer_without_details_changes_nothing(version: str, response: dict[str, Any]) -> None:
    result = overrides(version, response, GROUPS)
    assert result.groups == GROUPS
    assert result.id.applied({"a": 1}) == {"a": 1}


@pytest.mark.parametrize("details", [None, {}])
def test_empty_group_details_remove_the_groups(details: dict[str, Any] | None) -> None:
    result = overrides("1", {"claimsOverrideDetails": {"groupOverrideDetails": details}}, GROUPS)
    assert result.groups == GroupClaims()


def test_group_details_replace_the_groups() -> None:
    details = {"groupsToOverride": ["a", "b"], "iamRolesToOverride": ["r"], "preferredRole": "r"}
    response = {"claimsAndScopeOverrideDetails": {"groupOverrideDetails": details}}
    assert overrides("2", response, GROUPS).groups == GroupClaims(("a", "b"), ("r",), "r")


@pytest.mark.parametrize(
    ("version", "response"),
    [
        ("1", {"claimsOverrideDetails": {"claimsToAddOrOverride": {"a": 1}}}),
        ("1", {"claimsOverrideDetails": "nonsense"}),
        ("1", {"claimsOverrideDetails": {"claimsToSuppress": "email"}}),
        ("2", {"claimsAndScopeOverrideDetails": {"idTokenGeneration": ["nonsense"]}}),
        ("2", {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"scopesToAdd": [1]}}}),
    ],
)
def test_what_cognito_would_not_take_is_refused(version: str, response: dict[str, Any]) -> None:
    with pytest.raises(InvalidLambdaResponse, match="Unrecognizable lambda output"):
        overrides(version, response, GROUPS)


def test_groups_go_by_precedence_then_name() -> None:
    ordered = of_groups([group("c"), group("b", Precedence=1, RoleArn="rb"), group("a", Precedence=2, RoleArn="ra")])
    assert ordered == GroupClaims(("b", "a", "c"), ("rb", "ra"), "rb")


def test_two_first_groups_with_different_roles_prefer_none() -> None:
    both = [group("a", Precedence=1, RoleArn="ra"), group("b", Precedence=1, RoleArn="rb")]
    assert of_groups(both).preferred_role is None
    assert of_groups([]) == GroupClaims()

"""ListUsers: filters and pages."""

from __future__ import annotations

import pytest

from orchestrator.cognito.errors import InvalidParameter
from orchestrator.cognito.operations.list_users import parse_filter
from orchestrator.cognito.store.users import Condition

from ..conftest import POOL, Running, error_of


@pytest.fixture
def people(cognito: Running) -> Running:
    cognito.confirmed("ann", email="ann@example.com", given_name="Ann")
    cognito.sign_up("anton", email="anton@example.org", given_name='An "T" on')
    cognito.sign_up("bob", email="bob@example.com")
    cognito.api.admin_disable_user(UserPoolId=POOL, Username="bob")
    return cognito


def listed(cognito: Running, text: str) -> list[str]:
    return [user["Username"] for user in cognito.api.list_users(UserPoolId=POOL, Filter=text)["Users"]]


def test_filters_compare_and_match_prefixes(people: Running) -> None:
    expected = {
        "": ["ann", "anton", "bob"],
        'username = "ann"': ["ann"],
        'username ^= "AN"': ["ann", "anton"],
        'email = "ANN@example.com"': ["ann"],
        'email ^= "ant"': ["anton"],
        'given_name ^= "An"': ["ann", "anton"],
        'given_name = "An \\"T\\" on"': ["anton"],
        'cognito:user_status = "CONFIRMED"': ["ann"],
        'status = "Disabled"': ["bob"],
        'status = "Enabled"': ["ann", "anton"],
        'family_name = "nobody"': [],
    }
    assert {text: listed(people, text) for text in expected} == expected


def test_a_filter_is_never_sql(people: Running) -> None:
    assert listed(people, "email = \"' or '1' = '1\"") == []


def test_pages_follow_each_other(people: Running) -> None:
    first = people.api.list_users(UserPoolId=POOL, Limit=2)
    second = people.api.list_users(UserPoolId=POOL, Limit=2, PaginationToken=first["PaginationToken"])
    assert [user["Username"] for page in (first, second) for user in page["Users"]] == ["ann", "anton", "bob"]
    assert "PaginationToken" not in second
    assert error_of(people.api.list_users, UserPoolId=POOL, PaginationToken="nonsense")[0] == (
        "InvalidParameterException"
    )


def test_only_the_attributes_asked_for_are_shown(people: Running) -> None:
    (user,) = people.api.list_users(UserPoolId=POOL, Filter='username = "ann"', AttributesToGet=["email"])["Users"]
    assert user["Attributes"] == [{"Name": "email", "Value": "ann@example.com"}]


@pytest.mark.parametrize("text", ["nonsense", "email = ann", 'email > "a"', 'email = "a" or email = "b"'])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"Error while parsing filter\."):
        parse_filter(text)


def test_a_filter_takes_standard_attributes_only() -> None:
    assert parse_filter('"sub" = "x"') == Condition("sub", "x")
    with pytest.raises(InvalidParameter, match="custom:plan"):
        parse_filter('custom:plan = "x"')

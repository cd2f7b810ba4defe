"""Groups, their members, and what they put into tokens."""

from __future__ import annotations

import jwt

from ..conftest import POOL, Running, Start, error_of


def create(cognito: Running, name: str, **more: object) -> dict[str, object]:
    return cognito.api.create_group(UserPoolId=POOL, GroupName=name, **more)["Group"]


def join(cognito: Running, username: str, group: str) -> None:
    cognito.api.admin_add_user_to_group(UserPoolId=POOL, Username=username, GroupName=group)


def names(groups: list[dict[str, str]]) -> list[str]:
    return [group["GroupName"] for group in groups]


def test_a_group_is_made_shown_changed_and_deleted(cognito: Running) -> None:
    group = create(cognito, "editors", Description="may write", Precedence=0)
    assert (group["GroupName"], group["Description"], group["Precedence"]) == ("editors", "may write", 0)
    assert error_of(create, cognito, "editors") == (
        "GroupExistsException",
        "A group with the name already exists.",
    )
    cognito.api.update_group(UserPoolId=POOL, GroupName="editors", Description="may write it all")
    shown = cognito.api.get_group(UserPoolId=POOL, GroupName="editors")["Group"]
    assert (shown["Description"], shown["Precedence"]) == ("may write it all", 0)
    cognito.api.delete_group(UserPoolId=POOL, GroupName="editors")
    assert error_of(cognito.api.get_group, UserPoolId=POOL, GroupName="editors") == (
        "ResourceNotFoundException",
        "Group not found.",
    )


def test_groups_are_listed_by_pages(cognito: Running) -> None:
    for name in ("c", "a", "b"):
        create(cognito, name)
    first = cognito.api.list_groups(UserPoolId=POOL, Limit=2)
    second = cognito.api.list_groups(UserPoolId=POOL, Limit=2, NextToken=first["NextToken"])
    assert (names(first["Groups"]), names(second["Groups"])) == (["a", "b"], ["c"])
    assert "NextToken" not in second


def test_members_join_and_leave(cognito: Running) -> None:
    create(cognito, "editors")
    cognito.sign_up("ann")
    for _ in range(2):
        join(cognito, "ann", "editors")
    listed = cognito.api.admin_list_groups_for_user(UserPoolId=POOL, Username="ann")
    assert names(listed["Groups"]) == ["editors"]
    members = cognito.api.list_users_in_group(UserPoolId=POOL, GroupName="editors")["Users"]
    assert [user["Username"] for user in members] == ["ann"]
    cognito.api.admin_remove_user_from_group(UserPoolId=POOL, Username="ann", GroupName="editors")
    assert cognito.api.admin_list_groups_for_user(UserPoolId=POOL, Username="ann")["Groups"] == []
    assert error_of(join, cognito, "ann", "nothing")[0] == "ResourceNotFoundException"
    assert error_of(join, cognito, "nobody", "editors")[0] == "UserNotFoundException"


def test_a_deleted_group_has_no_members_when_it_is_made_again(cognito: Running) -> None:
    create(cognito, "editors")
    cognito.sign_up("ann")
    join(cognito, "ann", "editors")
    cognito.api.delete_group(UserPoolId=POOL, GroupName="editors")
    create(cognito, "editors")
    assert cognito.api.list_users_in_group(UserPoolId=POOL, GroupName="editors")["Users"] == []


def test_both_tokens_name_the_groups_by_precedence(cognito: Running) -> None:
    role = "arn:aws:iam::123456789012:role/editors"
    create(cognito, "anybody")
    create(cognito, "readers", Precedence=2)
    create(cognito, "editors", Precedence=1, RoleArn=role)
    cognito.confirmed("ann", email="ann@example.com")
    for name in ("anybody", "readers", "editors"):
        join(cognito, "ann", name)
    result = cognito.sign_in("ann")
    identity, access = (
        jwt.decode(result[kind], options={"verify_signature": False}) for kind in ("IdToken", "AccessToken")
    )
    assert identity["cognito:groups"] == access["cognito:groups"] == ["editors", "readers", "anybody"]
    assert identity["cognito:roles"] == [role]
    assert identity["cognito:preferred_role"] == role
    assert "cognito:roles" not in access


def test_groups_of_the_configuration_are_there(start: Start) -> None:
    cognito = start(groups=[{"GroupName": "editors", "Precedence": 3}])
    assert cognito.api.get_group(UserPoolId=POOL, GroupName="editors")["Group"]["Precedence"] == 3

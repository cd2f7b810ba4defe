"""Signing up and in: on the pages, by the API, and what the functions make of it."""

from __future__ import annotations

import pytest

from orchestrator.testing import (
    Database,
    GraphQLAs,
    HostedUi,
    Invoke,
    Messages,
    SignIn,
    SignUp,
    StackError,
    Triggers,
    User,
)


def test_the_row_is_there_once_the_user_is_confirmed(sign_up: SignUp, messages: Messages, database: Database) -> None:
    user = sign_up("ada@example.com", confirm=False)
    assert database.rows("SELECT * FROM users") == []
    user.stack.cognito.confirm_sign_up(
        ClientId=user.stack.pool.client_id, Username=user.username, ConfirmationCode=messages.code(user)
    )
    assert database.rows("SELECT * FROM users") == [{"id": user.sub, "email": "ada@example.com"}]


def test_the_group_of_moderators_is_a_role_to_choose(moderator: User, user: User) -> None:
    assert moderator.hasura_claims["x-hasura-allowed-roles"] == ["user", "moderator"]
    assert user.hasura_claims["x-hasura-allowed-roles"] == ["user"]


def test_the_hosted_ui_signs_up_and_both_grants_sign_in(hosted_ui: HostedUi, triggers: Triggers) -> None:
    user = hosted_ui.sign_up("grace@example.com")
    assert user.graphql("{ users { email } }") == {"users": [{"email": "grace@example.com"}]}
    with_code = hosted_ui.sign_in(user, grant="code")
    assert with_code.sub == user.sub
    assert with_code.refresh_token
    assert triggers.sources == [
        "PostConfirmation_ConfirmSignUp",
        "TokenGeneration_HostedAuth",
        "TokenGeneration_HostedAuth",
    ]


def test_a_wrong_password_is_refused(user: User, sign_in: SignIn, hosted_ui: HostedUi) -> None:
    with pytest.raises(StackError, match="NotAuthorizedException"):
        sign_in(user, "another password")
    with pytest.raises(StackError, match="Incorrect username or password"):
        hosted_ui.sign_in(user, "another password")


def test_a_trigger_event_delivered_twice_leaves_one_row(invoke: Invoke, user: User, database: Database) -> None:
    event = invoke.event("PostConfirmation_ConfirmSignUp", user)
    assert invoke(event) == invoke(event) == event
    assert database.value("SELECT count(*) FROM users") == 1


async def test_who_watches_a_list_sees_a_new_todo_at_once(user: User, graphql: GraphQLAs) -> None:
    made = await user.graphql.acall('mutation { insert_lists_one(object: {title: "Watched"}) { id } }')
    watched = user.graphql.subscribe("subscription { todos { title } }")
    assert await anext(watched) == {"todos": []}
    todo = 'mutation ($list: Int!) { insert_todos_one(object: {list_id: $list, title: "New"}) { id } }'
    await user.graphql.acall(todo, list=made["insert_lists_one"]["id"])
    assert await anext(watched) == {"todos": [{"title": "New"}]}
    await watched.aclose()

"""What the application's users see when a part of the stack fails."""

from __future__ import annotations

import pytest

from orchestrator.testing import (
    Clock,
    Database,
    Faults,
    GraphQLAs,
    GraphQLError,
    Messages,
    SignIn,
    SignUp,
    Stack,
    StackError,
    Triggers,
    User,
)

LISTS = "{ lists { id } }"


def test_an_expired_token_is_refused_and_so_is_one_of_the_future(clock: Clock, user: User, sign_in: SignIn) -> None:
    for other in (clock.expired(user), clock.not_yet_valid(user)):
        with pytest.raises(GraphQLError) as refused:
            other.graphql(LISTS)
        assert refused.value.code == "invalid-jwt"
    assert sign_in(user).graphql(LISTS) == {"lists": []}


def test_a_code_that_came_yesterday_confirms_nobody(clock: Clock, sign_up: SignUp, messages: Messages) -> None:
    with clock.moved(hours=-25):
        user = sign_up(confirm=False)
    with pytest.raises(user.stack.cognito.exceptions.ExpiredCodeException):
        user.stack.cognito.confirm_sign_up(
            ClientId=user.stack.pool.client_id, Username=user.username, ConfirmationCode=messages.code(user)
        )


def test_nobody_is_confirmed_while_hasura_is_down(faults: Faults, sign_up: SignUp, database: Database) -> None:
    with (
        faults.hasura_down(),
        pytest.raises(StackError, match=r"PostConfirmation failed with error .*Connection refused"),
    ):
        sign_up("ada@example.com")
    assert database.value("SELECT count(*) FROM users") == 0
    assert sign_up("grace@example.com").sub == database.value("SELECT id FROM users")


def test_a_hasura_that_is_too_slow_is_given_up(faults: Faults, sign_up: SignUp, user: User) -> None:
    slow = faults.slow("hasura", 2.5, times=1)
    with pytest.raises(StackError, match=r"PostConfirmation failed with error .*timed out"):
        sign_up()
    assert slow.applied == 1
    assert user.graphql(LISTS) == {"lists": []}


def test_a_function_that_does_not_answer_is_asked_again_after_five_seconds(
    faults: Faults, sign_up: SignUp, triggers: Triggers, database: Database
) -> None:
    silent = faults.timeout("user_sync", times=1)
    user = sign_up()
    assert silent.applied == 1
    assert [each.error for each in triggers.of("user_sync")] == [None]  # The one that was answered.
    assert database.value("SELECT id FROM users") == user.sub


def test_a_function_that_fails_once_is_not_tried_again(faults: Faults, sign_up: SignUp, triggers: Triggers) -> None:
    fault = faults.fail("user_sync", times=1, message="no luck")
    with pytest.raises(StackError, match=r"UserLambdaValidationException: PostConfirmation failed with error no luck"):
        sign_up()
    assert fault.applied == 1
    assert [each.error for each in triggers] == ["Unhandled"]
    sign_up()


def test_an_event_delivered_twice_makes_one_row(
    faults: Faults, sign_up: SignUp, database: Database, stack: Stack
) -> None:
    faults.duplicate("user_sync")
    user = sign_up()
    log = (stack.layout.logs / "hasura-cognito-user-sync.log").read_text()
    assert log.count(f"{user.email} is in the table") == 2
    assert database.value("SELECT count(*) FROM users") == 1


def test_the_lists_are_there_again_after_a_crash_of_postgres(
    faults: Faults, user: User, graphql: GraphQLAs, database: Database
) -> None:
    user.graphql('mutation { insert_lists_one(object: {title: "Kept"}) { id } }')
    with faults.kill("postgres"):
        assert user.graphql.ask(LISTS).keys() <= {"data", "errors"}
    assert database.rows("SELECT title FROM lists") == [{"title": "Kept"}]


def test_a_killed_function_is_started_anew(faults: Faults, sign_up: SignUp, database: Database) -> None:
    sign_up()
    faults.kill("user_sync")
    sign_up()
    assert database.value("SELECT count(*) FROM users") == 2


def test_without_a_tunnel_none_can_drop(faults: Faults) -> None:
    with pytest.raises(StackError, match="has no tunnel"):
        faults.drop_tunnel()


def test_a_function_that_is_not_there_is_named(faults: Faults) -> None:
    with pytest.raises(StackError, match="Did you mean hasura-cognito-user-sync"):
        faults.fail("usersync")
    with pytest.raises(StackError, match=r"faults\.kill"):
        faults.slow("postgres", 1)

"""Events that come twice, late or many at once: the row is of the newest, and there is one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.testing import Database, Faults, GraphQLAs, SignIn, SignUp, Stack
from tests.sync.conftest import RowOf, create, log_of, until
from tests.sync.failing import LONG

AT_A_TIME = 50
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.on_docker_too
def test_an_event_that_is_delivered_twice_makes_one_row(
    faults: Faults, sign_up: SignUp, row: RowOf, stack: Stack
) -> None:
    twice = faults.duplicate("user_sync")
    user = sign_up()
    assert twice.applied == 1
    assert [each["message"] for each in log_of(stack, user.sub)] == ["user synced", "user synced"]
    assert row(user.sub)["email"] == user.email


@pytest.mark.on_docker_too
def test_an_older_event_that_arrives_last_changes_nothing(
    faults: Faults, sign_up: SignUp, sign_in: SignIn, row: RowOf, stack: Stack
) -> None:
    user = sign_in(sign_up())
    with ThreadPoolExecutor() as elsewhere:
        older = faults.slow("hasura", LONG, times=1)
        held_up = elsewhere.submit(sign_in, user)
        until(lambda: older.applied == 1)
        stack.cognito.update_user_attributes(
            AccessToken=user.access_token, UserAttributes=[{"Name": "email", "Value": "new@example.com"}]
        )
        sign_in(user.sub, user.password)
        newer = row(user.sub)
        assert newer["email"] == "new@example.com"
        older.undo()
        held_up.result()
    assert row(user.sub) == newer
    newer_said, older_said = (each["message"] for each in log_of(stack, user.sub)[-2:])
    assert newer_said == "user synced"
    # A function that has given up meanwhile, on a busy machine, does not know.
    assert older_said in ("user not synced: a newer event was first", "user not synced")


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_in_whatever_order_three_events_arrive_the_newest_stays(
    order: Sequence[int], graphql: GraphQLAs, row: RowOf, stack: Stack
) -> None:
    mutation = (stack.layout.root / "lambdas/user_sync/mutation.graphql").read_text()
    as_function = graphql(role="admin")
    for number in order:
        at = (NOW + timedelta(milliseconds=number)).isoformat()
        user = {"id": "1", "username": f"name {number}", "synced_at": at}
        as_function(mutation, user=user, columns=["username", "synced_at"], at=at)
    assert row("1")["username"] == "name 2"


@pytest.mark.on_docker_too
def test_fifty_sign_ins_of_one_user_at_once_make_one_row(
    stack: Stack, sign_in: SignIn, row: RowOf, database: Database
) -> None:
    sub = create(stack, "ada@example.com")
    with ThreadPoolExecutor(AT_A_TIME) as at_once:
        users = list(at_once.map(sign_in, ["ada@example.com"] * AT_A_TIME))
    assert {user.sub for user in users} == {sub}
    assert row(sub)["email"] == "ada@example.com"
    assert database.value("SELECT count(*) FROM users") == 1

"""What fails on the way to the row: by default the user signs in all the same, and the row comes about later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.testing import Database, Faults, SignIn, SignUp, Stack, StackError, Triggers
from tests.cli.conftest import Project as Cli
from tests.sync.conftest import RowOf, create, until
from tests.sync.failing import EMAIL, LONG, ON_THE_WIRE, in_mid_upsert, repaired

BUDGET_SECONDS = 2.5
# Cognito gives a function so long.
COGNITO_SECONDS = 5.0


@pytest.mark.on_docker_too
@pytest.mark.parametrize("kind", ON_THE_WIRE)
def test_a_sign_in_passes_in_time_and_users_sync_repairs_the_row(
    kind: str, stack: Stack, faults: Faults, sign_in: SignIn, triggers: Triggers, database: Database, cli: Cli,
    row: RowOf,
) -> None:  # fmt: skip
    sub = create(stack, EMAIL)
    with ON_THE_WIRE[kind](faults):
        assert sign_in(EMAIL).sub == sub
        assert database.rows("SELECT id FROM users") == []
    (event,) = triggers.of("user_sync")
    assert event.seconds < COGNITO_SECONDS
    assert repaired(cli, row, sub)


def test_what_a_slow_hasura_does_after_the_function_gave_up_makes_the_row(
    stack: Stack, faults: Faults, sign_in: SignIn, triggers: Triggers, database: Database, row: RowOf
) -> None:
    sub = create(stack, EMAIL)
    with faults.slow("hasura", LONG):
        sign_in(EMAIL)
        assert database.rows("SELECT id FROM users") == []
    assert row(sub)["email"] == EMAIL
    assert BUDGET_SECONDS <= triggers.of("user_sync")[0].seconds < COGNITO_SECONDS


def test_a_hasura_that_is_slow_but_within_the_budget_is_waited_for(
    stack: Stack, faults: Faults, sign_in: SignIn, row: RowOf
) -> None:
    sub = create(stack, EMAIL)
    with faults.slow("hasura", 1.0):
        sign_in(EMAIL)
        assert row(sub)["email"] == EMAIL


@pytest.mark.on_docker_too
def test_a_sign_in_outlives_a_postgres_that_is_killed_in_mid_upsert_and_so_do_the_rows_that_were_there(
    stack: Stack, faults: Faults, sign_in: SignIn, sign_up: SignUp, database: Database, cli: Cli, row: RowOf,
    elsewhere: ThreadPoolExecutor,
) -> None:  # fmt: skip
    before = row(sign_up().sub)
    sub = create(stack, EMAIL)
    signing_in = in_mid_upsert(elsewhere, database, sub, sign_in)
    with faults.kill("postgres"):
        assert signing_in.result().sub == sub
    assert database.rows("SELECT * FROM users") == [before]
    assert repaired(cli, row, sub)


@pytest.mark.on_docker_too
def test_a_function_that_is_killed_in_mid_upsert_fails_the_sign_in_and_the_upsert_is_whole(
    stack: Stack, faults: Faults, sign_in: SignIn, database: Database, row: RowOf, elsewhere: ThreadPoolExecutor
) -> None:
    sub = create(stack, EMAIL)
    stack.functions.resolve("user_sync")  # Its client takes its time to be made, and the function waits for 2.5 s only.
    signing_in = in_mid_upsert(elsewhere, database, sub, sign_in)
    with (
        faults.kill("user_sync"),
        pytest.raises(
            StackError, match=r"UserLambdaValidationException: PostAuthentication failed with error .*killed"
        ),
    ):
        signing_in.result()
    database.execute("ROLLBACK")
    # Hasura has the request, whoever sent it.
    until(lambda: database.rows("SELECT username, email FROM users") == [{"username": sub, "email": EMAIL}])
    sign_in(EMAIL)
    assert row(sub)["email"] == EMAIL


def test_a_function_that_is_killed_before_hasura_has_the_event_leaves_a_row_to_repair(
    stack: Stack, faults: Faults, sign_in: SignIn, database: Database, cli: Cli, row: RowOf,
    elsewhere: ThreadPoolExecutor,
) -> None:  # fmt: skip
    sub = create(stack, EMAIL)
    stack.functions.resolve("user_sync")  # As above.
    with faults.timeout("hasura") as unanswered:
        signing_in = elsewhere.submit(sign_in, EMAIL)
        until(lambda: unanswered.applied == 1)
        faults.kill("user_sync")
        with pytest.raises(StackError, match="UserLambdaValidationException"):
            signing_in.result()
    assert database.rows("SELECT id FROM users") == []
    assert repaired(cli, row, sub)


def test_all_of_lambda_killed_in_mid_upsert_costs_the_sign_in_another_attempt_or_fails_it_and_doubles_no_row(
    stack: Stack, faults: Faults, sign_in: SignIn, database: Database, row: RowOf, elsewhere: ThreadPoolExecutor
) -> None:
    sub = create(stack, EMAIL)
    signing_in = in_mid_upsert(elsewhere, database, sub, sign_in)
    with faults.kill("lambda"):
        database.execute("ROLLBACK")
        failed = signing_in.exception()
    assert failed is None or "PostAuthentication invocation failed due to error" in str(failed)
    sign_in(EMAIL)
    assert row(sub)["email"] == EMAIL
    assert database.value("SELECT count(*) FROM users") == 1

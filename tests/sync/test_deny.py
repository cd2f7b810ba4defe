"""SYNC_ON_FAILURE=deny: whoever can't be written into the table is refused, in Cognito's words."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.testing import Database, Faults, SignIn, SignUp, Stack, StackError
from tests.cli.conftest import Project as Cli
from tests.sync.conftest import STAFF, RowOf, create
from tests.sync.failing import EMAIL, ON_THE_WIRE, in_mid_upsert, repaired

REFUSED = "UserLambdaValidationException: {} failed with error The user could not be saved, please try again later."


@pytest.fixture(scope="module", autouse=True)
def deny(stack: Stack) -> Iterator[None]:
    """For all tests of the module: a change of a function's environment takes a second."""
    with stack.environment("user_sync", SYNC_ON_FAILURE="deny"):
        yield


@pytest.mark.parametrize("kind", ON_THE_WIRE)
def test_a_sign_in_fails_without_a_row_and_the_next_makes_it(
    kind: str, stack: Stack, faults: Faults, sign_in: SignIn, database: Database, row: RowOf
) -> None:
    sub = create(stack, EMAIL)
    with ON_THE_WIRE[kind](faults):
        with pytest.raises(StackError, match=REFUSED.format("PostAuthentication")):
            sign_in(EMAIL)
        assert database.rows("SELECT id FROM users") == []
    sign_in(EMAIL)
    assert row(sub)["email"] == EMAIL


def test_a_refused_confirmation_leaves_a_user_without_a_row_whom_users_sync_repairs(
    stack: Stack, faults: Faults, sign_up: SignUp, database: Database, cli: Cli, row: RowOf
) -> None:
    email = f"ada@{STAFF}"
    with faults.hasura_down(), pytest.raises(StackError, match=REFUSED.format("PostConfirmation")):
        sign_up(email)
    assert database.rows("SELECT id FROM users") == []
    sub = str(stack.accounts.get(email)["attributes"]["sub"])
    assert repaired(cli, row, sub, email)


@pytest.mark.on_docker_too
def test_a_postgres_that_is_killed_in_mid_upsert_fails_the_sign_in_and_leaves_no_row(
    stack: Stack, faults: Faults, sign_in: SignIn, database: Database, row: RowOf, elsewhere: ThreadPoolExecutor
) -> None:
    sub = create(stack, EMAIL)
    signing_in = in_mid_upsert(elsewhere, database, sub, sign_in)
    with faults.kill("postgres"), pytest.raises(StackError, match=REFUSED.format("PostAuthentication")):
        signing_in.result()
    assert database.rows("SELECT id FROM users") == []
    sign_in(EMAIL)
    assert row(sub)["email"] == EMAIL

"""Users, tables and functions of a kind that nobody expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.testing import Database, SignIn, SignUp, Stack, StackError
from tests.cli.conftest import OWN
from tests.cli.conftest import Project as Cli
from tests.sync.conftest import STAFF, NamesPool, RowOf, create, log_of
from tests.sync.failing import EMAIL, repaired

LONGEST_NAME, LONGEST_ATTRIBUTE = 128, 2048
AT = "@example.com"
# Cognito takes neither spaces nor characters that only format in a name.
SIGNS = """🦄"quoted"'single'\\back\\slash\\u0041${HOME}{{x}}<b>&amp;%s$1‰ée\u0301'),--"""


@pytest.mark.on_docker_too
@pytest.mark.parametrize(
    ("username", "attributes"),
    [
        ("ada", {}),
        (SIGNS, {"email": f"{SIGNS}{AT}"}),
        ("🦄" * LONGEST_NAME, {"email": f"{'🦄' * (LONGEST_ATTRIBUTE - len(AT))}{AT}"}),
        ("x" * LONGEST_NAME, {"email": f"{'a' * (LONGEST_ATTRIBUTE - len(AT))}{AT}"}),
    ],
    ids=["without e-mail", "signs", "4-byte characters", "2048 characters"],
)
def test_a_row_has_name_and_address_to_the_letter(
    username: str, attributes: dict[str, str], names_pool: NamesPool, row: RowOf
) -> None:
    sub = names_pool.create(username, **attributes)
    names_pool.sign_in(username)
    found = row(sub)
    assert (found["username"], found["email"]) == (username, attributes.get("email"))


@pytest.mark.parametrize("reloaded", [True, False], ids=["known to Hasura", "not yet known to Hasura"])
def test_a_column_that_the_table_lacks_is_named_with_the_next_step_and_the_row_is_there_when_that_was_taken(
    reloaded: bool, stack: Stack, sign_in: SignIn, database: Database, cli: Cli, row: RowOf
) -> None:
    sub = create(stack, EMAIL)
    database.execute("ALTER TABLE users DROP COLUMN email_verified")
    if reloaded:
        cli.run("metadata", "reload")
    assert sign_in(EMAIL).sub == sub
    said = log_of(stack, sub)[0]["error"]
    assert "The table users has no column email_verified: add it with a migration" in said
    assert database.rows("SELECT id FROM users") == []
    assert "The table users has no column email_verified" in cli.fails("users", "sync") or not reloaded
    database.execute("ALTER TABLE users ADD COLUMN email_verified boolean NOT NULL DEFAULT false")
    cli.ok("metadata", "reload")
    assert repaired(cli, row, sub)


@pytest.fixture
def unimportable(stack: Stack) -> Iterator[Path]:
    """The code of the sync function, which raises at import; as before after the test."""
    code = stack.layout.root / "lambdas/user_sync/app.py"
    before = code.read_bytes()
    code.write_text("import jsn\n")
    yield code
    code.write_bytes(before)


def test_code_that_raises_at_import_fails_the_sign_up_which_users_sync_repairs(
    unimportable: Path, stack: Stack, sign_up: SignUp, database: Database, cli: Cli, row: RowOf
) -> None:
    email = f"ada@{STAFF}"
    said = "UserLambdaValidationException: PostConfirmation failed with error .*No module named 'jsn'"
    with pytest.raises(StackError, match=said):
        sign_up(email)
    assert database.rows("SELECT id FROM users") == []
    assert "Runtime.ImportModuleError" in (stack.layout.logs / "hasura-cognito-user-sync.log").read_text()
    assert repaired(cli, row, str(stack.accounts.get(email)["attributes"]["sub"]), email)


def test_code_that_was_mended_runs_at_once(unimportable: Path, sign_in: SignIn, stack: Stack, row: RowOf) -> None:
    sub = create(stack, EMAIL)
    with pytest.raises(StackError):
        sign_in(EMAIL)
    unimportable.write_bytes((OWN / "lambdas/user_sync/app.py").read_bytes())
    sign_in(EMAIL)
    assert row(sub)["email"] == EMAIL

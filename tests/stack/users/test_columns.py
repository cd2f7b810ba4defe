"""Tests for which columns the pool tells, and what they hold."""

from __future__ import annotations

import pytest

from orchestrator.errors import StackError
from orchestrator.settings.variables import SYNC_COLUMNS
from orchestrator.stack.users.columns import Column, choose

TABLE = {
    "id": "String",
    "username": "String",
    "email": "String",
    "email_verified": "Boolean",
    "plan": "varchar",
    "synced_at": "timestamptz",
    "deleted_at": "timestamptz",
    "last_sign_in_at": "timestamptz",
    "birthdate": "date",
    "source": "String",
}
ATTRIBUTES = ("sub", "email", "email_verified", "birthdate", "phone_number", "custom:plan")
SHIPPED = SYNC_COLUMNS.split(",")


def test_the_shipped_columns_are_those_that_the_handler_writes_of_a_user() -> None:
    columns = choose(SHIPPED, TABLE, ATTRIBUTES)
    assert columns.names == ("username", "email", "email_verified")
    assert columns.left_alone == ()
    assert columns.row("1", "ada", {"email": "ada@example.com", "email_verified": "true", "name": "Ada"}) == {
        "id": "1",
        "username": "ada",
        "email": "ada@example.com",
        "email_verified": True,
    }


def test_a_user_without_an_attribute_has_null_or_false() -> None:
    row = choose(SHIPPED, TABLE, ATTRIBUTES).row("1", "ada", {})
    assert (row["email"], row["email_verified"]) == (None, False)


def test_a_column_holds_the_custom_attribute_of_its_name() -> None:
    assert choose([*SHIPPED, "plan"], TABLE, ATTRIBUTES).told[-1] == Column("plan", "custom:plan")


def test_what_no_attribute_tells_or_no_attribute_can_hold_is_left_alone_and_said() -> None:
    columns = choose([*SHIPPED, "source", "birthdate"], TABLE, ATTRIBUTES)
    assert columns.names == ("username", "email", "email_verified")
    assert columns.left_alone == (
        "source is left alone: the user pool has no attribute of this name",
        "birthdate is left alone: its type is date, neither text nor a Boolean",
    )


@pytest.mark.parametrize(
    ("column", "hint"),
    [
        ("phone_number", "`ALTER TABLE users ADD COLUMN phone_number text`"),
        ("email_verified", "ADD COLUMN email_verified boolean not null default false`"),
        ("synced_at", "ADD COLUMN synced_at timestamptz not null default now()`"),
        ("deleted_at", "ADD COLUMN deleted_at timestamptz`"),
    ],
)
def test_a_column_that_the_table_lacks_is_named_with_the_migration_that_adds_it(column: str, hint: str) -> None:
    table = {name: kind for name, kind in TABLE.items() if name != column}
    with pytest.raises(StackError) as caught:
        choose([*SHIPPED, "phone_number"] if column == "phone_number" else SHIPPED, table, ATTRIBUTES)
    assert caught.value.message == f"The table users has no column {column}, which the sync writes."
    assert hint in caught.value.hint
    assert ("out of SYNC_COLUMNS" in caught.value.hint) == (column not in ("synced_at", "deleted_at"))

"""Which columns of the users table a user pool tells, and what they are for one of its users (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import StackError

Row = Mapping[str, Any]

TABLE = "users"
KEY, SYNCED_AT, DELETED_AT = "id", "synced_at", "deleted_at"
USERNAME = "username"
# What the sync itself keeps, and what only a trigger's event tells.
KEPT = (KEY, SYNCED_AT, DELETED_AT)
OF_EVENTS = ("last_sign_in_at",)
# The types of columns, as GraphQL names them, that hold an attribute as Cognito has it.
TEXTS, BOOLEAN = ("String", "varchar", "citext"), "Boolean"

DEFINITIONS = {
    KEY: "text primary key",
    USERNAME: "text not null",
    "email_verified": "boolean not null default false",
    SYNCED_AT: "timestamptz not null default now()",
    DELETED_AT: "timestamptz",
}


@dataclass(frozen=True)
class Column:
    """A column and the attribute that it holds; None for the user's name."""

    name: str
    attribute: str | None
    boolean: bool = False

    def value(self, username: str, attributes: Mapping[str, str]) -> str | bool | None:
        """As the user-sync function has it: an attribute that is not there is null, or false."""
        if self.attribute is None:
            return username
        value = attributes.get(self.attribute)
        return value == "true" if self.boolean else value


@dataclass(frozen=True)
class Columns:
    """The columns that the pool tells, and why others of SYNC_COLUMNS are left alone."""

    told: tuple[Column, ...]
    left_alone: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.told)

    def row(self, sub: str, username: str, attributes: Mapping[str, str]) -> Row:
        """The user's row, without when it was so.

        >>> Columns((Column("username", None), Column("email", "email"))).row("1", "ada", {})
        {'id': '1', 'username': 'ada', 'email': None}
        """
        return {KEY: sub, **{column.name: column.value(username, attributes) for column in self.told}}


def choose(wanted: Iterable[str], table: Mapping[str, str], attributes: Collection[str]) -> Columns:
    """The wanted columns that the pool's `attributes` tell; `table` has the type of each column.

    A column holds the attribute of its name, or else the custom one: `plan` holds `custom:plan`. One that is neither,
    or whose type no attribute has, is the user's own handler's to write.
    Raises StackError for a column that the table lacks.
    """
    wanted = [name for name in wanted if name not in (*KEPT, *OF_EVENTS)]
    for name in (*KEPT, *wanted):
        if name not in table:
            raise lacking(name)
    told, left_alone = [], []
    for name in wanted:
        attribute = next((each for each in (name, f"custom:{name}") if each in attributes), None)
        if name != USERNAME and attribute is None:
            left_alone.append(f"{name} is left alone: the user pool has no attribute of this name")
        elif table[name] not in (*TEXTS, BOOLEAN):
            left_alone.append(f"{name} is left alone: its type is {table[name]}, neither text nor a Boolean")
        else:
            told.append(Column(name, None if name == USERNAME else attribute, table[name] == BOOLEAN))
    return Columns(tuple(told), tuple(left_alone))


def lacking(name: str) -> StackError:
    """What is said of a column that is not there."""
    add = f"ALTER TABLE {TABLE} ADD COLUMN {name} {DEFINITIONS.get(name, 'text')}"
    otherwise = "" if name in KEPT else f", or take {name} out of SYNC_COLUMNS"
    return StackError(
        f"The table {TABLE} has no column {name}, which the sync writes.",
        f"Add it with a migration, `{add}`, and run `hasura-cognito metadata reload`{otherwise}.",
    )

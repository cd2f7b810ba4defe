"""Users: found by any name they go by, changed by a function from user to user."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import orjson

from ..model import EXTERNAL_PROVIDER, Factors, Pool, User, Verifier
from .database import Database, Value

# Attributes that users are found by, each with a column of its own.
KEYED = ("email", "phone_number", "preferred_username")
INDEXED = (*KEYED, "username", "sub")
SHOWN_AS_COLUMN = {"username": "username", "sub": "sub", "cognito:user_status": "status"}


NO_FACTORS = Factors()


class NameTaken(Exception):
    """Another user of the pool has the username."""


@dataclass(frozen=True)
class Condition:
    """One comparison of a ListUsers filter: attribute = value, or attribute ^= value for a prefix."""

    attribute: str
    value: str
    prefix: bool = False


def by_sub(database: Database, sub: str) -> User | None:
    row = database.one("select * from user where sub = ?", sub)
    return _user(row) if row else None


def by_username(database: Database, pool: Pool, name: str) -> User | None:
    row = database.one("select * from user where pool_id = ? and username_key = ?", pool.id, pool.key(name))
    return _user(row) if row else None


def by_attribute(database: Database, pool: Pool, attribute: str, value: str, *, verified: bool = False) -> User | None:
    """The first user with an e-mail, phone number or preferred username; with `verified`, whose is verified.

    Users of identity providers have no password, and don't stand in the way of those who sign in with these names.
    """
    rows = database.all(
        f"select * from user where pool_id = ? and {attribute}_key = ? and status != ? order by number",  # noqa: S608
        pool.id,
        pool.key(value),
        EXTERNAL_PROVIDER,
    )
    found = (_user(row) for row in rows)
    return next((user for user in found if not verified or user.verified(attribute)), None)


def find(database: Database, pool: Pool, name: str) -> User | None:
    """The user a name means: the username, the sub, or a sign-in attribute or alias of the pool."""
    user = by_username(database, pool, name)
    if user is None:
        user = by_sub(database, name)
        user = user if user and user.pool_id == pool.id else None
    for attribute in pool.username_attributes:
        user = user or by_attribute(database, pool, attribute, name)
    for attribute in pool.alias_attributes:
        user = user or by_attribute(database, pool, attribute, name, verified=attribute != "preferred_username")
    return user


def add(database: Database, pool: Pool, user: User) -> None:
    """Stores a new user; raises NameTaken if the username exists."""
    values = _columns(pool, user)
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    try:
        database.run(f"insert into user ({names}) values ({marks})", *values.values())  # noqa: S608
    except sqlite3.IntegrityError as error:
        raise NameTaken(user.username) from error


def change(database: Database, pool: Pool, sub: str, changed: Callable[[User], User]) -> User | None:
    """The user after a change, made to what is stored now; None if the user is gone."""
    with database.transaction():
        user = by_sub(database, sub)
        if user is None:
            return None
        user = changed(user)
        values = _columns(pool, user)
        assignments = ", ".join(f"{name} = ?" for name in values)
        database.run(f"update user set {assignments} where sub = ?", *values.values(), sub)  # noqa: S608
        return user


def remove(database: Database, sub: str) -> None:
    database.run("delete from user where sub = ?", sub)


def count(database: Database, pool: Pool) -> int:
    row = database.one("select count(*) as n from user where pool_id = ?", pool.id)
    return int(row["n"]) if row else 0


def page(
    database: Database, pool: Pool, condition: Condition | None, *, after: int, limit: int
) -> list[tuple[int, User]]:
    """Users in the order they were made, each with its number, from the one that follows number `after`."""
    where, parameters = _where(pool, condition)
    # The plus keeps SQLite from walking all users in order when an index names the few that match.
    number = "+number" if condition and condition.attribute in INDEXED else "number"
    rows = database.all(
        f"select * from user where pool_id = ? and {number} > ? {where} order by {number} limit ?",  # noqa: S608
        pool.id,
        after,
        *parameters,
        limit,
    )
    return [(row["number"], _user(row)) for row in rows]


def of_provider(database: Database, pool: Pool, provider: str, limit: int) -> list[tuple[str, User]]:
    """The users who came from a provider last, each with the subject it has there, newest first."""
    rows = database.all(
        """select identity.value, user.* from identity join user using (sub)
        where identity.pool_id = ? and provider = ? and attribute = 'Cognito_Subject'
        order by user.modified_at desc limit ?""",
        pool.id,
        provider,
        limit,
    )
    return [(row["value"], _user(row)) for row in rows]


def in_group(database: Database, pool: Pool, group: str, *, after: int, limit: int) -> list[tuple[int, User]]:
    rows = database.all(
        """select user.* from membership join user using (sub)
        where membership.pool_id = ? and group_name = ? and number > ? order by number limit ?""",
        pool.id,
        group,
        after,
        limit,
    )
    return [(row["number"], _user(row)) for row in rows]


def _where(pool: Pool, condition: Condition | None) -> tuple[str, tuple[Value, ...]]:
    if condition is None:
        return "", ()
    if condition.attribute == "status":
        return "and enabled = ?", (int(condition.value.lower() in ("enabled", "true")),)
    place, value = _place(pool, condition)
    # The two bounds let SQLite use an index for a prefix, which LIKE would not.
    if condition.prefix:
        return f"and {place[0]} >= ? and {place[0]} < ?", (*place[1:], value, *place[1:], value + "\U0010ffff")
    return f"and {place[0]} = ?", (*place[1:], value)


def _place(pool: Pool, condition: Condition) -> tuple[tuple[str, *tuple[str, ...]], str]:
    """The SQL expression (with its parameters) and the value a condition compares."""
    name, value = condition.attribute, condition.value
    if name == "username":
        return ("username_key",), pool.key(value)
    if name in SHOWN_AS_COLUMN:
        return (SHOWN_AS_COLUMN[name],), value
    if name in KEYED:
        return (f"{name}_key",), pool.key(value)
    return ("json_extract(attributes, ?)", f'$."{name}"'), value


def _columns(pool: Pool, user: User) -> dict[str, Value]:
    keys = {f"{name}_key": _key(pool, user.attributes, name) for name in KEYED}
    return {
        "pool_id": user.pool_id,
        "sub": user.sub,
        "username": user.username,
        "username_key": pool.key(user.username),
        **keys,
        "attributes": orjson.dumps(user.attributes).decode(),
        "status": user.status,
        "enabled": int(user.enabled),
        "salt": user.password.salt if user.password else None,
        "verifier": user.password.value if user.password else None,
        "password_set_at": user.password_set_at,
        "signed_out_at": user.signed_out_at,
        "factors": None if user.factors == NO_FACTORS else orjson.dumps(asdict(user.factors)).decode(),
        "created_at": user.created_at,
        "modified_at": user.modified_at,
    }


def _key(pool: Pool, attributes: Mapping[str, str], name: str) -> str | None:
    return pool.key(attributes[name]) if name in attributes else None


def _user(row: sqlite3.Row) -> User:
    return User(
        pool_id=row["pool_id"],
        sub=row["sub"],
        username=row["username"],
        attributes=orjson.loads(row["attributes"]),
        status=row["status"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        enabled=bool(row["enabled"]),
        password=Verifier(row["salt"], row["verifier"]) if row["verifier"] else None,
        password_set_at=row["password_set_at"],
        signed_out_at=row["signed_out_at"],
        factors=_factors(row["factors"]),
    )


def _factors(text: str | None) -> Factors:
    if text is None:
        return NO_FACTORS
    kept = orjson.loads(text)
    return Factors(**{**kept, "enabled": tuple(kept["enabled"])})

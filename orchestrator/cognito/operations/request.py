"""What nearly every operation begins and ends with: finding pool, client and user, showing them."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from ..attributes import as_pairs
from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound, UserNotFound
from ..model import Client, Json, Pool, User
from ..store import pools, users


def pool_of(emulator: Emulator, pool_id: str) -> Pool:
    pool = pools.find(emulator.database, pool_id)
    if pool is None:
        raise ResourceNotFound(f"User pool {pool_id} does not exist.")
    return pool


def client_of(emulator: Emulator, client_id: str) -> tuple[Pool, Client]:
    client = pools.client(emulator.database, client_id)
    if client is None:
        raise ResourceNotFound(f"User pool client {client_id} does not exist.")
    return pool_of(emulator, client.pool_id), client


def user_of(emulator: Emulator, pool: Pool, name: str) -> User:
    user = users.find(emulator.database, pool, name)
    if user is None:
        raise UserNotFound("User does not exist.")
    return user


def pool_and_user(emulator: Emulator, request: Json) -> tuple[Pool, User]:
    """The pool and user an administrator's operation names."""
    pool = pool_of(emulator, request["UserPoolId"])
    return pool, user_of(emulator, pool, request["Username"])


def shown(user: User, only: Iterable[str] | None = None) -> list[Json]:
    """A user's attributes, sub among them, as the API lists them."""
    attributes = {"sub": user.sub, **user.attributes}
    if only is not None:
        wanted = set(only)
        attributes = {name: value for name, value in attributes.items() if name in wanted}
    return as_pairs(attributes)


def user_type(user: User, only: Iterable[str] | None = None) -> Json:
    """A user as AdminCreateUser and ListUsers show one."""
    return {
        "Username": user.username,
        "Attributes": shown(user, only),
        "UserCreateDate": user.created_at,
        "UserLastModifiedDate": user.modified_at,
        "Enabled": user.enabled,
        "UserStatus": user.status,
    }


def page_token(place: str | int) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode()


def page_place(token: str | None) -> str:
    """The place a page token names, or "" without one."""
    try:
        return base64.urlsafe_b64decode(token or "").decode()
    except ValueError as error:
        raise InvalidParameter("Invalid pagination token.") from error


def page_number(token: str | None) -> int:
    place = page_place(token)
    if place and not place.isdecimal():
        raise InvalidParameter("Invalid pagination token.")
    return int(place or 0)

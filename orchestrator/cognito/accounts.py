"""Steps that several operations share: taking a name, verifying an attribute, setting a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from . import triggers
from .attributes import VERIFIABLE, is_email, is_phone_number
from .auth import srp
from .auth.passwords import check_policy
from .emulator import Emulator
from .errors import AliasExists, InvalidParameter, UsernameExists, UserNotFound
from .model import CONFIRMED, Client, Json, Pool, User
from .store import users

_WANTED = {
    ("email",): "Username should be an email.",
    ("phone_number",): "Username should be a phone number.",
    ("email", "phone_number"): "Username should be either an email or a phone number.",
}


def named(pool: Pool, name: str, attributes: Mapping[str, str], sub: str) -> tuple[str, dict[str, str]]:
    """Username and attributes of a new user who asks for a name; raises InvalidParameter.

    Where users sign in with an e-mail or phone number, that becomes an attribute, and the username is the sub.
    """
    if pool.username_attributes:
        attribute = "email" if is_email(name) else "phone_number" if is_phone_number(name) else None
        if attribute not in pool.username_attributes:
            raise InvalidParameter(_WANTED[tuple(sorted(pool.username_attributes))])
        return sub, {**attributes, attribute: name}
    if "email" in pool.alias_attributes and is_email(name):
        raise InvalidParameter("Username cannot be of email format, since user pool is configured for email alias.")
    if "phone_number" in pool.alias_attributes and is_phone_number(name):
        raise InvalidParameter(
            "Username cannot be of phone number format, since user pool is configured for phone number alias."
        )
    return name, dict(attributes)


def check_free(emulator: Emulator, pool: Pool, username: str, attributes: Mapping[str, str]) -> None:
    """Raises UsernameExists if a user has the username, or the e-mail or phone number that serves as one."""
    if users.by_username(emulator.database, pool, username):
        raise UsernameExists("User already exists")
    for attribute in pool.username_attributes:
        value = attributes.get(attribute)
        if value and users.by_attribute(emulator.database, pool, attribute, value):
            raise UsernameExists(f"An account with the given {attribute} already exists.")


def check_attributes_free(emulator: Emulator, pool: Pool, user: User, attributes: Mapping[str, str]) -> None:
    """Raises AliasExists if another user signs in with one of the attributes a user is to get."""
    for attribute in (*pool.username_attributes, *pool.alias_attributes):
        if not attributes.get(attribute):
            continue
        verified = attribute in pool.alias_attributes and attribute in VERIFIABLE
        if verified and attributes.get(f"{attribute}_verified") != "true":
            continue
        other = users.by_attribute(emulator.database, pool, attribute, attributes[attribute], verified=verified)
        if other and other.sub != user.sub:
            raise AliasExists(f"An account with the {attribute} already exists.")


def add(emulator: Emulator, pool: Pool, user: User, *, force_alias: bool = False) -> None:
    """Stores a new user; raises UsernameExists or AliasExists, however many ask at once."""
    with emulator.database.transaction():
        check_free(emulator, pool, user.username, user.attributes)
        _take_aliases(emulator, pool, user, force_alias=force_alias)
        try:
            users.add(emulator.database, pool, user)
        except users.NameTaken as error:
            raise UsernameExists("User already exists") from error


def change(emulator: Emulator, pool: Pool, user: User, changed: Callable[[User], User]) -> User:
    """The user after a change of what is stored now; raises UserNotFound if there is nobody any more."""
    at = emulator.clock()
    after = users.change(emulator.database, pool, user.sub, lambda now: replace(changed(now), modified_at=at))
    if after is None:
        raise UserNotFound("User does not exist.")
    return after


def verify(emulator: Emulator, pool: Pool, user: User, attribute: str, *, force_alias: bool = False) -> User:
    """The user with an attribute marked as verified (to be called within the change of that user)."""
    attributes = {**user.attributes, f"{attribute}_verified": "true"}
    verified = replace(user, attributes=attributes)
    _take_aliases(emulator, pool, verified, force_alias=force_alias)
    return verified


def with_attributes(emulator: Emulator, pool: Pool, user: User, given: Mapping[str, str]) -> User:
    """The user with changed attributes: a changed address is not verified any more. Raises AliasExists."""
    changed = [name for name in VERIFIABLE if name in given and given[name] != user.attributes.get(name)]
    attributes = {**user.attributes, **{f"{name}_verified": "false" for name in changed}, **given}
    check_attributes_free(emulator, pool, user, attributes)
    return replace(user, attributes=attributes)


def with_password(emulator: Emulator, pool: Pool, user: User, password: str) -> User:
    """The user with a new password; raises InvalidPassword if the pool's policy forbids it."""
    check_policy(pool.password_policy, password)
    stored = srp.verifier(pool.srp_name, user.username, password, emulator.random)
    return replace(user, password=stored, password_set_at=emulator.clock())


def confirmed(user: User) -> User:
    return replace(user, status=CONFIRMED)


async def announce_confirmation(
    emulator: Emulator, pool: Pool, client: Client | None, user: User, source: str, metadata: Json | None
) -> None:
    """Runs PostConfirmation; source is ConfirmSignUp or ConfirmForgotPassword."""
    client_id = client.id if client else triggers.NO_CLIENT
    await emulator.trigger(pool, user.username, client_id, triggers.post_confirmation(source, user, metadata))


def _take_aliases(emulator: Emulator, pool: Pool, user: User, *, force_alias: bool) -> None:
    """Makes a user the one who has its verified aliases; another one loses them only when forced."""
    if not force_alias:
        check_attributes_free(emulator, pool, user, user.attributes)
        return
    for attribute in set(pool.alias_attributes) & set(VERIFIABLE):
        value = user.attributes.get(attribute)
        if not value or not user.verified(attribute):
            continue
        other = users.by_attribute(emulator.database, pool, attribute, value, verified=True)
        if other and other.sub != user.sub:
            users.change(emulator.database, pool, other.sub, partial(_unverified, attribute=attribute))


def _unverified(user: User, *, attribute: str) -> User:
    return replace(user, attributes={**user.attributes, f"{attribute}_verified": "false"})

"""Attributes that users see and change themselves, and their verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .. import accounts, delivery
from ..attributes import VERIFIABLE, as_map, check_change, check_client_may_write
from ..emulator import Emulator
from ..errors import InvalidParameter
from ..model import Json, Pool, User
from ..store import pending
from ..tokens.access import Bearer, bearer
from ..triggers import NO_CLIENT
from .request import pool_and_user


async def update_user_attributes(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    given = as_map(request["UserAttributes"])
    check_client_may_write(who.client, given)
    sent = await _update(emulator, who.pool, who.user, given, who.client.id, request.get("ClientMetadata"))
    return {"CodeDeliveryDetailsList": sent}


async def admin_update_user_attributes(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    await _update(emulator, pool, user, as_map(request["UserAttributes"]), NO_CLIENT, request.get("ClientMetadata"))
    return {}


def delete_user_attributes(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    check_client_may_write(who.client, request["UserAttributeNames"])
    _delete(emulator, who.pool, who.user, request["UserAttributeNames"])
    return {}


def admin_delete_user_attributes(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    _delete(emulator, pool, user, request["UserAttributeNames"])
    return {}


async def get_user_attribute_verification_code(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    attribute = _verifiable(who, request["AttributeName"])
    purpose = delivery.verification(attribute, "VerifyUserAttribute")
    details = await delivery.send_code(
        emulator,
        who.pool,
        _at_new_address(emulator, who.user, attribute),
        who.client.id,
        purpose,
        attribute,
        request.get("ClientMetadata"),
    )
    return {"CodeDeliveryDetails": details}


def verify_user_attribute(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    attribute = _verifiable(who, request["AttributeName"])
    purpose = delivery.verification(attribute, "VerifyUserAttribute")

    def verified(now: User) -> User:
        return accounts.verify(emulator, who.pool, _at_new_address(emulator, now, attribute), attribute)

    with delivery.using_code(emulator, who.user, purpose.name, request["Code"]):
        accounts.change(emulator, who.pool, who.user, verified)
        pending.remove(emulator.database, who.user.sub, attribute)
    return {}


async def _update(
    emulator: Emulator, pool: Pool, user: User, given: Mapping[str, str], client_id: str, metadata: Json | None
) -> list[Json]:
    """Changes attributes; a new address that the pool verifies gets a code, unless it is said to be verified.

    Where the pool wants it verified first, the old one stays until then.
    """
    check_change(pool, given)
    new = [name for name in VERIFIABLE if given.get(name) and given[name] != user.attributes.get(name)]
    said = [name for name in new if given.get(f"{name}_verified") == "true"]
    waiting = [name for name in new if name in pool.verified_before_update and name not in said]
    now = {name: value for name, value in given.items() if name not in waiting}
    with emulator.database.transaction():
        user = accounts.change(emulator, pool, user, lambda old: accounts.with_attributes(emulator, pool, old, now))
        for name in waiting:
            pending.save(emulator.database, user.sub, name, given[name])
    return [
        await delivery.send_code(
            emulator,
            pool,
            _at_new_address(emulator, user, name),
            client_id,
            delivery.verification(name, "UpdateUserAttribute"),
            name,
            metadata,
        )
        for name in new
        if name in waiting or (name in pool.auto_verified and not user.verified(name))
    ]


def _at_new_address(emulator: Emulator, user: User, attribute: str) -> User:
    """The user with the value that waits for its verification, if there is one."""
    value = pending.find(emulator.database, user.sub, attribute)
    return user if value is None else replace(user, attributes={**user.attributes, attribute: value})


def _delete(emulator: Emulator, pool: Pool, user: User, names: list[str]) -> None:
    check_change(pool, dict.fromkeys(names, ""))
    gone = {*names, *(f"{name}_verified" for name in names if name in VERIFIABLE)}

    def without(now: User) -> User:
        return replace(now, attributes={name: value for name, value in now.attributes.items() if name not in gone})

    accounts.change(emulator, pool, user, without)


def _verifiable(who: Bearer, attribute: str) -> str:
    if attribute not in VERIFIABLE:
        raise InvalidParameter(f"The attribute {attribute} can't be verified: only email and phone_number can.")
    if not who.user.attributes.get(attribute):
        raise InvalidParameter(f"User does not have the attribute {attribute} to verify.")
    return attribute

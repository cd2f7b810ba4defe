"""What administrators do with users: create, look at, change, disable, delete."""

from __future__ import annotations

from dataclasses import replace

from .. import accounts, delivery, triggers
from ..attributes import VERIFIABLE, as_map, check_new
from ..auth import passwords
from ..emulator import Emulator
from ..errors import InvalidParameter, NotAuthorized, UnsupportedUserState
from ..model import CONFIRMED, EXTERNAL_PROVIDER, FORCE_CHANGE_PASSWORD, RESET_REQUIRED, Json, Pool, User, random_uuid
from ..store import users
from ..triggers import NO_CLIENT
from . import mfa
from .request import pool_and_user, pool_of, user_of, user_type


async def admin_create_user(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    if request.get("MessageAction") == "RESEND":
        return await _invite_again(emulator, pool, request)
    sub = random_uuid(emulator.random)
    username, attributes = accounts.named(pool, request["Username"], as_map(request.get("UserAttributes")), sub)
    attributes.pop("sub", None)
    check_new(pool, attributes)
    at = emulator.clock()
    user = User(pool.id, sub, username, attributes, FORCE_CHANGE_PASSWORD, created_at=at, modified_at=at)
    password = request.get("TemporaryPassword") or passwords.temporary(pool.password_policy, emulator.random)
    user = accounts.with_password(emulator, pool, user, password)
    accounts.check_free(emulator, pool, username, attributes)
    validation = as_map(request.get("ValidationData")) or None
    call = triggers.pre_sign_up("AdminCreateUser", attributes, validation, request.get("ClientMetadata"))
    await emulator.trigger(pool, username, NO_CLIENT, call)
    accounts.add(emulator, pool, user, force_alias=request.get("ForceAliasCreation", False))
    await _invite(emulator, pool, user, password, request)
    return {"User": user_type(user)}


async def _invite_again(emulator: Emulator, pool: Pool, request: Json) -> Json:
    user = user_of(emulator, pool, request["Username"])
    if user.status != FORCE_CHANGE_PASSWORD:
        raise UnsupportedUserState(f"Resend not possible. {user.username} status is not FORCE_CHANGE_PASSWORD")
    password = request.get("TemporaryPassword") or passwords.temporary(pool.password_policy, emulator.random)
    user = accounts.change(emulator, pool, user, lambda now: accounts.with_password(emulator, pool, now, password))
    await _invite(emulator, pool, user, password, request)
    return {"User": user_type(user)}


async def _invite(emulator: Emulator, pool: Pool, user: User, password: str, request: Json) -> None:
    """Sends the temporary password over each medium asked for that the user has an address of."""
    if request.get("MessageAction") == "SUPPRESS":
        return
    media = request.get("DesiredDeliveryMediums") or ["SMS"]
    for attribute in VERIFIABLE:
        if delivery.MEDIUM[attribute] in media and user.attributes.get(attribute):
            await delivery.send_invitation(emulator, pool, user, attribute, password, request.get("ClientMetadata"))


def admin_get_user(emulator: Emulator, request: Json) -> Json:
    _, user = pool_and_user(emulator, request)
    shape = user_type(user)
    shape["UserAttributes"] = shape.pop("Attributes")
    return {**shape, **mfa.shown(user)}


def admin_delete_user(emulator: Emulator, request: Json) -> Json:
    _, user = pool_and_user(emulator, request)
    users.remove(emulator.database, user.sub)
    return {}


def admin_enable_user(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    accounts.change(emulator, pool, user, lambda now: replace(now, enabled=True))
    return {}


def admin_disable_user(emulator: Emulator, request: Json) -> Json:
    """Disables the user and revokes every token: they stay revoked when the user is enabled again."""
    pool, user = pool_and_user(emulator, request)
    accounts.change(emulator, pool, user, lambda now: replace(now, enabled=False, signed_out_at=emulator.clock()))
    return {}


def admin_set_user_password(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    status = CONFIRMED if request.get("Permanent") else FORCE_CHANGE_PASSWORD

    def changed(now: User) -> User:
        return replace(accounts.with_password(emulator, pool, now, request["Password"]), status=status)

    accounts.change(emulator, pool, user, changed)
    return {}


async def admin_reset_user_password(emulator: Emulator, request: Json) -> Json:
    """Makes the password unusable until a code, sent now, confirms a new one."""
    pool, user = pool_and_user(emulator, request)
    if user.status == EXTERNAL_PROVIDER:
        raise NotAuthorized("User password cannot be reset in the current state.")
    attribute = next((name for name in VERIFIABLE if user.verified(name)), None)
    if attribute is None:
        raise InvalidParameter(
            "Cannot reset password for the user as there is no registered/verified email or phone_number"
        )
    user = accounts.change(emulator, pool, user, lambda now: replace(now, status=RESET_REQUIRED))
    metadata = request.get("ClientMetadata")
    await delivery.send_code(emulator, pool, user, NO_CLIENT, delivery.FORGOT_PASSWORD, attribute, metadata)
    return {}


def admin_user_global_sign_out(emulator: Emulator, request: Json) -> Json:
    pool, user = pool_and_user(emulator, request)
    accounts.change(emulator, pool, user, lambda now: replace(now, signed_out_at=emulator.clock()))
    return {}

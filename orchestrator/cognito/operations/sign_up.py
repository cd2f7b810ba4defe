"""Users who sign themselves up, and their confirmation."""

from __future__ import annotations

from dataclasses import replace

from .. import accounts, delivery, triggers
from ..attributes import VERIFIABLE, as_map, check_client_may_write, check_new
from ..auth.clients import check_secret_hash
from ..auth.passwords import check_policy
from ..emulator import Emulator
from ..errors import ExpiredCode, InvalidParameter, NotAuthorized, UserNotFound
from ..model import UNCONFIRMED, Client, Json, Pool, User, random_uuid
from ..store import users
from .request import client_of, pool_and_user


async def sign_up(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    check_secret_hash(client, [request["Username"]], request.get("SecretHash"))
    if pool.only_admins_create_users:
        raise NotAuthorized("SignUp is not permitted for this user pool")
    user = _new_user(emulator, pool, client, request)
    accounts.check_free(emulator, pool, user.username, user.attributes)
    user = await _pre_sign_up(emulator, pool, client, user, request)
    if not _has_no_password(pool, request):
        user = accounts.with_password(emulator, pool, user, request.get("Password", ""))
    accounts.add(emulator, pool, user)
    if user.status != UNCONFIRMED:
        await accounts.announce_confirmation(
            emulator, pool, client, user, "ConfirmSignUp", request.get("ClientMetadata")
        )
        return {"UserConfirmed": True, "UserSub": user.sub}
    answer: Json = {"UserConfirmed": False, "UserSub": user.sub}
    attribute = _to_verify(pool, user)
    if attribute:
        answer["CodeDeliveryDetails"] = await delivery.send_code(
            emulator, pool, user, client.id, delivery.SIGN_UP, attribute, request.get("ClientMetadata")
        )
    return answer


async def confirm_sign_up(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    check_secret_hash(client, [request["Username"]], request.get("SecretHash"))
    user = users.find(emulator.database, pool, request["Username"])
    if user is None:
        if client.hides_missing_users:
            raise ExpiredCode("Invalid code provided, please request a code again.")
        raise UserNotFound("Username/client id combination not found.")
    if user.status != UNCONFIRMED:
        raise NotAuthorized(f"User cannot be confirmed. Current status is {user.status}")
    with delivery.using_code(emulator, user, delivery.SIGN_UP.name, request["ConfirmationCode"]):
        user = _confirm(emulator, pool, user, force_alias=request.get("ForceAliasCreation", False))
    await accounts.announce_confirmation(emulator, pool, client, user, "ConfirmSignUp", request.get("ClientMetadata"))
    return {}


async def resend_confirmation_code(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    check_secret_hash(client, [request["Username"]], request.get("SecretHash"))
    user = users.find(emulator.database, pool, request["Username"])
    if user is None:
        if client.hides_missing_users:
            return {"CodeDeliveryDetails": delivery.simulated(emulator, pool, request["Username"])}
        raise UserNotFound("Username/client id combination not found.")
    if user.status != UNCONFIRMED:
        raise InvalidParameter("User is already confirmed.")
    attribute = _to_verify(pool, user)
    if attribute is None:
        raise InvalidParameter("Cannot resend codes. Auto verification not turned on.")
    details = await delivery.send_code(
        emulator, pool, user, client.id, delivery.RESEND, attribute, request.get("ClientMetadata")
    )
    return {"CodeDeliveryDetails": details}


async def admin_confirm_sign_up(emulator: Emulator, request: Json) -> Json:
    """Confirms the user, but verifies nothing: no code came back from the address."""
    pool, user = pool_and_user(emulator, request)
    if user.status != UNCONFIRMED:
        raise NotAuthorized(f"User cannot be confirmed. Current status is {user.status}")
    user = accounts.change(emulator, pool, user, accounts.confirmed)
    await accounts.announce_confirmation(emulator, pool, None, user, "ConfirmSignUp", request.get("ClientMetadata"))
    return {}


def _new_user(emulator: Emulator, pool: Pool, client: Client, request: Json) -> User:
    """The user a sign-up asks for, all checked but that the name is free."""
    given = as_map(request.get("UserAttributes"))
    check_client_may_write(client, given)
    if not _has_no_password(pool, request):
        check_policy(pool.password_policy, request.get("Password", ""))
    sub = random_uuid(emulator.random)
    username, attributes = accounts.named(pool, request["Username"], given, sub)
    check_new(pool, attributes)
    at = emulator.clock()
    return User(pool.id, sub, username, attributes, UNCONFIRMED, created_at=at, modified_at=at)


def _has_no_password(pool: Pool, request: Json) -> bool:
    """Whether the user will sign in with codes only, where the pool lets them."""
    return not request.get("Password") and any(kind != "PASSWORD" for kind in pool.first_factors)


async def _pre_sign_up(emulator: Emulator, pool: Pool, client: Client, user: User, request: Json) -> User:
    """The user as a PreSignUp trigger leaves it: perhaps confirmed, perhaps with verified attributes."""
    validation = as_map(request.get("ValidationData")) or None
    call = triggers.pre_sign_up("SignUp", user.attributes, validation, request.get("ClientMetadata"))
    answer = await emulator.trigger(pool, user.username, client.id, call) or {}
    attributes = dict(user.attributes)
    for attribute, flag in zip(VERIFIABLE, ("autoVerifyEmail", "autoVerifyPhone"), strict=True):
        if answer.get(flag) is True:
            if attribute not in attributes:
                raise InvalidParameter(f"Cannot auto verify {attribute}: the user has none.")
            attributes[f"{attribute}_verified"] = "true"
    user = replace(user, attributes=attributes)
    return accounts.confirmed(user) if answer.get("autoConfirmUser") is True else user


def _confirm(emulator: Emulator, pool: Pool, user: User, *, force_alias: bool) -> User:
    attribute = _to_verify(pool, user)

    def confirm(now: User) -> User:
        if attribute:
            now = accounts.verify(emulator, pool, now, attribute, force_alias=force_alias)
        return accounts.confirmed(now)

    return accounts.change(emulator, pool, user, confirm)


def _to_verify(pool: Pool, user: User) -> str | None:
    """The attribute a sign-up code goes to: the phone number before the e-mail, as Cognito does."""
    wanted = [name for name in ("phone_number", "email") if name in pool.auto_verified and user.attributes.get(name)]
    return wanted[0] if wanted else None

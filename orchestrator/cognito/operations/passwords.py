"""Changing a password one knows, and replacing one that was forgotten."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from .. import accounts, delivery
from ..auth.clients import check_secret_hash
from ..auth.migration import migrated
from ..emulator import Emulator
from ..errors import CodeMismatch, InvalidParameter, NotAuthorized, UserNotFound
from ..model import CONFIRMED, EXTERNAL_PROVIDER, FORCE_CHANGE_PASSWORD, UNCONFIRMED, Client, Json, Pool, User
from ..store import users
from ..tokens.access import bearer
from .request import client_of

# Without AccountRecoverySetting, the phone number goes before the e-mail.
RECOVERY = ("phone_number", "email")
NO_PASSWORD_TO_FORGET = (FORCE_CHANGE_PASSWORD, EXTERNAL_PROVIDER)


def change_password(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    if not emulator.passwords.right(who.pool, who.user, request.get("PreviousPassword", "")):
        raise NotAuthorized("Incorrect username or password.")
    accounts.change(
        emulator,
        who.pool,
        who.user,
        lambda now: accounts.with_password(emulator, who.pool, now, request["ProposedPassword"]),
    )
    return {}


async def forgot_password(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    check_secret_hash(client, [request["Username"]], request.get("SecretHash"))
    user = await _known_or_migrated(emulator, pool, client, request)
    attribute = _recovery_attribute(pool, client, user)
    if user is None or attribute is None:
        return {"CodeDeliveryDetails": delivery.simulated(emulator, pool, request["Username"])}
    details = await delivery.send_code(
        emulator, pool, user, client.id, delivery.FORGOT_PASSWORD, attribute, request.get("ClientMetadata")
    )
    return {"CodeDeliveryDetails": details}


async def confirm_forgot_password(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    check_secret_hash(client, [request["Username"]], request.get("SecretHash"))
    user = _user(emulator, pool, client, request["Username"])
    if user is None:
        raise CodeMismatch("Invalid verification code provided, please try again.")

    def changed(now: User) -> User:
        return replace(accounts.with_password(emulator, pool, now, request["Password"]), status=CONFIRMED)

    with delivery.using_code(emulator, user, delivery.FORGOT_PASSWORD.name, request["ConfirmationCode"]):
        user = accounts.change(emulator, pool, user, changed)
    await accounts.announce_confirmation(
        emulator, pool, client, user, "ConfirmForgotPassword", request.get("ClientMetadata")
    )
    return {}


async def _known_or_migrated(emulator: Emulator, pool: Pool, client: Client, request: Json) -> User | None:
    """The user who forgot the password: one who is here or, where a trigger knows another directory, one from there."""
    name = request["Username"]
    if not users.find(emulator.database, pool, name):
        with suppress(UserNotFound):
            await migrated(emulator, pool, client, name, None, request.get("ClientMetadata"))
    return _user(emulator, pool, client, name)


def _user(emulator: Emulator, pool: Pool, client: Client, name: str) -> User | None:
    user = users.find(emulator.database, pool, name)
    if user is None and not client.hides_missing_users:
        raise UserNotFound("Username/client id combination not found.")
    return user


def _recovery_attribute(pool: Pool, client: Client, user: User | None) -> str | None:
    """The verified attribute a code may go to, by the pool's priorities; None if that there is none is to be hidden."""
    mechanisms = (pool.settings.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or ()
    ordered = [m["Name"].removeprefix("verified_") for m in sorted(mechanisms, key=lambda m: int(m["Priority"]))]
    if ordered == ["admin_only"]:
        raise NotAuthorized("Contact administrator to reset password.")
    if user and user.status in NO_PASSWORD_TO_FORGET:
        raise NotAuthorized("User password cannot be reset in the current state.")
    usable = user is not None and user.enabled and user.status != UNCONFIRMED
    found = next((name for name in ordered or RECOVERY if user and usable and user.verified(name)), None)
    if found or client.hides_missing_users:
        return found
    if user and not user.enabled:
        raise NotAuthorized("User is disabled.")
    raise InvalidParameter(
        "Cannot reset password for the user as there is no registered/verified email or phone_number"
    )

"""The second factor of a sign-in: which one a user is asked for, and whether a software token's code is right."""

from __future__ import annotations

from dataclasses import replace

import orjson

from .. import accounts
from ..emulator import Emulator
from ..errors import CodeMismatch, EnableSoftwareTokenMFA, ExpiredCode
from ..model import MFA_KINDS, Json, Pool, User
from . import sent_codes, totp
from .attempt import Attempt, Challenged, pose

SOFTWARE_TOKEN = "SOFTWARE_TOKEN_MFA"  # noqa: S105 - the name of a challenge


async def asked(attempt: Attempt, user: User, source: str) -> Challenged | None:
    """The challenge for a user whose password was right, or None if no second factor is needed."""
    pool = attempt.pool
    if pool.mfa == "OFF":
        return None
    kinds = usable(pool, user)
    if user.factors.preferred in kinds:
        return await challenge(attempt, user, source, str(user.factors.preferred))
    if len(kinds) > 1:
        return _choice(attempt, user, source, "SELECT_MFA_TYPE", "MFAS_CAN_CHOOSE", kinds)
    if kinds:
        return await challenge(attempt, user, source, kinds[0])
    if pool.mfa == "OPTIONAL":
        return None
    # Where everybody needs one, the phone number of a user who set none up serves.
    if pool.offers_mfa("SMS_MFA") and user.attributes.get("phone_number"):
        return await challenge(attempt, user, source, "SMS_MFA")
    offered = [kind for kind in MFA_KINDS if pool.offers_mfa(kind)]
    return _choice(attempt, user, source, "MFA_SETUP", "MFAS_CAN_SETUP", offered)


def usable(pool: Pool, user: User) -> list[str]:
    """The kinds that the user turned on and the pool offers."""
    return [kind for kind in user.factors.enabled if pool.offers_mfa(kind)]


async def challenge(attempt: Attempt, user: User, source: str, kind: str) -> Challenged:
    """Asks for the code of a kind; one that is sent is sent now."""
    is_token = kind == SOFTWARE_TOKEN
    parameters = {"FRIENDLY_DEVICE_NAME": "TOTP device"} if is_token else await sent_codes.send(attempt, user, kind)
    session = pose(attempt, user.sub, kind, {"source": source})
    return Challenged(kind, {**parameters, "USER_ID_FOR_SRP": user.username}, session)


def _choice(attempt: Attempt, user: User, source: str, name: str, parameter: str, kinds: list[str]) -> Challenged:
    parameters: Json = {parameter: orjson.dumps(kinds).decode(), "USER_ID_FOR_SRP": user.username}
    return Challenged(name, parameters, pose(attempt, user.sub, name, {"source": source}))


def take_code(emulator: Emulator, pool: Pool, user: User, given: str) -> User:
    """The user after a code of the software token was used; raises CodeMismatch or ExpiredCode."""
    if user.factors.token is None:
        raise EnableSoftwareTokenMFA("Software token MFA is not set up for the user.")
    counter = totp.counter_of(user.factors.token, given, emulator.clock())
    if counter is None:
        raise CodeMismatch("Invalid code received for user")

    def used(now: User) -> User:
        if now.factors.counter >= counter:
            raise ExpiredCode("Your software token has already been used once.")
        return replace(now, factors=replace(now.factors, counter=counter))

    return accounts.change(emulator, pool, user, used)

"""Users who come from another directory: the UserMigration trigger knows them, and here they become users."""

from __future__ import annotations

from dataclasses import replace

from .. import accounts, triggers
from ..attributes import check_new
from ..emulator import Emulator
from ..errors import CognitoError, InvalidLambdaResponse, UserNotFound
from ..model import CONFIRMED, RESET_REQUIRED, Client, Json, Pool, User, random_uuid
from . import srp

TRIGGER = "UserMigration"
STATUSES = (CONFIRMED, RESET_REQUIRED)


async def migrated(
    emulator: Emulator, pool: Pool, client: Client, name: str, password: str | None, metadata: Json | None
) -> User | None:
    """The user that the trigger tells of, stored; None without a trigger.

    With a password, that of a sign-in, a user who is CONFIRMED then has it; without one a password is being forgotten.
    Raises UserNotFound, as Cognito does, where the trigger does not know the user or fails.
    """
    if pool.trigger(TRIGGER) is None:
        return None
    source = "Authentication" if password is not None else "ForgotPassword"
    call = triggers.user_migration(source, password, None, metadata)
    try:
        answer = await emulator.trigger(pool, name, client.id, call) or {}
    except CognitoError as error:
        raise UserNotFound(f"Exception migrating user in app client {client.id}") from error
    if not answer.get("userAttributes"):
        raise UserNotFound("User does not exist.")
    user = _user(emulator, pool, name, answer)
    if password is not None and user.status == CONFIRMED:
        # No policy: the password was good enough where the user comes from.
        stored = srp.verifier(pool.srp_name, user.username, password, emulator.random)
        user = replace(user, password=stored, password_set_at=emulator.clock())
    accounts.add(emulator, pool, user, force_alias=answer.get("forceAliasCreation") is True)
    return user


def _user(emulator: Emulator, pool: Pool, name: str, answer: Json) -> User:
    given = answer["userAttributes"]
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InvalidLambdaResponse("Unrecognizable lambda output", TRIGGER)
    sub = random_uuid(emulator.random)
    told = {key: value for key, value in given.items() if key not in ("sub", "username", "cognito:user_status")}
    username, attributes = accounts.named(pool, name, told, sub)
    check_new(pool, attributes)
    status = answer.get("finalUserStatus") or RESET_REQUIRED
    if status not in STATUSES:
        raise InvalidLambdaResponse("Unrecognizable lambda output", TRIGGER)
    at = emulator.clock()
    return User(pool.id, sub, username, attributes, status, created_at=at, modified_at=at)

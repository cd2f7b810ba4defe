"""The challenges on the way to tokens: how each is answered, in a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from .. import accounts
from ..attributes import check_change, check_client_may_write
from ..errors import NotAuthorized
from ..model import CONFIRMED, Challenge, User
from ..store import users
from . import srp
from .attempt import WRONG, Attempt, Outcome, after_proof, complete, use_up

ATTRIBUTE_PREFIX = "userAttributes."


async def _new_password(attempt: Attempt, challenge: Challenge) -> Outcome:
    user = _challenged_user(attempt, challenge)
    password = attempt.required("NEW_PASSWORD")
    given = {
        name.removeprefix(ATTRIBUTE_PREFIX): value
        for name, value in attempt.parameters.items()
        if name.startswith(ATTRIBUTE_PREFIX)
    }
    check_client_may_write(attempt.client, given)
    check_change(attempt.pool, given)
    ready = accounts.with_password(attempt.emulator, attempt.pool, user, password)
    use_up(attempt, challenge)

    def changed(now: User) -> User:
        now = accounts.with_attributes(attempt.emulator, attempt.pool, now, given)
        return replace(now, password=ready.password, password_set_at=ready.password_set_at, status=CONFIRMED)

    user = accounts.change(attempt.emulator, attempt.pool, user, changed)
    return await complete(attempt, user, "NewPasswordChallenge")


async def _password_verifier(attempt: Attempt, challenge: Challenge) -> Outcome:
    data = challenge.data
    signature, timestamp = attempt.required("PASSWORD_CLAIM_SIGNATURE"), attempt.required("TIMESTAMP")
    use_up(attempt, challenge)
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    # A password changed in between has another salt.
    if user is None or user.password is None or user.password.salt != data["salt"]:
        raise NotAuthorized(WRONG)
    proved = srp.proves(
        srp.Exchange(**data["exchange"]),
        user.password,
        pool_name=attempt.pool.srp_name,
        username=user.username,
        secret_block=challenge.id,
        timestamp=timestamp,
        signature=signature,
    )
    if not proved:
        raise NotAuthorized(WRONG)
    return await after_proof(attempt, user)


def _challenged_user(attempt: Attempt, challenge: Challenge) -> User:
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    named = users.find(attempt.emulator.database, attempt.pool, attempt.required("USERNAME"))
    if user is None or named is None or named.sub != user.sub:
        raise NotAuthorized("Invalid session for the user.")
    return user


CHALLENGES: dict[str, Callable[[Attempt, Challenge], Awaitable[Outcome]]] = {
    "NEW_PASSWORD_REQUIRED": _new_password,
    "PASSWORD_VERIFIER": _password_verifier,
}

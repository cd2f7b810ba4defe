"""What follows once a user proved who it is: what stands in the way, step by step, then a new session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson

from .. import triggers
from ..errors import NotAuthorized, UserNotConfirmed
from ..model import FORCE_CHANGE_PASSWORD, UNCONFIRMED, Session, User, session_id
from ..tokens.issue import Wanted, generate
from . import devices, second_factor
from .attempt import Attempt, Challenged, Outcome, SignedIn, pose

DAY = 86400
AUTHENTICATION, NEW_PASSWORD, DEVICE = "Authentication", "NewPasswordChallenge", "AuthenticateDevice"


async def after_proof(attempt: Attempt, user: User) -> Outcome:
    """What follows when the password was right: tokens, or what stands in the way."""
    if user.status == UNCONFIRMED:
        raise UserNotConfirmed("User is not confirmed.")
    if user.status != FORCE_CHANGE_PASSWORD:
        return await after_password(attempt, user, AUTHENTICATION)
    days = int(attempt.pool.password_policy.get("TemporaryPasswordValidityDays") or 7)
    if user.password_set_at + days * DAY <= attempt.emulator.clock():
        raise NotAuthorized("Temporary password has expired and must be reset by an administrator.")
    session = pose(attempt, user.sub, "NEW_PASSWORD_REQUIRED", {})
    parameters = {
        "USER_ID_FOR_SRP": user.username,
        "requiredAttributes": "[]",
        "userAttributes": orjson.dumps(user.attributes).decode(),
    }
    return Challenged("NEW_PASSWORD_REQUIRED", parameters, session)


async def after_password(attempt: Attempt, user: User, source: str) -> Outcome:
    """What follows a password that may stay; `source` is PreTokenGeneration's."""
    trusted = attempt.pool.trusts_remembered_devices and devices.is_remembered(attempt, user)
    challenge = None if trusted else await second_factor.asked(attempt, user, source)
    return challenge or await after_factor(attempt, user, source)


async def after_factor(attempt: Attempt, user: User, source: str) -> Outcome:
    """What follows the second factor: the proof of a known device, or tokens."""
    return devices.asked(attempt, user) or await complete(attempt, user, source)


async def complete(attempt: Attempt, user: User, source: str, *, first: bool = False) -> SignedIn:
    """A new session, with the triggers that run once a user proved who it is.

    PostAuthentication does not run for the first sign-in of a federated user, who was just announced otherwise.
    """
    emulator, pool, client = attempt.emulator, attempt.pool, attempt.client
    at = emulator.clock()
    proved = attempt.device_key if source == DEVICE else None
    device = None if proved else devices.new(attempt)
    session = Session(session_id(at, emulator.random), int(at), device.key if device else proved)
    wanted = Wanted(pool, client, user, session, source, metadata=attempt.metadata)
    if terms := attempt.terms:
        wanted = replace(wanted, source=terms.source, scopes=terms.scopes, nonce=terms.nonce)
    post = triggers.post_authentication(user, attempt.metadata, new_device=device is not None)
    steps: dict[str, Callable[[], Awaitable[Any]]] = {
        "PreTokenGeneration": lambda: generate(emulator, wanted),
        "PostAuthentication": lambda: emulator.trigger(pool, user.username, client.id, post),
    }
    wanted_steps = [name for name in triggers.AFTER_AUTHENTICATION if not (first and name == "PostAuthentication")]
    results = {name: await steps[name]() for name in wanted_steps}
    return SignedIn(emulator, wanted, results["PreTokenGeneration"], device=device)

"""Custom authentication: DefineAuthChallenge decides what comes next, the pool's other functions pose and check it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import triggers
from ..errors import InvalidLambdaResponse, InvalidUserPoolConfiguration, NotAuthorized
from ..model import Challenge, Json, User
from ..store import users
from .attempt import WRONG, Attempt, Challenged, Outcome, pose, use_up
from .progress import AUTHENTICATION, complete

CUSTOM_CHALLENGE, PASSWORD_VERIFIER = "CUSTOM_CHALLENGE", "PASSWORD_VERIFIER"
DEFINE = "DefineAuthChallenge"
# A sign-in with so many steps is refused, whatever the functions say.
MOST_STEPS = 50

Steps = Sequence[Json]


def step(name: str, *, right: bool, metadata: str | None = None) -> Json:
    """One step of the way so far, as the functions see it."""
    return {"challengeName": name, "challengeResult": right, "challengeMetadata": metadata}


async def go_on(attempt: Attempt, user: User | None, name: str, steps: Steps) -> Outcome | str:
    """What DefineAuthChallenge decides: tokens, a custom challenge, or the name of another challenge to pose.

    Without a user (that is to be hidden) the functions run as for one, and no tokens come of it.
    """
    if attempt.pool.trigger(DEFINE) is None:
        raise InvalidUserPoolConfiguration("Custom auth lambda trigger is not configured for the user pool.")
    if len(steps) > MOST_STEPS:
        raise NotAuthorized(WRONG)
    decided = await _run(attempt, name, triggers.define_auth_challenge(user, list(steps), attempt.metadata))
    if decided.get("failAuthentication") is True:
        raise NotAuthorized(WRONG)
    if decided.get("issueTokens") is True:
        if user is None:
            raise NotAuthorized(WRONG)
        return await complete(attempt, user, AUTHENTICATION)
    chosen = decided.get("challengeName")
    if not isinstance(chosen, str) or not chosen:
        raise InvalidLambdaResponse("Unrecognizable lambda output", DEFINE)
    return await _pose(attempt, user, name, steps) if chosen == CUSTOM_CHALLENGE else chosen


async def _pose(attempt: Attempt, user: User | None, name: str, steps: Steps) -> Challenged:
    call = triggers.create_auth_challenge(user, CUSTOM_CHALLENGE, list(steps), attempt.metadata)
    made = await _run(attempt, name, call)
    public, private = made.get("publicChallengeParameters") or {}, made.get("privateChallengeParameters") or {}
    data = {"name": name, "steps": list(steps), "private": private, "metadata": made.get("challengeMetadata")}
    session = pose(attempt, user.sub if user else "", CUSTOM_CHALLENGE, data)
    return Challenged(CUSTOM_CHALLENGE, {**public, "USERNAME": user.username if user else name}, session)


async def answered(attempt: Attempt, challenge: Challenge) -> Outcome:
    """What the answer to a custom challenge leads to."""
    answer, data = attempt.required("ANSWER"), challenge.data
    use_up(attempt, challenge)
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    if challenge.sub and (user is None or not user.enabled):
        raise NotAuthorized("Invalid session for the user.")
    call = triggers.verify_auth_challenge(user, data["private"], answer, attempt.metadata)
    verified = await _run(attempt, data["name"], call)
    done = step(CUSTOM_CHALLENGE, right=verified.get("answerCorrect") is True, metadata=data["metadata"])
    outcome = await go_on(attempt, user, data["name"], [*data["steps"], done])
    if isinstance(outcome, str):
        raise InvalidLambdaResponse(f"The challenge {outcome} cannot follow a custom one.", DEFINE)
    return outcome


async def _run(attempt: Attempt, name: str, call: triggers.Call) -> dict[str, Any]:
    if attempt.pool.trigger(call.trigger) is None:
        raise InvalidUserPoolConfiguration(f"{call.trigger} lambda trigger is not configured for the user pool.")
    return await attempt.emulator.trigger(attempt.pool, name, attempt.client.id, call) or {}


def without_metadata(attempt: Attempt) -> Attempt:
    """ClientMetadata of InitiateAuth does not reach the functions that custom challenges run."""
    return replace(attempt, metadata=None)

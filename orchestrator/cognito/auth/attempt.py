"""One attempt to sign in: what it carries from step to step, and what a step can lead to."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from .. import triggers
from ..emulator import Emulator
from ..errors import InvalidParameter, NotAuthorized, UserNotConfirmed
from ..model import FORCE_CHANGE_PASSWORD, UNCONFIRMED, Challenge, Client, Json, Pool, Session, User, session_id
from ..store import challenges
from ..tokens.issue import Tokens, Wanted, generate, sign

DAY = 86400
WRONG = "Incorrect username or password."


@dataclass(frozen=True)
class Terms:
    """What a sign-in is for, where that is not the API's own: the trigger source, the scopes, the nonce."""

    source: str
    scopes: tuple[str, ...]
    nonce: str | None = None


@dataclass(frozen=True)
class Attempt:
    """A request to sign in, or an answer to a challenge on the way."""

    emulator: Emulator
    pool: Pool
    client: Client
    parameters: Mapping[str, str] = field(repr=False)
    metadata: Json | None
    terms: Terms | None = None

    def required(self, name: str) -> str:
        value = self.parameters.get(name)
        if not value:
            raise InvalidParameter(f"Missing required parameter {name}")
        return value


@dataclass(frozen=True)
class SignedIn:
    """The end of an attempt: whose tokens, and what PreTokenGeneration said of them.

    A refreshed session keeps its refresh token and shows none.
    """

    emulator: Emulator
    wanted: Wanted
    response: Json | None
    refreshed: bool = False

    def tokens(self) -> Tokens:
        return sign(self.emulator, self.wanted, self.response)


@dataclass(frozen=True)
class Challenged:
    """A further step: what the client must answer, and the session that names it (SRP has none)."""

    name: str
    parameters: Json = field(repr=False)
    session: str | None = field(default=None, repr=False)


Outcome = SignedIn | Challenged


async def after_proof(attempt: Attempt, user: User) -> Outcome:
    """What follows when the password was right: tokens, or what stands in the way."""
    if user.status == UNCONFIRMED:
        raise UserNotConfirmed("User is not confirmed.")
    if user.status != FORCE_CHANGE_PASSWORD:
        return await complete(attempt, user, "Authentication")
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


async def complete(attempt: Attempt, user: User, source: str, *, first: bool = False) -> SignedIn:
    """A new session, with the triggers that run once a user proved who it is.

    PostAuthentication does not run for the first sign-in of a federated user, who was just announced otherwise.
    """
    emulator, pool, client = attempt.emulator, attempt.pool, attempt.client
    at = emulator.clock()
    session = Session(session_id(at, emulator.random), int(at))
    wanted = Wanted(pool, client, user, session, source, metadata=attempt.metadata)
    if terms := attempt.terms:
        wanted = replace(wanted, source=terms.source, scopes=terms.scopes, nonce=terms.nonce)
    post = triggers.post_authentication(user, attempt.metadata)
    steps: dict[str, Callable[[], Awaitable[Any]]] = {
        "PreTokenGeneration": lambda: generate(emulator, wanted),
        "PostAuthentication": lambda: emulator.trigger(pool, user.username, client.id, post),
    }
    wanted_steps = [name for name in triggers.AFTER_AUTHENTICATION if not (first and name == "PostAuthentication")]
    results = {name: await steps[name]() for name in wanted_steps}
    return SignedIn(emulator, wanted, results["PreTokenGeneration"])


def pose(attempt: Attempt, sub: str, name: str, data: Json) -> str:
    """Keeps a challenge; gives the text that names it in the answer: the session, or SRP's secret block."""
    at = attempt.emulator.clock()
    identity = base64.b64encode(attempt.emulator.random(96)).decode()
    expires_at = at + attempt.client.session_seconds
    challenges.add(attempt.emulator.database, Challenge(identity, attempt.client.id, sub, name, data, expires_at), at)
    return identity


def posed(attempt: Attempt, name: str, session: str | None) -> Challenge:
    """The challenge a session string stands for."""
    if not session:
        raise InvalidParameter("Missing required parameter Session")
    challenge = challenges.find(attempt.emulator.database, session)
    if challenge is None or challenge.client_id != attempt.client.id or challenge.name != name:
        raise NotAuthorized("Invalid session for the user, session can only be used once.")
    if challenge.expires_at <= attempt.emulator.clock():
        raise NotAuthorized("Invalid session for the user, session is expired.")
    return challenge


def use_up(attempt: Attempt, challenge: Challenge) -> None:
    if not challenges.remove(attempt.emulator.database, challenge.id):
        raise NotAuthorized("Invalid session for the user, session can only be used once.")

"""One attempt to sign in: what it carries from step to step, and what a step can lead to."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..emulator import Emulator
from ..errors import InvalidParameter, NotAuthorized
from ..model import Challenge, Client, Json, NewDevice, Pool, User
from ..store import challenges, users
from ..tokens.issue import Tokens, Wanted, sign

WRONG = "Incorrect username or password."


@dataclass(frozen=True)
class Terms:
    """What a sign-in is for, where that is not the API's own: the trigger source, the scopes, the nonce."""

    source: str
    scopes: tuple[str, ...]
    nonce: str | None = None


@dataclass(frozen=True)
class Attempt:
    """A request to sign in, or an answer to a challenge on the way.

    `device_key` is the device that the client claims to be, `session` that of the challenge being answered.
    """

    emulator: Emulator
    pool: Pool
    client: Client
    parameters: Mapping[str, str] = field(repr=False)
    metadata: Json | None
    terms: Terms | None = None
    device_key: str | None = None
    session: str | None = field(default=None, repr=False)

    def required(self, name: str) -> str:
        value = self.parameters.get(name)
        if not value:
            raise InvalidParameter(f"Missing required parameter {name}")
        return value


@dataclass(frozen=True)
class SignedIn:
    """The end of an attempt: whose tokens, and what PreTokenGeneration said of them.

    A refreshed session keeps its refresh token and shows none, unless the client rotates them. `device` is a device
    that the pool did not know before.
    """

    emulator: Emulator
    wanted: Wanted
    response: Json | None
    shows_refresh_token: bool = True
    device: NewDevice | None = None

    def tokens(self) -> Tokens:
        return sign(self.emulator, self.wanted, self.response)


@dataclass(frozen=True)
class Challenged:
    """A further step: what the client must answer, and the session that names it (SRP has none).

    `available` are the challenges that can be chosen where the step is the choice.
    """

    name: str
    parameters: Json = field(repr=False)
    session: str | None = field(default=None, repr=False)
    available: tuple[str, ...] = ()


Outcome = SignedIn | Challenged


def pose(attempt: Attempt, sub: str, name: str, data: Json, *, identity: str | None = None) -> str:
    """Keeps a challenge; gives the text that names it in the answer: the session, or SRP's secret block.

    `identity` is the text where it is not to be a new one.
    """
    at = attempt.emulator.clock()
    if attempt.device_key:
        data = {**data, "device_key": attempt.device_key}
    identity = identity or base64.b64encode(attempt.emulator.random(96)).decode()
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


def challenged_user(attempt: Attempt, challenge: Challenge) -> User:
    """The user who is on the way; raises NotAuthorized for one who is gone or disabled since."""
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    if user is None or not user.enabled:
        raise NotAuthorized("Invalid session for the user.")
    return user

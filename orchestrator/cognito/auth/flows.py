"""The auth flows: how an attempt to sign in can begin, in a table."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace

from .. import triggers
from ..errors import (
    InvalidLambdaResponse,
    InvalidParameter,
    NotAuthorized,
    PasswordResetRequired,
    RefreshTokenReuse,
    UserNotFound,
)
from ..model import RESET_REQUIRED, Challenge, Json, Session, User, Verifier, random_uuid
from ..store import revocations, users
from ..tokens.access import granted
from ..tokens.issue import Wanted, generate
from ..tokens.refresh import Grant
from . import custom, first_factor, srp
from .attempt import WRONG, Attempt, Challenged, Outcome, SignedIn, pose, use_up
from .clients import check_secret_hash
from .migration import migrated
from .progress import after_proof


async def _password(attempt: Attempt) -> Outcome:
    name, password = attempt.required("USERNAME"), attempt.required("PASSWORD")
    return await _prove(attempt, name, await _begin(attempt, name, password), password)


async def _prove(attempt: Attempt, name: str, user: User | None, password: str) -> Outcome:
    right = user is not None and attempt.emulator.passwords.right(attempt.pool, user, password)
    attempt.emulator.lockouts.note(_lock(attempt, user, name), right=right)
    if user is None or not right:
        raise NotAuthorized(WRONG)
    # ClientMetadata of InitiateAuth reaches PreAuthentication only.
    return await after_proof(replace(attempt, metadata=None), user)


async def _srp(attempt: Attempt) -> Outcome:
    name = attempt.required("USERNAME")
    return _verifier(attempt, name, await _begin(attempt, name), {})


def _verifier(attempt: Attempt, name: str, user: User | None, data: Json) -> Challenged:
    """PASSWORD_VERIFIER for a client's SRP_A, for a user who is not there, too, if that is to be hidden."""
    client_public = attempt.required("SRP_A")
    random = attempt.emulator.random
    identity, stored = (user.username, user.password) if user else _decoy(attempt, name)
    exchange = srp.begin(client_public, stored, random) if stored else None
    if stored is None or exchange is None:
        raise NotAuthorized(WRONG)
    data = {**data, "exchange": asdict(exchange), "salt": stored.salt}
    block = pose(attempt, user.sub if user else "", "PASSWORD_VERIFIER", data)
    parameters = {
        "SALT": stored.salt,
        "SRP_B": exchange.server_public,
        "SECRET_BLOCK": block,
        "USERNAME": identity,
        "USER_ID_FOR_SRP": identity,
    }
    return Challenged("PASSWORD_VERIFIER", parameters)


async def _choice(attempt: Attempt) -> Outcome:
    """The client's preferred way to prove who the user is or, if that is not open, the choice."""
    name = attempt.required("USERNAME")
    user = await _begin(attempt, name, attempt.parameters.get("PASSWORD"))
    preferred = attempt.parameters.get("PREFERRED_CHALLENGE")
    available = first_factor.available(attempt.pool, user)
    if preferred in available:
        return await _chosen(attempt, name, user, str(preferred))
    session = pose(attempt, user.sub if user else "", "SELECT_CHALLENGE", {"name": name})
    return Challenged("SELECT_CHALLENGE", {}, session, available)


async def choose(attempt: Attempt, challenge: Challenge) -> Outcome:
    """What the answer to SELECT_CHALLENGE leads to."""
    name, kind = challenge.data["name"], attempt.required("ANSWER")
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    if kind not in first_factor.available(attempt.pool, user):
        raise InvalidParameter(f"{kind} is not among the challenges that can be selected.")
    use_up(attempt, challenge)
    attempt.emulator.lockouts.check(_lock(attempt, user, name))
    return await _chosen(attempt, name, user, kind)


async def answer_password(attempt: Attempt, challenge: Challenge) -> Outcome:
    """What the answer to the challenge PASSWORD leads to."""
    name, password = challenge.data["name"], attempt.required("PASSWORD")
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    attempt.emulator.lockouts.check(_lock(attempt, user, name))
    use_up(attempt, challenge)
    return await _prove(attempt, name, user, password)


async def _chosen(attempt: Attempt, name: str, user: User | None, kind: str) -> Outcome:
    if kind == "PASSWORD_SRP":
        return _verifier(attempt, name, user, {})
    if kind == "PASSWORD":
        if password := attempt.parameters.get("PASSWORD"):
            return await _prove(attempt, name, user, password)
        session = pose(attempt, user.sub if user else "", "PASSWORD", {"name": name})
        return Challenged("PASSWORD", {"USERNAME": name}, session)
    if user is None:
        raise NotAuthorized(WRONG)
    return await first_factor.send(attempt, user, kind)


async def _custom(attempt: Attempt) -> Outcome:
    """Custom challenges, perhaps with the password, proved by SRP, among them."""
    name = attempt.required("USERNAME")
    user = await _begin(attempt, name)
    attempt = custom.without_metadata(attempt)
    by_srp = attempt.parameters.get("CHALLENGE_NAME") == "SRP_A"
    steps = [custom.step("SRP_A", right=True)] if by_srp else []
    outcome = await custom.go_on(attempt, user, name, steps)
    if isinstance(outcome, str):
        if outcome != custom.PASSWORD_VERIFIER or not by_srp:
            raise InvalidLambdaResponse(f"The challenge {outcome} cannot be posed here.", custom.DEFINE)
        return _verifier(attempt, name, user, {"name": name, "steps": steps})
    return outcome


async def _refresh(attempt: Attempt) -> Outcome:
    if attempt.client.rotates_refresh_tokens:
        raise InvalidParameter("This client rotates refresh tokens: use GetTokensFromRefreshToken.")
    user, grant = granted(attempt.emulator, attempt.required("REFRESH_TOKEN"), attempt.client)
    names = [user.username, user.sub, *user.attributes.values()]
    check_secret_hash(attempt.client, names, attempt.parameters.get("SECRET_HASH"))
    return await _again(attempt, user, grant)


async def refreshed(attempt: Attempt, token: str) -> SignedIn:
    """New tokens of the same session; a client that rotates refresh tokens gets a new one of these, too."""
    user, grant = granted(attempt.emulator, token, attempt.client)
    if attempt.client.rotates_refresh_tokens:
        at = attempt.emulator.clock()
        first = revocations.rotate(attempt.emulator.database, grant.id, grant.expires_at, at)
        if at > first + attempt.client.rotation_grace_seconds:
            raise RefreshTokenReuse("Refresh token has been rotated")
    return await _again(attempt, user, grant, rotates=attempt.client.rotates_refresh_tokens)


async def _again(attempt: Attempt, user: User, grant: Grant, *, rotates: bool = False) -> SignedIn:
    wanted = Wanted(
        attempt.pool,
        attempt.client,
        user,
        Session(grant.session, grant.auth_time, grant.device_key),
        "RefreshTokens",
        scopes=tuple(grant.scope.split()),
        metadata=attempt.metadata,
        refresh_until=grant.expires_at,
    )
    response = await generate(attempt.emulator, wanted)
    return SignedIn(attempt.emulator, wanted, response, shows_refresh_token=rotates)


async def _begin(attempt: Attempt, name: str, password: str | None = None) -> User | None:
    """The user who wants to sign in, after PreAuthentication; None if there is nobody and that is to be hidden.

    With a password a user who is not there yet may be migrated.
    """
    check_secret_hash(attempt.client, [name], attempt.parameters.get("SECRET_HASH"))
    user = users.find(attempt.emulator.database, attempt.pool, name)
    if user is None and password is not None:
        user = await _migrated(attempt, name, password)
    if user is None and not attempt.client.hides_missing_users:
        raise UserNotFound("User does not exist.")
    attempt.emulator.lockouts.check(_lock(attempt, user, name))
    if user and not user.enabled:
        raise NotAuthorized("User is disabled.")
    if user and user.status == RESET_REQUIRED:
        raise PasswordResetRequired("Password reset required for the user")
    call = triggers.pre_authentication(user, attempt.metadata)
    await attempt.emulator.trigger(attempt.pool, user.username if user else name, attempt.client.id, call)
    return user and users.by_sub(attempt.emulator.database, user.sub)


async def _migrated(attempt: Attempt, name: str, password: str) -> User | None:
    try:
        return await migrated(attempt.emulator, attempt.pool, attempt.client, name, password, attempt.metadata)
    except UserNotFound:
        if attempt.client.hides_missing_users:
            return None
        raise


def _lock(attempt: Attempt, user: User | None, name: str) -> str:
    """What wrong passwords are counted under: a name that nobody has is locked like any other."""
    return user.sub if user else f"{attempt.pool.id} {attempt.pool.key(name)}"


def _decoy(attempt: Attempt, name: str) -> tuple[str, Verifier]:
    """Username and verifier that stand for a user who is not there, the same each time the name is asked for."""
    seed = hashlib.sha256(attempt.emulator.refresh_key + f"{attempt.pool.id}{attempt.pool.key(name)}".encode()).digest()
    username = random_uuid(lambda size: seed[:size]) if attempt.pool.username_attributes else name
    return username, srp.decoy(seed)


FLOWS: dict[str, Callable[[Attempt], Awaitable[Outcome]]] = {
    "USER_PASSWORD_AUTH": _password,
    "ADMIN_USER_PASSWORD_AUTH": _password,
    "USER_SRP_AUTH": _srp,
    "CUSTOM_AUTH": _custom,
    "USER_AUTH": _choice,
    "REFRESH_TOKEN_AUTH": _refresh,
}

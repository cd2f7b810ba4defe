"""The auth flows: how an attempt to sign in can begin, in a table."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace

from .. import triggers
from ..errors import NotAuthorized, PasswordResetRequired, UserNotFound
from ..model import RESET_REQUIRED, Session, User, Verifier, random_uuid
from ..store import users
from ..tokens.access import granted
from ..tokens.issue import Wanted, generate
from . import srp
from .attempt import WRONG, Attempt, Challenged, Outcome, SignedIn, after_proof, pose
from .clients import check_secret_hash


async def _password(attempt: Attempt) -> Outcome:
    name, password = attempt.required("USERNAME"), attempt.required("PASSWORD")
    user = await _begin(attempt, name)
    if user is None or not attempt.emulator.passwords.right(attempt.pool, user, password):
        raise NotAuthorized(WRONG)
    # ClientMetadata of InitiateAuth reaches PreAuthentication only.
    return await after_proof(replace(attempt, metadata=None), user)


async def _srp(attempt: Attempt) -> Outcome:
    """PASSWORD_VERIFIER for a client's SRP_A, for a user who is not there, too, if that is to be hidden."""
    name, client_public = attempt.required("USERNAME"), attempt.required("SRP_A")
    user = await _begin(attempt, name)
    random = attempt.emulator.random
    identity, stored = (user.username, user.password) if user else _decoy(attempt, name)
    exchange = srp.begin(client_public, stored, random) if stored else None
    if stored is None or exchange is None:
        raise NotAuthorized(WRONG)
    data = {"exchange": asdict(exchange), "salt": stored.salt}
    block = pose(attempt, user.sub if user else "", "PASSWORD_VERIFIER", data)
    parameters = {
        "SALT": stored.salt,
        "SRP_B": exchange.server_public,
        "SECRET_BLOCK": block,
        "USERNAME": identity,
        "USER_ID_FOR_SRP": identity,
    }
    return Challenged("PASSWORD_VERIFIER", parameters)


async def _refresh(attempt: Attempt) -> Outcome:
    return await refreshed(attempt, attempt.required("REFRESH_TOKEN"), check_hash=True)


async def refreshed(attempt: Attempt, token: str, *, check_hash: bool = False) -> SignedIn:
    """New ID and access tokens of the same session; the refresh token stays."""
    user, grant = granted(attempt.emulator, token, attempt.client)
    if check_hash:
        names = [user.username, user.sub, *user.attributes.values()]
        check_secret_hash(attempt.client, names, attempt.parameters.get("SECRET_HASH"))
    wanted = Wanted(
        attempt.pool,
        attempt.client,
        user,
        Session(grant.session, grant.auth_time),
        "RefreshTokens",
        scopes=tuple(grant.scope.split()),
        metadata=attempt.metadata,
    )
    return SignedIn(attempt.emulator, wanted, await generate(attempt.emulator, wanted), refreshed=True)


async def _begin(attempt: Attempt, name: str) -> User | None:
    """The user who wants to sign in, after PreAuthentication; None if there is nobody and that is to be hidden."""
    check_secret_hash(attempt.client, [name], attempt.parameters.get("SECRET_HASH"))
    user = users.find(attempt.emulator.database, attempt.pool, name)
    if user is None and not attempt.client.hides_missing_users:
        raise UserNotFound("User does not exist.")
    if user and not user.enabled:
        raise NotAuthorized("User is disabled.")
    if user and user.status == RESET_REQUIRED:
        raise PasswordResetRequired("Password reset required for the user")
    call = triggers.pre_authentication(user, attempt.metadata)
    await attempt.emulator.trigger(attempt.pool, user.username if user else name, attempt.client.id, call)
    return user and users.by_sub(attempt.emulator.database, user.sub)


def _decoy(attempt: Attempt, name: str) -> tuple[str, Verifier]:
    """Username and verifier that stand for a user who is not there, the same each time the name is asked for."""
    seed = hashlib.sha256(attempt.emulator.refresh_key + f"{attempt.pool.id}{attempt.pool.key(name)}".encode()).digest()
    username = random_uuid(lambda size: seed[:size]) if attempt.pool.username_attributes else name
    return username, srp.decoy(seed)


FLOWS: dict[str, Callable[[Attempt], Awaitable[Outcome]]] = {
    "USER_PASSWORD_AUTH": _password,
    "ADMIN_USER_PASSWORD_AUTH": _password,
    "USER_SRP_AUTH": _srp,
    "REFRESH_TOKEN_AUTH": _refresh,
}

"""Signing in: the auth flows and the challenges they lead to, each in a table."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace

import orjson

from .. import accounts, triggers
from ..attributes import check_change
from ..auth import srp
from ..emulator import Emulator
from ..errors import (
    InvalidParameter,
    NotAuthorized,
    PasswordResetRequired,
    ResourceNotFound,
    UserNotConfirmed,
    UserNotFound,
)
from ..model import (
    CONFIRMED,
    FORCE_CHANGE_PASSWORD,
    RESET_REQUIRED,
    UNCONFIRMED,
    Challenge,
    Client,
    Json,
    Pool,
    Session,
    User,
    Verifier,
    random_uuid,
    session_id,
)
from ..store import challenges, users
from ..tokens.access import granted
from ..tokens.issue import Tokens, Wanted, issue
from .request import change, check_secret_hash, client_of

DAY = 86400
WRONG = "Incorrect username or password."
ADMIN_FLOWS = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
# The names a flow had before, and still may be asked for by.
FLOW_NAMES = {"REFRESH_TOKEN": "REFRESH_TOKEN_AUTH", "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH"}


@dataclass(frozen=True)
class Attempt:
    """A request to sign in, or one more step of it."""

    emulator: Emulator
    pool: Pool
    client: Client
    parameters: Json = field(repr=False)
    metadata: Json | None
    challenge: Challenge | None = field(default=None, repr=False)

    def required(self, name: str) -> str:
        value = self.parameters.get(name)
        if not value:
            raise InvalidParameter(f"Missing required parameter {name}")
        return str(value)


async def initiate_auth(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    if request["AuthFlow"] in ADMIN_FLOWS:
        raise InvalidParameter("Initiate Auth method not supported.")
    return await _initiate(emulator, pool, client, request)


async def admin_initiate_auth(emulator: Emulator, request: Json) -> Json:
    pool, client = _client_in_pool(emulator, request)
    if request["AuthFlow"] == "USER_PASSWORD_AUTH":
        raise InvalidParameter("Initiate Auth method not supported.")
    return await _initiate(emulator, pool, client, request)


async def respond_to_auth_challenge(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    return await _respond(emulator, pool, client, request)


async def admin_respond_to_auth_challenge(emulator: Emulator, request: Json) -> Json:
    pool, client = _client_in_pool(emulator, request)
    return await _respond(emulator, pool, client, request)


async def get_tokens_from_refresh_token(emulator: Emulator, request: Json) -> Json:
    pool, client = client_of(emulator, request["ClientId"])
    if client.secret is not None and request.get("ClientSecret") != client.secret:
        raise NotAuthorized(
            "Client secret does not match" if request.get("ClientSecret") else "Client secret is missing"
        )
    attempt = Attempt(emulator, pool, client, {}, request.get("ClientMetadata"))
    return await _refreshed(attempt, request["RefreshToken"])


def _client_in_pool(emulator: Emulator, request: Json) -> tuple[Pool, Client]:
    pool, client = client_of(emulator, request["ClientId"])
    if pool.id != request["UserPoolId"]:
        raise ResourceNotFound(f"User pool client {client.id} does not exist.")
    return pool, client


async def _initiate(emulator: Emulator, pool: Pool, client: Client, request: Json) -> Json:
    asked = request["AuthFlow"]
    flow = FLOW_NAMES.get(asked, asked)
    if flow not in FLOWS:
        raise InvalidParameter(f"{asked} is missing in this emulator.")
    if not client.allows(flow) and not client.allows(asked):
        raise InvalidParameter(
            "Auth flow not enabled for this client"
            if asked in ADMIN_FLOWS
            else f"{asked} flow not enabled for this client"
        )
    attempt = Attempt(emulator, pool, client, request.get("AuthParameters", {}), request.get("ClientMetadata"))
    return await FLOWS[flow](attempt)


async def _password(attempt: Attempt) -> Json:
    name, password = attempt.required("USERNAME"), attempt.required("PASSWORD")
    user = await _begin(attempt, name)
    if user is None or not attempt.emulator.passwords.right(attempt.pool, user, password):
        raise NotAuthorized(WRONG)
    # ClientMetadata of InitiateAuth reaches PreAuthentication only.
    return await _proved(replace(attempt, metadata=None), user)


async def _srp(attempt: Attempt) -> Json:
    """PASSWORD_VERIFIER for a client's SRP_A, for a user who is not there, too, if that is to be hidden."""
    name, client_public = attempt.required("USERNAME"), attempt.required("SRP_A")
    user = await _begin(attempt, name)
    random = attempt.emulator.random
    identity, stored = (user.username, user.password) if user else _decoy(attempt, name)
    exchange = srp.begin(client_public, stored, random) if stored else None
    if stored is None or exchange is None:
        raise NotAuthorized(WRONG)
    data = {"exchange": asdict(exchange), "salt": stored.salt}
    block = _pose(attempt, user.sub if user else "", "PASSWORD_VERIFIER", data)
    parameters = {
        "SALT": stored.salt,
        "SRP_B": exchange.server_public,
        "SECRET_BLOCK": block,
        "USERNAME": identity,
        "USER_ID_FOR_SRP": identity,
    }
    return {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": parameters}


async def _refresh(attempt: Attempt) -> Json:
    return await _refreshed(attempt, attempt.required("REFRESH_TOKEN"), check_hash=True)


async def _refreshed(attempt: Attempt, token: str, *, check_hash: bool = False) -> Json:
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
    return _authenticated(await issue(attempt.emulator, wanted), with_refresh=False)


async def _respond(emulator: Emulator, pool: Pool, client: Client, request: Json) -> Json:
    name = request["ChallengeName"]
    if name not in CHALLENGES:
        raise InvalidParameter(f"The challenge {name} is missing in this emulator.")
    parameters = request.get("ChallengeResponses", {})
    attempt = Attempt(emulator, pool, client, parameters, request.get("ClientMetadata"))
    username = attempt.required("USERNAME")
    check_secret_hash(client, [username], parameters.get("SECRET_HASH"))
    # The secret block is what names an SRP exchange: pycognito sends no session with it.
    session = parameters.get("PASSWORD_CLAIM_SECRET_BLOCK") if name == "PASSWORD_VERIFIER" else request.get("Session")
    challenge = _posed(attempt, name, session)
    return await CHALLENGES[name](replace(attempt, challenge=challenge), challenge)


async def _new_password(attempt: Attempt, challenge: Challenge) -> Json:
    user = _challenged_user(attempt, challenge)
    password = attempt.required("NEW_PASSWORD")
    prefix = "userAttributes."
    given = {name[len(prefix) :]: value for name, value in attempt.parameters.items() if name.startswith(prefix)}
    check_change(attempt.pool, given)
    ready = accounts.with_password(attempt.emulator, attempt.pool, user, password)
    _use_up(attempt, challenge)

    def changed(now: User) -> User:
        attributes = {**now.attributes, **given}
        accounts.check_attributes_free(attempt.emulator, attempt.pool, now, attributes)
        return replace(
            now,
            password=ready.password,
            password_set_at=ready.password_set_at,
            attributes=attributes,
            status=CONFIRMED,
        )

    user = change(attempt.emulator, attempt.pool, user, changed)
    return await complete(attempt, user, "NewPasswordChallenge")


async def _password_verifier(attempt: Attempt, challenge: Challenge) -> Json:
    data = challenge.data
    signature, timestamp = attempt.required("PASSWORD_CLAIM_SIGNATURE"), attempt.required("TIMESTAMP")
    _use_up(attempt, challenge)
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
    return await _proved(attempt, user)


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
    return user


async def _proved(attempt: Attempt, user: User) -> Json:
    """What follows when the password was right: tokens, or what stands in the way."""
    if user.status == UNCONFIRMED:
        raise UserNotConfirmed("User is not confirmed.")
    if user.status != FORCE_CHANGE_PASSWORD:
        return await complete(attempt, user, "Authentication")
    days = int(attempt.pool.password_policy.get("TemporaryPasswordValidityDays") or 7)
    if user.password_set_at + days * DAY <= attempt.emulator.clock():
        raise NotAuthorized("Temporary password has expired and must be reset by an administrator.")
    session = _pose(attempt, user.sub, "NEW_PASSWORD_REQUIRED", {})
    parameters = {
        "USER_ID_FOR_SRP": user.username,
        "requiredAttributes": "[]",
        "userAttributes": orjson.dumps(user.attributes).decode(),
    }
    return {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeParameters": parameters}


async def complete(attempt: Attempt, user: User, source: str) -> Json:
    """The tokens of a new session, with the triggers that run once a user proved who it is."""
    emulator, pool, client = attempt.emulator, attempt.pool, attempt.client
    at = emulator.clock()
    session = Session(session_id(at, emulator.random), int(at))
    wanted = Wanted(pool, client, user, session, source, metadata=attempt.metadata)
    post = triggers.post_authentication(user, attempt.metadata)
    tokens = None
    for trigger in triggers.AFTER_AUTHENTICATION:
        if trigger == "PreTokenGeneration":
            tokens = await issue(emulator, wanted)
        else:
            await emulator.trigger(pool, user.username, client.id, post)
    if tokens is None:
        raise LookupError("triggers.AFTER_AUTHENTICATION must name PreTokenGeneration")
    return _authenticated(tokens, with_refresh=True)


def _decoy(attempt: Attempt, name: str) -> tuple[str, Verifier]:
    """Username and verifier that stand for a user who is not there, the same each time the name is asked for."""
    seed = hashlib.sha256(attempt.emulator.refresh_key + f"{attempt.pool.id}{attempt.pool.key(name)}".encode()).digest()
    username = random_uuid(lambda size: seed[:size]) if attempt.pool.username_attributes else name
    return username, srp.decoy(seed)


def _pose(attempt: Attempt, sub: str, name: str, data: Json) -> str:
    """Keeps a challenge; gives the text that names it in the answer: the session, or SRP's secret block."""
    at = attempt.emulator.clock()
    identity = base64.b64encode(attempt.emulator.random(96)).decode()
    expires_at = at + attempt.client.session_seconds
    challenges.add(attempt.emulator.database, Challenge(identity, attempt.client.id, sub, name, data, expires_at), at)
    return identity


def _posed(attempt: Attempt, name: str, session: str | None) -> Challenge:
    """The challenge a session string stands for."""
    if not session:
        raise InvalidParameter("Missing required parameter Session")
    challenge = challenges.find(attempt.emulator.database, session)
    if challenge is None or challenge.client_id != attempt.client.id or challenge.name != name:
        raise NotAuthorized("Invalid session for the user, session can only be used once.")
    if challenge.expires_at <= attempt.emulator.clock():
        raise NotAuthorized("Invalid session for the user, session is expired.")
    return challenge


def _use_up(attempt: Attempt, challenge: Challenge) -> None:
    if not challenges.remove(attempt.emulator.database, challenge.id):
        raise NotAuthorized("Invalid session for the user, session can only be used once.")


def _challenged_user(attempt: Attempt, challenge: Challenge) -> User:
    user = users.by_sub(attempt.emulator.database, challenge.sub)
    named = users.find(attempt.emulator.database, attempt.pool, attempt.required("USERNAME"))
    if user is None or named is None or named.sub != user.sub:
        raise NotAuthorized("Invalid session for the user.")
    return user


def _authenticated(tokens: Tokens, *, with_refresh: bool) -> Json:
    result: Json = {
        "AccessToken": tokens.access,
        "ExpiresIn": tokens.expires_in,
        "IdToken": tokens.id,
        "TokenType": "Bearer",
    }
    if with_refresh:
        result["RefreshToken"] = tokens.refresh
    return {"ChallengeParameters": {}, "AuthenticationResult": result}


FLOWS: dict[str, Callable[[Attempt], Awaitable[Json]]] = {
    "USER_PASSWORD_AUTH": _password,
    "ADMIN_USER_PASSWORD_AUTH": _password,
    "USER_SRP_AUTH": _srp,
    "REFRESH_TOKEN_AUTH": _refresh,
}
CHALLENGES: dict[str, Callable[[Attempt, Challenge], Awaitable[Json]]] = {
    "NEW_PASSWORD_REQUIRED": _new_password,
    "PASSWORD_VERIFIER": _password_verifier,
}

"""Who an access or refresh token speaks for, if it still does."""

from __future__ import annotations

from dataclasses import dataclass

import jwt
from jwt.types import Options

from ..emulator import Emulator
from ..errors import NotAuthorized, UserNotFound
from ..model import Client, Pool, User, session_time
from ..store import pools, revocations, users
from . import refresh
from .issue import API_SCOPE

# Time is checked against the emulator's clock, the audience by client_id.
_UNCHECKED: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}


@dataclass(frozen=True)
class Bearer:
    """The user an access token was given to, the pool and client it came from, its session, scopes and device."""

    pool: Pool
    client: Client
    user: User
    session: str
    scopes: tuple[str, ...]
    device_key: str | None = None


def bearer(emulator: Emulator, token: str, *, scope: str = API_SCOPE) -> Bearer:
    """The bearer of an access token; raises NotAuthorized for one that is not valid any more, or never was."""
    try:
        claims = jwt.decode(token, emulator.access_key.public, algorithms=["RS256"], options=_UNCHECKED)
    except jwt.InvalidTokenError as error:
        raise NotAuthorized("Invalid Access Token") from error
    pool = pools.find(emulator.database, claims["iss"].rpartition("/")[2])
    client = pools.client(emulator.database, claims["client_id"])
    if pool is None or client is None or client.pool_id != pool.id or claims["iss"] != emulator.issuer(pool.id):
        raise NotAuthorized("Invalid Access Token")
    if claims["exp"] <= emulator.clock():
        raise NotAuthorized("Access Token has expired")
    if "username" not in claims:
        raise NotAuthorized("Access Token does not have required scopes")  # A program has it, for itself.
    user = present(emulator, claims["sub"], claims["origin_jti"], "Access Token")
    scopes = tuple(claims.get("scope", "").split())
    if scope not in scopes:
        raise NotAuthorized("Access Token does not have required scopes")
    return Bearer(pool, client, user, claims["origin_jti"], scopes, claims.get("device_key"))


def granted(emulator: Emulator, token: str, client: Client) -> tuple[User, refresh.Grant]:
    """The user and grant of a refresh token; raises NotAuthorized."""
    grant = refresh.unseal(token, emulator.refresh_key)
    if grant is None or grant.client_id != client.id:
        raise NotAuthorized("Invalid Refresh Token")
    if grant.expires_at <= emulator.clock():
        raise NotAuthorized("Refresh Token has expired")
    try:
        return present(emulator, grant.sub, grant.session, "Refresh Token"), grant
    except UserNotFound as error:
        raise NotAuthorized("Invalid Refresh Token") from error


def revoke(emulator: Emulator, session: str, expires_at: float) -> None:
    revocations.add(emulator.database, session, expires_at, emulator.clock())


def present(emulator: Emulator, sub: str, session: str, kind: str) -> User:
    """The user of a session, if both still are; raises UserNotFound or NotAuthorized."""
    user = users.by_sub(emulator.database, sub)
    if user is None:
        raise UserNotFound("User does not exist.")
    if not user.enabled:
        raise NotAuthorized("User is disabled.")
    if session_time(session) <= user.signed_out_at or revocations.contains(emulator.database, session):
        raise NotAuthorized(f"{kind} has been revoked")
    return user

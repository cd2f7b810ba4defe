"""Issuing tokens, in one way for every front end: one PreTokenGeneration call for both, then the signatures."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import Future
from dataclasses import dataclass, field

from .. import triggers
from ..emulator import Emulator
from ..model import Client, Json, Pool, Session, User, random_uuid
from ..store import groups
from . import claims, refresh

API_SCOPE = "aws.cognito.signin.user.admin"
OPENID = "openid"
HOUR, DAY = 3600, 86400


@dataclass(frozen=True)
class Tokens:
    id: str = field(repr=False)
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class Wanted:
    """What tokens are asked for: on whose behalf, through which client, on what occasion.

    `refresh_until` is when the refresh token ends, where it replaces one.
    """

    pool: Pool
    client: Client
    user: User
    session: Session
    source: str
    scopes: tuple[str, ...] = (API_SCOPE,)
    metadata: Json | None = None
    nonce: str | None = None
    refresh_until: int | None = None


async def generate(emulator: Emulator, wanted: Wanted) -> Json | None:
    """The response of the PreTokenGeneration trigger, or None without one; raises what a failing one leads to."""
    pool, user = wanted.pool, wanted.user
    in_groups = _groups(emulator, wanted)
    configuration: Json = {
        "groupsToOverride": list(in_groups.names),
        "iamRolesToOverride": list(in_groups.roles),
        "preferredRole": in_groups.preferred_role,
    }
    call = triggers.pre_token_generation(
        wanted.source, user, pool.token_event_version, configuration, wanted.scopes, wanted.metadata
    )
    response = await emulator.trigger(pool, user.username, wanted.client.id, call)
    _overrides(wanted, response, in_groups)
    return response


def sign(emulator: Emulator, wanted: Wanted, response: Json | None) -> Tokens:
    """ID, access and refresh token, as the response of PreTokenGeneration would have them."""
    overrides = _overrides(wanted, response, _groups(emulator, wanted))
    at = int(emulator.clock())
    shared = {"iss": emulator.issuer(wanted.pool.id), "event_id": random_uuid(emulator.random), "iat": at}
    # A signature is a quarter of a millisecond outside of the interpreter: the two are made side by side.
    access = emulator.signing.submit(emulator.access_key.sign, _access_claims(emulator, wanted, overrides, shared))
    return Tokens(
        id=emulator.id_key.sign(_id_claims(emulator, wanted, overrides, shared, access)),
        access=access.result(),
        refresh=_refresh_token(emulator, wanted, at),
        expires_in=wanted.client.seconds("AccessToken", HOUR, "hours"),
    )


def _groups(emulator: Emulator, wanted: Wanted) -> claims.GroupClaims:
    return claims.of_groups(groups.of_user(emulator.database, wanted.user.sub))


def _overrides(wanted: Wanted, response: Json | None, in_groups: claims.GroupClaims) -> claims.Overrides:
    if response is None:
        return claims.Overrides(groups=in_groups)
    return claims.overrides(wanted.pool.token_event_version, response, in_groups)


def _id_claims(
    emulator: Emulator, wanted: Wanted, overrides: claims.Overrides, shared: Json, access: Future[str]
) -> Json:
    own = claims.id_claims(wanted.user, wanted.client, wanted.session, wanted.scopes)
    groups_of_user = overrides.groups.claims() if overrides.groups else {}
    lifetime = wanted.client.seconds("IdToken", HOUR, "hours")
    content = {**own, **groups_of_user, **shared, **_identity(emulator, shared, lifetime)}
    if OPENID in wanted.scopes:
        content["at_hash"] = _half_of_the_hash(access.result())
    if wanted.nonce is not None:
        content["nonce"] = wanted.nonce
    return overrides.id.applied(content)


def _access_claims(emulator: Emulator, wanted: Wanted, overrides: claims.Overrides, shared: Json) -> Json:
    own = claims.access_claims(wanted.user, wanted.client, wanted.session)
    names = list(overrides.groups.names) if overrides.groups else []
    scope = " ".join(overrides.scopes(wanted.scopes))
    lifetime = wanted.client.seconds("AccessToken", HOUR, "hours")
    content = {**own, **shared, **_identity(emulator, shared, lifetime), "scope": scope}
    if names:
        content["cognito:groups"] = names
    return overrides.access.applied(content, claims.PROTECTED_IN_ACCESS)


def _half_of_the_hash(token: str) -> str:
    """at_hash of OpenID Connect Core, 3.1.3.6."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def _identity(emulator: Emulator, shared: Json, lifetime: int) -> Json:
    return {"exp": shared["iat"] + lifetime, "jti": random_uuid(emulator.random)}


def _refresh_token(emulator: Emulator, wanted: Wanted, at: int) -> str:
    grant = refresh.Grant(
        sub=wanted.user.sub,
        client_id=wanted.client.id,
        session=wanted.session.id,
        auth_time=wanted.session.auth_time,
        expires_at=wanted.refresh_until or at + wanted.client.seconds("RefreshToken", 30 * DAY, "days"),
        scope=" ".join(wanted.scopes),
        id=random_uuid(emulator.random),
        device_key=wanted.session.device_key,
    )
    return refresh.seal(grant, emulator.refresh_key, emulator.random)

"""Access tokens of programs that sign in for themselves, with the client credentials grant."""

from __future__ import annotations

from .. import triggers
from ..emulator import Emulator
from ..model import Client, Json, random_uuid
from ..store import pools
from . import claims
from .issue import HOUR

# What the event says for a user where there is none.
USERNAME = "ClientCredentials"
EVENT_VERSION = "3"


async def issue(emulator: Emulator, client: Client, scopes: tuple[str, ...], metadata: Json | None) -> tuple[str, int]:
    """The token and its seconds; a V3_0 PreTokenGeneration may change it. Raises what a failing one leads to."""
    pool = pools.find(emulator.database, client.pool_id)
    overrides = claims.Overrides()
    if pool and pool.token_event_version == EVENT_VERSION:
        call = triggers.pre_token_generation_for_machine(scopes, metadata)
        response = await emulator.trigger(pool, USERNAME, client.id, call)
        overrides = claims.overrides(EVENT_VERSION, response or {}, claims.GroupClaims())
    at, lifetime = int(emulator.clock()), client.seconds("AccessToken", HOUR, "hours")
    content = {
        "sub": client.id,
        "token_use": "access",
        "scope": " ".join(overrides.scopes(scopes)),
        "auth_time": at,
        "iss": emulator.issuer(client.pool_id),
        "exp": at + lifetime,
        "iat": at,
        "version": 2,
        "jti": random_uuid(emulator.random),
        "client_id": client.id,
    }
    return emulator.access_key.sign(overrides.access.applied(content, claims.PROTECTED_IN_ACCESS)), lifetime

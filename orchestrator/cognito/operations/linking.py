"""Which identities of providers belong to a user, as administrators arrange it."""

from __future__ import annotations

from dataclasses import replace

from .. import accounts
from ..auth.federation import SUBJECT, identities, identity, with_identities
from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound, UserNotFound
from ..model import EXTERNAL_PROVIDER, IdentityProvider, Json, Pool, User
from ..store import providers, users
from .request import pool_of, user_of

LOCAL = "Cognito"


def admin_link_provider_for_user(emulator: Emulator, request: Json) -> Json:
    """From now on, who signs in with the source is the destination."""
    pool, source = pool_of(emulator, request["UserPoolId"]), request["SourceUser"]
    destination = _destination(emulator, pool, request["DestinationUser"])
    provider = _provider(emulator, pool, source)
    attribute, value = source.get("ProviderAttributeName") or SUBJECT, _value(source, "SourceUser")
    owner = providers.owner(emulator.database, pool.id, provider.name, {attribute: value})
    if owner == destination.sub:
        raise InvalidParameter("SourceUser is already linked to DestinationUser")
    if owner:
        raise InvalidParameter(
            "Merging is not currently supported, provide a SourceUser that has not been signed up in order to link"
        )
    added = identity(provider, value, emulator.clock(), primary=False)
    with emulator.database.transaction():
        providers.link(emulator.database, pool.id, provider.name, attribute, value, destination.sub)
        accounts.change(emulator, pool, destination, lambda now: with_identities(now, [*identities(now), added]))
    return {}


def admin_disable_provider_for_user(emulator: Emulator, request: Json) -> Json:
    """Takes an identity from the user it is linked to; a user who is nothing but that identity is disabled."""
    pool, given = pool_of(emulator, request["UserPoolId"]), request["User"]
    value = _value(given, "User")
    if given.get("ProviderName") == LOCAL:
        user = user_of(emulator, pool, value)
        accounts.change(emulator, pool, user, lambda now: replace(now, password=None))
        return {}
    provider = _provider(emulator, pool, given)
    attribute = given.get("ProviderAttributeName") or SUBJECT
    sub = providers.owner(emulator.database, pool.id, provider.name, {attribute: value})
    owner = users.by_sub(emulator.database, sub) if sub else None
    if owner is None:
        raise UserNotFound("User does not exist.")

    def changed(now: User) -> User:
        kept = [each for each in identities(now) if (each["providerName"], each["userId"]) != (provider.name, value)]
        now = with_identities(now, kept)
        gone = now.status == EXTERNAL_PROVIDER and not kept
        return replace(now, enabled=False, signed_out_at=emulator.clock()) if gone else now

    with emulator.database.transaction():
        providers.unlink(emulator.database, pool.id, provider.name, attribute, value)
        accounts.change(emulator, pool, owner, changed)
    return {}


def _destination(emulator: Emulator, pool: Pool, given: Json) -> User:
    value = _value(given, "DestinationUser")
    name = given.get("ProviderName", LOCAL)
    if name == LOCAL:
        return user_of(emulator, pool, value)
    attribute = given.get("ProviderAttributeName") or SUBJECT
    sub = providers.owner(emulator.database, pool.id, name, {attribute: value})
    user = users.by_sub(emulator.database, sub) if sub else users.by_username(emulator.database, pool, value)
    if user is None:
        raise UserNotFound("User does not exist.")
    return user


def _provider(emulator: Emulator, pool: Pool, given: Json) -> IdentityProvider:
    name = given.get("ProviderName", "")
    provider = providers.find(emulator.database, pool.id, name)
    if provider is None:
        raise ResourceNotFound(f"Identity provider {name} does not exist.")
    return provider


def _value(given: Json, member: str) -> str:
    if not given.get("ProviderAttributeValue"):
        raise InvalidParameter(f"{member}.ProviderAttributeValue is missing.")
    return str(given["ProviderAttributeValue"])

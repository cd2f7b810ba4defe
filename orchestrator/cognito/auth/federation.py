"""Users who come from an identity provider: found or made, with the attributes that the provider tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from .. import accounts, triggers
from ..attributes import schema
from ..emulator import Emulator
from ..errors import AliasExists, InvalidParameter, NotAuthorized, UsernameExists
from ..model import EXTERNAL_PROVIDER, IDENTITIES, Client, IdentityProvider, Json, Pool, User, random_uuid
from ..store import groups, providers, users
from .attempt import Attempt, SignedIn
from .progress import complete

# The name that AdminLinkProviderForUser has for the provider's own id of a person.
SUBJECT = "Cognito_Subject"
SOURCE = "HostedAuth"


@dataclass(frozen=True)
class Profile:
    """A person as an identity provider tells: its id there, and the claims by their names."""

    subject: str
    claims: Mapping[str, str] = field(repr=False)


async def enter(attempt: Attempt, provider: IdentityProvider, profile: Profile) -> SignedIn:
    """The sign-in of a person whom a provider vouches for.

    The first one runs PreSignUp and PostConfirmation, later ones PostAuthentication.
    Raises InvalidParameter when attributes are missing or can't be changed, NotAuthorized for a disabled user.
    """
    emulator, pool = attempt.emulator, attempt.pool
    known = _known(emulator, provider, profile)
    if known is None:
        user = await _made(emulator, pool, attempt.client, provider, profile)
        return await complete(attempt, user, SOURCE, first=True)
    if not known.enabled:
        raise NotAuthorized("User is disabled.")
    changed = attributes_of(provider, profile)
    _check_mutable(pool, known, changed)
    user = accounts.change(emulator, pool, known, lambda now: replace(now, attributes={**now.attributes, **changed}))
    return await complete(attempt, user, SOURCE)


def attributes_of(provider: IdentityProvider, profile: Profile) -> dict[str, str]:
    """The user's attributes, by the provider's attribute mapping."""
    claims = {"sub": profile.subject, "id": profile.subject, "user_id": profile.subject, **profile.claims}
    mapped = {
        attribute: claims[claim]
        for attribute, claim in provider.mapping.items()
        if attribute != "username" and claims.get(claim)
    }
    unverified = {"email_verified": "false"} if "email" in mapped else {}
    return {**unverified, **mapped}


def identity(provider: IdentityProvider, subject: str, at: float, *, primary: bool) -> Json:
    """One member of the `identities` attribute."""
    return {
        "userId": subject,
        "providerName": provider.name,
        "providerType": provider.kind,
        "issuer": (provider.settings.get("ProviderDetails") or {}).get("oidc_issuer"),
        "primary": primary,
        "dateCreated": int(at * 1000),
    }


def identities(user: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(user.attributes.get(IDENTITIES, "[]"))
    return found


def with_identities(user: User, found: list[Json]) -> User:
    others = {name: value for name, value in user.attributes.items() if name != IDENTITIES}
    return replace(user, attributes={IDENTITIES: orjson.dumps(found).decode(), **others} if found else others)


def _known(emulator: Emulator, provider: IdentityProvider, profile: Profile) -> User | None:
    claims = {SUBJECT: profile.subject, **profile.claims}
    sub = providers.owner(emulator.database, provider.pool_id, provider.name, claims)
    return users.by_sub(emulator.database, sub) if sub else None


async def _made(emulator: Emulator, pool: Pool, client: Client, provider: IdentityProvider, profile: Profile) -> User:
    """A new user, in the provider's group."""
    username, told = f"{provider.name}_{profile.subject}", attributes_of(provider, profile)
    lacking = [name for name, given in schema(pool).items() if given.get("Required") and not told.get(name)]
    if lacking := [name for name in lacking if name != "sub"]:
        raise InvalidParameter(f"attributes required: [{', '.join(lacking)}]")
    at = emulator.clock()
    user = User(pool.id, random_uuid(emulator.random), username, told, EXTERNAL_PROVIDER, created_at=at, modified_at=at)
    aliases = {"cognito:email_alias": "", "cognito:phone_number_alias": ""}
    call = triggers.pre_sign_up("ExternalProvider", {**aliases, **told}, {}, None)
    await emulator.trigger(pool, username, client.id, call)
    # Cognito fails like that, too, when PreSignUp links the identity to a user: the next sign-in finds that user.
    if _known(emulator, provider, profile) or users.by_username(emulator.database, pool, username):
        raise UsernameExists(f"Already found an entry for username {username}")
    user = with_identities(user, [identity(provider, profile.subject, at, primary=True)])
    _keep(emulator, pool, provider, profile, user)
    await accounts.announce_confirmation(emulator, pool, client, user, "ConfirmSignUp", None)
    return user


def _keep(emulator: Emulator, pool: Pool, provider: IdentityProvider, profile: Profile, user: User) -> None:
    database, group = emulator.database, group_of(pool, provider)
    with database.transaction():
        if pool.alias_attributes:
            try:
                accounts.check_attributes_free(emulator, pool, user, user.attributes)
            except AliasExists as error:
                raise InvalidParameter(error.message) from error
        users.add(database, pool, user)
        providers.link(database, pool.id, provider.name, SUBJECT, profile.subject, user.sub)
        if groups.find(database, pool.id, group) is None:
            description = f"Autogenerated group for users who sign in using {provider.name}"
            settings = {"GroupName": group, "Description": description}
            groups.save(database, pool.id, group, settings, emulator.clock())
        groups.join(database, user.sub, pool.id, group)


def group_of(pool: Pool, provider: IdentityProvider) -> str:
    return f"{pool.id}_{provider.name}"


def _check_mutable(pool: Pool, user: User, changed: Mapping[str, str]) -> None:
    known = schema(pool)
    for name, value in changed.items():
        if known.get(name, {}).get("Mutable") is False and user.attributes.get(name) != value:
            raise InvalidParameter(f"user.{name}: Attribute cannot be updated.")

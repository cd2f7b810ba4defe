"""Identity providers of a pool: Google, Facebook, Apple, OIDC and SAML ones."""

from __future__ import annotations

from ..emulator import Emulator
from ..errors import DuplicateProvider, ResourceNotFound
from ..model import IdentityProvider, Json
from ..store import providers
from .request import page_place, page_token, pool_of

PAGE = 60
SETTINGS = ("ProviderType", "ProviderDetails", "AttributeMapping", "IdpIdentifiers")


def create_identity_provider(emulator: Emulator, request: Json) -> Json:
    pool, name = pool_of(emulator, request["UserPoolId"]), request["ProviderName"]
    with emulator.database.transaction():
        if providers.find(emulator.database, pool.id, name):
            raise DuplicateProvider(f"A provider with the name {name} already exists.")
        providers.save(emulator.database, pool.id, name, _settings(request), emulator.clock())
    return {"IdentityProvider": _shown(_provider(emulator, pool.id, name))}


def update_identity_provider(emulator: Emulator, request: Json) -> Json:
    pool, name = pool_of(emulator, request["UserPoolId"]), request["ProviderName"]
    with emulator.database.transaction():
        known = _provider(emulator, pool.id, name)
        settings = {**known.settings, **_settings(request)}
        providers.save(emulator.database, pool.id, name, settings, emulator.clock())
    return {"IdentityProvider": _shown(_provider(emulator, pool.id, name))}


def describe_identity_provider(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    return {"IdentityProvider": _shown(_provider(emulator, pool.id, request["ProviderName"]))}


def get_identity_provider_by_identifier(emulator: Emulator, request: Json) -> Json:
    pool, identifier = pool_of(emulator, request["UserPoolId"]), request["IdpIdentifier"]
    found = [each for each in providers.after(emulator.database, pool.id) if identifier in each.identifiers]
    if not found:
        raise ResourceNotFound(f"Identity provider {identifier} does not exist.")
    return {"IdentityProvider": _shown(found[0])}


def delete_identity_provider(emulator: Emulator, request: Json) -> Json:
    pool, name = pool_of(emulator, request["UserPoolId"]), request["ProviderName"]
    if not providers.remove(emulator.database, pool.id, name):
        raise ResourceNotFound(f"Identity provider {name} does not exist.")
    return {}


def list_identity_providers(emulator: Emulator, request: Json) -> Json:
    pool, limit = pool_of(emulator, request["UserPoolId"]), int(request.get("MaxResults") or PAGE)
    found = providers.after(emulator.database, pool.id, page_place(request.get("NextToken")), limit)
    answer: Json = {"Providers": [_summary(provider) for provider in found]}
    return answer | ({"NextToken": page_token(found[-1].name)} if len(found) == limit else {})


def _provider(emulator: Emulator, pool_id: str, name: str) -> IdentityProvider:
    provider = providers.find(emulator.database, pool_id, name)
    if provider is None:
        raise ResourceNotFound(f"Identity provider {name} does not exist.")
    return provider


def _settings(request: Json) -> Json:
    return {name: request[name] for name in SETTINGS if name in request}


def _shown(provider: IdentityProvider) -> Json:
    return {
        **_summary(provider),
        "UserPoolId": provider.pool_id,
        "ProviderDetails": provider.settings.get("ProviderDetails") or {},
        "AttributeMapping": dict(provider.mapping),
        "IdpIdentifiers": list(provider.identifiers),
    }


def _summary(provider: IdentityProvider) -> Json:
    return {
        "ProviderName": provider.name,
        "ProviderType": provider.kind,
        "CreationDate": provider.created_at,
        "LastModifiedDate": provider.modified_at,
    }

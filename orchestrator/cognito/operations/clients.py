"""App clients: made, described, changed, deleted."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..emulator import Emulator
from ..errors import InvalidOAuthFlow, InvalidParameter, ResourceNotFound
from ..model import Client, Json, Pool, random_text
from ..store import pools
from .request import client_of, page_place, page_token, pool_of

PAGE = 60
ID_CHARACTERS = string.ascii_lowercase + string.digits
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def create_user_pool_client(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    settings = {name: value for name, value in request.items() if name not in ("UserPoolId", "ClientSecret")}
    secret = request.get("ClientSecret")
    if settings.get("GenerateSecret") and not secret:
        secret = random_text(emulator.random, ID_CHARACTERS, 51)
    _check(settings, has_secret=secret is not None)
    client_id = random_text(emulator.random, ID_CHARACTERS, 26)
    _save(emulator, pool, client_id, settings, secret)
    return {"UserPoolClient": _described(client_of(emulator, client_id)[1])}


def describe_user_pool_client(emulator: Emulator, request: Json) -> Json:
    return {"UserPoolClient": _described(_client(emulator, request))}


def update_user_pool_client(emulator: Emulator, request: Json) -> Json:
    """Changes a client as Cognito does: what the request leaves out is reset, not kept."""
    client = _client(emulator, request)
    given = {name: value for name, value in request.items() if name not in ("UserPoolId", "ClientId")}
    _check(given, has_secret=client.secret is not None)
    pool = pool_of(emulator, client.pool_id)
    _save(emulator, pool, client.id, {"ClientName": _name(client), **given}, client.secret)
    return {"UserPoolClient": _described(client_of(emulator, client.id)[1])}


def delete_user_pool_client(emulator: Emulator, request: Json) -> Json:
    pools.remove_client(emulator.database, _client(emulator, request).id)
    return {}


def list_user_pool_clients(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    limit = request.get("MaxResults", PAGE)
    found = pools.clients_after(emulator.database, pool.id, page_place(request.get("NextToken")), limit)
    answer: Json = {
        "UserPoolClients": [
            {"ClientId": client.id, "UserPoolId": pool.id, "ClientName": _name(client)} for client in found
        ]
    }
    if len(found) == limit:
        answer["NextToken"] = page_token(found[-1].id)
    return answer


def _client(emulator: Emulator, request: Json) -> Client:
    pool = pool_of(emulator, request["UserPoolId"])
    _, client = client_of(emulator, request["ClientId"])
    if client.pool_id != pool.id:
        raise ResourceNotFound(f"User pool client {client.id} does not exist.")
    return client


def _save(emulator: Emulator, pool: Pool, client_id: str, settings: Mapping[str, Any], secret: str | None) -> None:
    known = pools.is_configured(emulator.database, client_id)
    pools.save_client(
        emulator.database, client_id, pool.id, settings, secret=secret, configured=known, at=emulator.clock()
    )


def _check(settings: Mapping[str, Any], *, has_secret: bool) -> None:
    """Raises what Cognito raises for settings that do not go together."""
    flows = settings.get("AllowedOAuthFlows") or ()
    if "client_credentials" in flows and len(flows) > 1:
        raise InvalidOAuthFlow("client_credentials flow can not be selected along with code flow or implicit flow.")
    if "client_credentials" in flows and not has_secret:
        raise InvalidOAuthFlow("client_credentials flow can not be selected if client does not have a client secret.")
    auth_flows = settings.get("ExplicitAuthFlows") or ()
    prefixed = [flow for flow in auth_flows if flow.startswith("ALLOW_")]
    if prefixed and len(prefixed) < len(auth_flows):
        raise InvalidParameter("ExplicitAuthFlows must all start with ALLOW_, or none of them.")
    urls = [*(settings.get("CallbackURLs") or ()), *(settings.get("LogoutURLs") or ())]
    wrong = next((url for url in urls if not _may_be_redirected_to(url)), None)
    if wrong:
        raise InvalidParameter(f"{wrong} is not a valid URL: http is allowed for localhost only, and no fragment.")
    default = settings.get("DefaultRedirectURI")
    if default and default not in (settings.get("CallbackURLs") or ()):
        raise InvalidParameter("The DefaultRedirectURI must be among the CallbackURLs.")


def _may_be_redirected_to(url: str) -> bool:
    parts = urlsplit(url)
    if parts.fragment or not parts.scheme:
        return False
    return parts.scheme != "http" or parts.hostname in LOOPBACK


def _described(client: Client) -> Json:
    settings = {
        name: value for name, value in client.settings.items() if name not in ("GenerateSecret", "ClientSecret")
    }
    answer = {
        "RefreshTokenValidity": 30,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AllowedOAuthFlowsUserPoolClient": False,
        "AuthSessionValidity": 3,
        **settings,
        "ClientName": _name(client),
        "ClientId": client.id,
        "UserPoolId": client.pool_id,
        "CreationDate": client.created_at,
        "LastModifiedDate": client.modified_at,
    }
    return answer | ({"ClientSecret": client.secret} if client.secret else {})


def _name(client: Client) -> str:
    return str(client.settings.get("ClientName", client.id))

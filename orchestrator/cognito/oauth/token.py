"""POST /oauth2/token: a grant in, tokens out; one function a grant type, in a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

import orjson

from ..auth.attempt import Attempt, SignedIn
from ..auth.flows import refreshed
from ..emulator import Emulator
from ..errors import CognitoError
from ..model import Client, Json
from ..store import pools, resource_servers
from ..tokens import machine
from ..tokens.issue import OPENID
from .errors import OAuthError
from .grants import exchanged

Form = Mapping[str, str]


async def _authorization_code(emulator: Emulator, client: Client, form: Form) -> Json:
    _need_flow(client, "code")
    code = _required(form, "code")
    signed_in = exchanged(emulator, client, code, form.get("redirect_uri"), form.get("code_verifier"))
    return _answer(signed_in)


async def _refresh_token(emulator: Emulator, client: Client, form: Form) -> Json:
    token = _required(form, "refresh_token")
    pool = pools.find(emulator.database, client.pool_id)
    if pool is None:
        raise OAuthError("invalid_grant", "The user pool is gone.")
    try:
        attempt = Attempt(emulator, pool, client, {}, _metadata(form))
        return _answer(await refreshed(attempt, token))
    except CognitoError as error:
        raise OAuthError("invalid_grant", error.message) from error


async def _client_credentials(emulator: Emulator, client: Client, form: Form) -> Json:
    _need_flow(client, "client_credentials")
    if client.secret is None:
        raise OAuthError("unauthorized_client", "An app client without a secret can't use client_credentials.")
    scopes = _machine_scopes(emulator, client, form)
    try:
        token, expires_in = await machine.issue(emulator, client, scopes, _metadata(form))
    except CognitoError as error:
        raise OAuthError("invalid_request", error.message) from error
    return {"access_token": token, "expires_in": expires_in, "token_type": "Bearer"}


GRANTS: dict[str, Callable[[Emulator, Client, Form], Awaitable[Json]]] = {
    "authorization_code": _authorization_code,
    "client_credentials": _client_credentials,
    "refresh_token": _refresh_token,
}


async def granted(emulator: Emulator, client: Client, form: Form) -> Json:
    """The answer to a form of a known client; raises OAuthError."""
    kind = _required(form, "grant_type")
    if kind not in GRANTS:
        raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(GRANTS)}.")
    return await GRANTS[kind](emulator, client, form)


def _required(form: Form, name: str) -> str:
    if not form.get(name):
        raise OAuthError("invalid_request", f"{name} is missing.")
    return form[name]


def _need_flow(client: Client, flow: str) -> None:
    if flow not in client.oauth_flows:
        raise OAuthError("unauthorized_client", f"The app client {client.id} may not use the {flow} grant.")


def _machine_scopes(emulator: Emulator, client: Client, form: Form) -> tuple[str, ...]:
    """The custom scopes asked for, or all that the client may have; only those of resource servers can be given."""
    database = emulator.database
    custom = [scope for scope in client.oauth_scopes if resource_servers.has_scope(database, client.pool_id, scope)]
    wanted = dict.fromkeys(form.get("scope", "").split())
    refused = [scope for scope in wanted if scope not in custom]
    if refused or not custom:
        what = f"{refused[0]} is not" if refused else "There are none"
        raise OAuthError("invalid_scope", f"{what} among the custom scopes of the app client {client.id}.")
    return tuple(wanted or custom)


def _metadata(form: Form) -> Json | None:
    """What the form has for triggers: JSON in aws_client_metadata."""
    text = form.get("aws_client_metadata")
    if not text:
        return None
    try:
        metadata = orjson.loads(text if text.lstrip().startswith("{") else unquote(text))
    except ValueError as error:
        raise OAuthError("invalid_request", "aws_client_metadata is not JSON.") from error
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise OAuthError("invalid_request", "aws_client_metadata must be an object of texts.")
    return metadata


def _answer(signed_in: SignedIn) -> Json:
    tokens = signed_in.tokens()
    return {
        **({"id_token": tokens.id} if OPENID in signed_in.wanted.scopes else {}),
        "access_token": tokens.access,
        **({"refresh_token": tokens.refresh} if signed_in.shows_refresh_token else {}),
        "expires_in": tokens.expires_in,
        "token_type": "Bearer",
    }

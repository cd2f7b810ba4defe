"""Which app client sends a form to an endpoint for machines, and whether it is that client."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote_plus

from ..auth.clients import check_secret
from ..emulator import Emulator
from ..errors import NotAuthorized
from ..model import Client
from ..store import pools
from .errors import OAuthError


def authenticated(emulator: Emulator, authorization: str | None, form: Mapping[str, str]) -> Client:
    """The client that a Basic header or the form names, with its secret if it has one; raises OAuthError."""
    client_id, secret = _basic(authorization) if authorization else (form.get("client_id"), form.get("client_secret"))
    if not client_id:
        raise OAuthError("invalid_request", "client_id is missing.")
    if form.get("client_id", client_id) != client_id:
        raise OAuthError("invalid_request", "The header Authorization and the form name two different clients.")
    client = pools.client(emulator.database, client_id)
    if client is None:
        raise OAuthError("invalid_client", f"There is no app client {client_id}.")
    try:
        check_secret(client, secret)
    except NotAuthorized as error:
        raise OAuthError("invalid_client", error.message) from error
    return client


def _basic(authorization: str) -> tuple[str, str]:
    """Client id and secret, which are form-encoded in there (RFC 6749, 2.3.1)."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        text = base64.b64decode(credentials, validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        text = ""
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise OAuthError("invalid_request", "The header Authorization must be Basic with client id and secret.")
    return unquote_plus(client_id), unquote_plus(secret)

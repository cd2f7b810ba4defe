"""What signed-in users do with their session, and the end of it."""

from __future__ import annotations

from dataclasses import replace

from .. import accounts
from ..auth.clients import check_secret
from ..emulator import Emulator
from ..errors import InvalidParameter, NotAuthorized, UnsupportedOperation, UnsupportedTokenType
from ..model import Json
from ..store import users
from ..tokens import refresh
from ..tokens.access import bearer, revoke
from . import mfa
from .request import client_of, shown


def get_user(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    readable = who.client.settings.get("ReadAttributes")
    return {
        "Username": who.user.username,
        "UserAttributes": shown(who.user, None if readable is None else {*readable, "sub"}),
        **mfa.shown(who.user),
    }


def delete_user(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    users.remove(emulator.database, who.user.sub)
    return {}


def global_sign_out(emulator: Emulator, request: Json) -> Json:
    who = bearer(emulator, request["AccessToken"])
    accounts.change(emulator, who.pool, who.user, lambda now: replace(now, signed_out_at=emulator.clock()))
    return {}


def revoke_token(emulator: Emulator, request: Json) -> Json:
    """Revokes a refresh token and the access tokens of its session; a token that is none already is fine."""
    _, client = client_of(emulator, request["ClientId"])
    check_secret(client, request.get("ClientSecret"))
    if not client.revokes_tokens:
        raise UnsupportedOperation("Token revocation is not enabled for this client.")
    if request["Token"].count(".") == 2:
        raise UnsupportedTokenType("Token type is not supported. Only refresh tokens can be revoked.")
    grant = refresh.unseal(request["Token"], emulator.refresh_key)
    if grant is None:
        raise InvalidParameter("Invalid Refresh Token")
    if grant.client_id != client.id:
        raise NotAuthorized("The refresh token was issued to another client.")
    revoke(emulator, grant.session, grant.expires_at)
    return {}

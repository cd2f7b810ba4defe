"""The endpoints that machines call: token, userInfo, revoke."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..emulator import Emulator
from ..errors import CognitoError, NotAuthorized, UnsupportedOperation, UnsupportedTokenType
from ..model import Json
from ..operations.sessions import revoke_token
from ..tokens.access import bearer
from ..tokens.claims import attributes_told
from ..tokens.issue import OPENID
from . import token
from .clients import authenticated
from .errors import OAuthError
from .forms import form_of

Answer = Callable[[Emulator, Request], Awaitable[Response]]


async def _token(emulator: Emulator, request: Request) -> Response:
    form = await form_of(request)
    client = authenticated(emulator, request.headers.get("authorization"), form)
    return _json(await token.granted(emulator, client, form))


async def _revoke(emulator: Emulator, request: Request) -> Response:
    form = await form_of(request)
    client = authenticated(emulator, request.headers.get("authorization"), form)
    if not form.get("token"):
        raise OAuthError("invalid_request", "token is missing.")
    try:
        revoke_token(emulator, {"ClientId": client.id, "ClientSecret": client.secret, "Token": form["token"]})
    except UnsupportedTokenType as error:
        raise OAuthError("unsupported_token_type", error.message) from error
    except UnsupportedOperation as error:
        raise OAuthError("unauthorized_client", error.message) from error
    except CognitoError as error:
        raise OAuthError("invalid_request", error.message) from error
    return Response()


async def _user_info(emulator: Emulator, request: Request) -> Response:
    scheme, _, access_token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not access_token:
        raise OAuthError("invalid_request", "The header Authorization must be Bearer with an access token.")
    try:
        who = bearer(emulator, access_token.strip(), scope=OPENID)
    except NotAuthorized as error:
        raise OAuthError("invalid_token", error.message, 401) from error
    except CognitoError as error:
        raise OAuthError("invalid_token", "Access Token has been revoked", 401) from error
    told = attributes_told(who.user, who.client, who.scopes)
    return _json({"sub": who.user.sub, **told, "username": who.user.username})


def routes(emulator: Emulator) -> list[Route]:
    return [
        Route("/oauth2/token", _endpoint(emulator, _token), methods=["POST"]),
        Route("/oauth2/revoke", _endpoint(emulator, _revoke), methods=["POST"]),
        Route("/oauth2/userInfo", _endpoint(emulator, _user_info), methods=["GET", "POST"]),
    ]


def _endpoint(emulator: Emulator, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await answer(emulator, request)
        except OAuthError as error:
            return _json(error.content(), error.status, _challenge(request, error))

    return endpoint


def _challenge(request: Request, error: OAuthError) -> Mapping[str, str]:
    if not request.url.path.endswith("userInfo"):
        return {}
    return {"www-authenticate": f'Bearer error="{error.error}", error_description="{error.description}"'}


def _json(content: Json, status: int = 200, headers: Mapping[str, Any] | None = None) -> Response:
    kept = {"cache-control": "no-store", "pragma": "no-cache", **(headers or {})}
    return Response(orjson.dumps(content), status, kept, media_type="application/json;charset=UTF-8")

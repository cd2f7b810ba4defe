"""The console over HTTP: the page, what it loads, and the way there from `/`. Files are read when asked for."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from orchestrator.engine.auth.session import AuthConfig
from orchestrator.engine.auth.token_header import AuthorizationHeader, CustomHeader

if TYPE_CHECKING:
    from orchestrator.engine.auth.jwt_config import JwtConfig

ASSETS = Path(__file__).parent / "assets"
# GraphiQL's dialogs add a style element: the nonce is theirs.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
ASSET_HEADERS = ((b"cache-control", b"no-cache"), (b"x-content-type-options", b"nosniff"))
FACTS = '{"the engine": "says here what the page needs to know of it"}'


def routes(auth: AuthConfig, version: str) -> list[BaseRoute]:
    # What a script is called differs from machine to machine.
    mimetypes.add_type("text/javascript", ".js")
    facts = facts_of(auth, version)

    def page(_: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        # In a script element no text may look like the element's end.
        told = orjson.dumps({**facts, "styleNonce": nonce}).decode().replace("<", "\\u003c")
        text = (ASSETS / "index.html").read_text().replace(FACTS, told)
        policy = POLICY.format(nonce=nonce)
        return Response(text, media_type="text/html", headers={**PAGE_HEADERS, "content-security-policy": policy})

    return [
        Route("/", lambda _: RedirectResponse("/console", 302), methods=["GET"]),
        Route("/console", page, methods=["GET"]),
        Mount("/console/assets", Assets(directory=ASSETS)),
        # Hasura's console has a page for each of its parts; links to them lead to the one that is here.
        Route("/console/{part:path}", page, methods=["GET"]),
    ]


def facts_of(auth: AuthConfig, version: str) -> Mapping[str, Any]:
    """What the page is told of the engine: how it finds out who asks, and no secret."""
    return {
        "version": version,
        "adminSecret": bool(auth.admin_secrets),
        "hook": auth.hook is not None,
        "unauthorizedRole": auth.unauthorized_role,
        "tokens": [token_rules(jwt) for jwt in auth.jwts],
    }


def token_rules(jwt: JwtConfig) -> Mapping[str, str | bool | None]:
    """The header that carries such a token (None for a cookie), and the claim that holds those for Hasura."""
    # Here, so that an engine without a JWT secret need not load the cryptography behind it.
    from orchestrator.engine.auth.jwt_config import Namespace

    is_bearer = isinstance(jwt.header, AuthorizationHeader)
    named = jwt.header.name if isinstance(jwt.header, CustomHeader) else None
    claims = jwt.claims
    together = claims.key if isinstance(claims, Namespace) and claims.path is None else None
    return {
        "header": "authorization" if is_bearer else named,
        "isBearer": is_bearer,
        "namespace": together,
        "issuer": jwt.issuer,
    }


class Assets(StaticFiles):
    """Files with an ETag that the browser asks about each time: after an update it has the new ones at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *ASSET_HEADERS]
            await send(message)

        await super().__call__(scope, receive, send_with_headers)

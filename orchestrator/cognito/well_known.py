"""The issuer's documents: OpenID discovery and the keys that tokens are checked with."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .emulator import Emulator
from .model import Json
from .store import pools

# Hasura reads the keys again only when it is told for how long they hold. Amazon says a day; here a new database
# brings new keys.
CACHED = {"cache-control": "public, max-age=60"}


def routes(emulator: Emulator) -> list[Route]:
    async def discovery(request: Request) -> Response:
        return _document(emulator, request, openid_configuration(emulator, request.path_params["pool_id"]))

    async def jwks(request: Request) -> Response:
        return _document(emulator, request, key_set(emulator))

    return [
        Route("/{pool_id}/.well-known/openid-configuration", discovery),
        Route("/{pool_id}/.well-known/jwks.json", jwks),
    ]


def openid_configuration(emulator: Emulator, pool_id: str) -> Json:
    issuer = emulator.issuer(pool_id)
    return {
        "authorization_endpoint": f"{emulator.url}/oauth2/authorize",
        "end_session_endpoint": f"{emulator.url}/logout",
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": f"{emulator.url}/oauth2/revoke",
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{emulator.url}/oauth2/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": f"{emulator.url}/oauth2/userInfo",
    }


def key_set(emulator: Emulator) -> Json:
    """The public keys: of ID tokens first, then of access tokens."""
    return {"keys": [emulator.id_key.jwk(), emulator.access_key.jwk()]}


def _document(emulator: Emulator, request: Request, document: Json) -> Response:
    if pools.find(emulator.database, request.path_params["pool_id"]) is None:
        missing = {"message": f"User pool {request.path_params['pool_id']} does not exist."}
        return Response(orjson.dumps(missing), 404, media_type="application/json")
    return Response(orjson.dumps(document), headers=CACHED, media_type="application/json")

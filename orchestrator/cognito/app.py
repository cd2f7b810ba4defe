"""The HTTP face: the API, discovery and keys, and what is local to the emulator, for pages of any origin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import local, well_known
from .aws_json import AwsJson
from .emulator import Emulator
from .hosted_ui import routes as hosted_ui
from .lambda_client import LambdaClient
from .oauth import endpoints
from .service_model import ServiceModel

ALLOWED = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"x-amzn-requestid, x-amzn-errortype, date"),
)
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
    "access-control-max-age": "172800",
}


def make_app(emulator: Emulator, model: ServiceModel, functions: LambdaClient) -> ASGIApp:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(functions.warm())
        yield
        await warming
        await functions.close()
        emulator.close()

    routes = [
        *local.routes(emulator),
        *endpoints.routes(emulator),
        *hosted_ui.routes(emulator, model),
        *well_known.routes(emulator),
    ]
    return AcrossOrigins(AwsJson(Starlette(routes=routes, lifespan=lifespan), emulator, model))


class AcrossOrigins:
    """Lets pages of any origin call, whatever the answer is, and answers their preflights."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await _preflight(scope)(scope, receive, _allowing(send))
            return
        await self._app(scope, receive, _allowing(send))


def _allowing(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *ALLOWED]
        await send(message)

    return sent


def _preflight(scope: Scope) -> Response:
    """All headers asked for are allowed: `*` would leave out Authorization."""
    wanted = Request(scope).headers.get("access-control-request-headers", "*")
    return Response(status_code=200, headers={**PREFLIGHT, "access-control-allow-headers": wanted})

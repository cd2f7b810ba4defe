"""The HTTP face: the AWS JSON protocol at POST /, discovery and keys, and what is local to the emulator."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import local, well_known
from .emulator import Emulator
from .errors import CognitoError, InvalidParameter, Serialization, UnknownOperation
from .lambda_client import LambdaClient
from .model import Json, random_uuid
from .operations import OPERATIONS
from .service_model import ServiceModel

LARGEST_BODY = 1024 * 1024
TARGET_PREFIX = "AWSCognitoIdentityProviderService."
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
    "access-control-max-age": "172800",
}

log = logging.getLogger("cognito")


def make_app(emulator: Emulator, model: ServiceModel, functions: LambdaClient) -> ASGIApp:
    async def api(request: Request) -> Response:
        return await _answer(emulator, model, request)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warming = asyncio.create_task(functions.warm())
        yield
        await warming
        await functions.close()
        emulator.database.close()

    routes = [Route("/", api, methods=["POST"]), *local.routes(emulator), *well_known.routes(emulator)]
    return AcrossOrigins(Starlette(routes=routes, lifespan=lifespan))


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
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = "*"
            headers["access-control-expose-headers"] = "x-amzn-requestid, x-amzn-errortype, date"
        await send(message)

    return sent


def _preflight(scope: Scope) -> Response:
    """All headers asked for are allowed: `*` would leave out Authorization."""
    wanted = Request(scope).headers.get("access-control-request-headers", "*")
    return Response(status_code=200, headers={**PREFLIGHT, "access-control-allow-headers": wanted})


async def _answer(emulator: Emulator, model: ServiceModel, request: Request) -> Response:
    started = time.perf_counter()
    name = request.headers.get("x-amz-target", "").removeprefix(TARGET_PREFIX)
    try:
        answer, status = await _run(emulator, model, name, await _body(request)), 200
    except CognitoError as error:
        answer, status = {"__type": error.code, "message": error.message}, 400
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception:
        log.exception("%s failed", name)
        answer, status = {"__type": "InternalErrorException", "message": "The emulator failed; its log says why."}, 500
    headers = {"x-amzn-requestid": random_uuid(emulator.random)} | (
        {} if status == 200 else {"x-amzn-errortype": answer["__type"]}
    )
    log.info("%s %s %.1f ms", name, status if status == 200 else _words(answer), (time.perf_counter() - started) * 1000)
    return Response(orjson.dumps(answer), status, headers, media_type="application/x-amz-json-1.1")


def _words(answer: Json) -> str:
    """An error in one line."""
    return " ".join(f"{answer['__type']} ({answer['message']})".split())


async def _run(emulator: Emulator, model: ServiceModel, name: str, body: bytes) -> Json:
    if name not in model.operations:
        raise UnknownOperation(f"Cognito has no operation {name!r}." if name else "The header X-Amz-Target is missing.")
    operation = OPERATIONS.get(name)
    if operation is None:
        raise InvalidParameter(f"The operation {name} is missing in this emulator.")
    answer = operation(emulator, model.validated(name, _parsed(body)))
    return await answer if inspect.isawaitable(answer) else answer


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body or b"{}")
    except ValueError as error:
        raise Serialization("The request's body is not JSON.") from error


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Serialization("The request's body is larger than 1 MB.")
    return bytes(body)

"""The AWS JSON protocol at POST /, answered past the framework, which would cost as much as the operation itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from .emulator import Emulator
from .errors import CognitoError, Serialization, UnknownOperation
from .model import Json, random_uuid
from .operations import run
from .service_model import ServiceModel

LARGEST_BODY = 1024 * 1024
TARGET_PREFIX = "AWSCognitoIdentityProviderService."
CONTENT_TYPE = (b"content-type", b"application/x-amz-json-1.1")

log = logging.getLogger("cognito")


class AwsJson:
    """Answers the API's operations; what is not for POST / goes to the application."""

    def __init__(self, app: ASGIApp, emulator: Emulator, model: ServiceModel) -> None:
        self._app = app
        self._emulator = emulator
        self._model = model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        name = _header(scope, b"x-amz-target").removeprefix(TARGET_PREFIX)
        try:
            body = await _body(receive)
            if body is None:
                return
            answer, status = await self._run(name, body), 200
        except CognitoError as error:
            answer, status = {"__type": error.code, "message": error.message}, 400
        except Exception:
            log.exception("%s failed", name)
            answer, status = (
                {"__type": "InternalErrorException", "message": "The emulator failed; its log says why."},
                500,
            )
        outcome = status if status == 200 else _words(answer)
        log.info("%s %s %.1f ms", name, outcome, (time.perf_counter() - started) * 1000)
        await self._send(send, status, answer)

    async def _run(self, name: str, body: bytes) -> Json:
        if name not in self._model.operations:
            raise UnknownOperation(
                f"Cognito has no operation {name!r}." if name else "The header X-Amz-Target is missing."
            )
        return await run(self._emulator, name, self._model.validated(name, _parsed(body)))

    async def _send(self, send: Send, status: int, answer: Json) -> None:
        content = orjson.dumps(answer)
        headers = [
            CONTENT_TYPE,
            (b"content-length", str(len(content)).encode()),
            (b"x-amzn-requestid", random_uuid(self._emulator.random).encode()),
        ]
        if status != 200:
            headers.append((b"x-amzn-errortype", answer["__type"].encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _words(answer: Mapping[str, Any]) -> str:
    """An error in one line."""
    return " ".join(f"{answer['__type']} ({answer['message']})".split())


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body or b"{}")
    except ValueError as error:
        raise Serialization("The request's body is not JSON.") from error


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise Serialization("The request's body is larger than 1 MB.")
        if not message.get("more_body"):
            return bytes(body)

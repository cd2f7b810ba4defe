"""HTTP requests read and answered: bodies as JSON, errors in Hasura's shape."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from orchestrator.engine import exact_json
from orchestrator.engine.direct import JSON_TYPE, decoded, read, request_id
from orchestrator.engine.errors import EngineError, not_found

logger = logging.getLogger(__name__)


def headers_of(request: Request) -> dict[str, str]:
    return decoded(request.scope["headers"])


def read_json(body: bytes) -> Any:
    """The value of a body; raises invalid-json."""
    try:
        return exact_json.read(body)
    except ValueError as error:
        message = str(error) if isinstance(error, json.JSONDecodeError) else "the body is not valid JSON"
        raise EngineError("invalid-json", message) from error


async def body_of(request: Request) -> bytes:
    body = await read(request.receive)
    if body is None:
        raise ClientDisconnect
    return body


def decimal_as_written(value: Any) -> Any:
    """For orjson: the number with all its digits."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)


def json_response(content: bytes, headers: Mapping[str, str], status: int = 200) -> Response:
    return Response(content, status, {"x-request-id": request_id(headers), "content-type": JSON_TYPE})


async def answer_missing(request: Request, error: Exception) -> Response:
    del error
    content = orjson.dumps(not_found("resource does not exist").as_rest())
    return json_response(content, headers_of(request), 404)


async def answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    return json_response(orjson.dumps(error.as_rest()), headers_of(request), error.status)


async def answer_failure(request: Request, error: Exception) -> Response:
    status, content = failure(error, request.url.path)
    return json_response(content, headers_of(request), status)


def failure(error: Exception, what: str) -> tuple[int, bytes]:
    """A defect of the engine's own: the client gets no details, the log gets them all."""
    logger.error("%s failed", what, exc_info=error)
    return 500, orjson.dumps(EngineError("unexpected", "internal error").as_rest())

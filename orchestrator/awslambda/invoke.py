"""The Invoke operation: an event in, what the handler made of it out."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import time
import uuid
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from orchestrator.awslambda.answers import Invocation, Outcome, strict_json
from orchestrator.awslambda.errors import ApiError, invalid
from orchestrator.awslambda.logs import announce
from orchestrator.awslambda.region import Deployed

REQUEST_BYTES = 6_291_456
EVENT_BYTES = 1_048_576


async def invoke(deployed: Deployed, request: Request) -> Response:
    """Run the function as the headers ask: wait for its answer, leave it running, or only check that it could run.

    Unlike on AWS, an event that is left running and fails is not tried again: the log tells at once.
    """
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    if kind not in ("RequestResponse", "Event", "DryRun"):
        raise invalid(f"InvocationType must be RequestResponse, Event or DryRun, not {kind}")
    invocation = Invocation(
        id=str(uuid.uuid4()),
        event=await _event(request, limit=EVENT_BYTES if kind == "Event" else REQUEST_BYTES),
        arn=deployed.arn,
        trace=request.headers.get("x-amzn-trace-id") or _trace(),
        client_context=_client_context(request),
    )
    headers = {"x-amzn-requestid": invocation.id}
    if kind == "DryRun":
        return Response(status_code=204, headers=headers)
    if kind == "Event":
        _leave_running(deployed, invocation)
        return Response(status_code=202, headers=headers)
    outcome = await _run(deployed, invocation)
    headers |= _headers(outcome, with_log=request.headers.get("x-amz-log-type") == "Tail")
    return Response(outcome.payload, headers=headers, media_type="application/json")


def _headers(outcome: Outcome, *, with_log: bool) -> dict[str, str]:
    headers = {"x-amz-executed-version": "$LATEST"}
    if outcome.failed:
        headers["x-amz-function-error"] = "Unhandled"
    if with_log:
        headers["x-amz-log-result"] = base64.b64encode(outcome.log).decode()
    return headers


def _leave_running(deployed: Deployed, invocation: Invocation) -> None:
    async def run() -> None:
        with suppress(ApiError):  # The function was deleted, or the emulator is stopping.
            await _run(deployed, invocation)

    task = asyncio.ensure_future(run())
    deployed.background.add(task)
    task.add_done_callback(deployed.background.discard)


async def _run(deployed: Deployed, invocation: Invocation) -> Outcome:
    started = time.monotonic()
    outcome = await deployed.pool.invoke(invocation)
    milliseconds = (time.monotonic() - started) * 1000
    result = "failed" if outcome.failed else "ok"
    announce(f"invoke {deployed.function.name} {invocation.id} {result} {milliseconds:.1f} ms")
    return outcome


async def _event(request: Request, *, limit: int) -> bytes:
    """The body, which must be JSON and no longer than this; none counts as an empty object."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= limit:
            parts.append(part)
    if size > limit:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        raise ApiError(413, "RequestTooLargeException", message)
    body = b"".join(parts)
    if not body:
        return b"{}"
    try:
        strict_json(body)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise ApiError(400, "InvalidRequestContentException", message) from error
    return body


def _client_context(request: Request) -> str:
    """The JSON text that a client sends about itself, in base64."""
    encoded = request.headers.get("x-amz-client-context", "")
    try:
        context = base64.b64decode(encoded, validate=True).decode()
        if context:
            strict_json(context.encode())
    except (binascii.Error, ValueError) as error:
        message = "Client context must be a valid Base64-encoded JSON object."
        raise ApiError(400, "InvalidRequestContentException", message) from error
    return " ".join(context.split("\n"))


def _trace() -> str:
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"

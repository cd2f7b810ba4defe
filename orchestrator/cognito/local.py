"""What only a local Cognito can do: tell the messages it "sent", move its clock, and say that it is there."""

from __future__ import annotations

from dataclasses import asdict

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .clock import LONGEST_SECONDS
from .emulator import Emulator
from .hosted_ui.pages import page
from .model import Json, Message, Pool, User
from .store import messages, pools, users

LATEST = 100


def routes(emulator: Emulator) -> list[Route]:
    async def health(_: Request) -> Response:
        return _json({"status": "ok"})

    async def outbox(request: Request) -> Response:
        name, pool_id = request.query_params.get("username"), request.query_params.get("pool")
        found = _found(emulator, name, pool_id)
        if "text/html" in request.headers.get("accept", ""):
            return page("messages.html", messages=found, name=name)
        return _json([asdict(message) for message in found])

    async def clock(_: Request) -> Response:
        return _json(_time(emulator))

    async def move_clock(request: Request) -> Response:
        # A page of any origin may call the API; the time is for tests only.
        if "origin" in request.headers:
            return _json({"message": "Pages may not move the clock."}, 403)
        offset = _offset(await request.body())
        if offset is None:
            return _json({"message": f'Send {{"offset": seconds}}, {LONGEST_SECONDS} at most either way.'}, 400)
        emulator.clock.offset = offset
        return _json(_time(emulator))

    return [
        Route("/_local/health", health),
        Route("/_local/messages", outbox),
        Route("/_local/clock", clock),
        Route("/_local/clock", move_clock, methods=["PUT"]),
    ]


def _time(emulator: Emulator) -> Json:
    return {"offset": emulator.clock.offset, "now": emulator.clock()}


def _offset(body: bytes) -> float | None:
    """The seconds that a request asks for, or None where it does not in the right way."""
    try:
        offset = orjson.loads(body)["offset"]
    except (ValueError, TypeError, KeyError):
        return None
    is_number = isinstance(offset, int | float) and not isinstance(offset, bool)
    return float(offset) if is_number and abs(offset) <= LONGEST_SECONDS else None


def _found(emulator: Emulator, name: str | None, pool_id: str | None) -> list[Message]:
    """The messages to whom a username, sub, e-mail or phone number means; to anybody without one."""
    database = emulator.database
    if not name:
        return messages.latest(database, LATEST)
    chosen = [pool for pool in pools.after(database, "", -1) if pool_id in (None, pool.id)]
    found = {user.sub for pool in chosen if (user := _user(emulator, pool, name))}
    return sorted((message for sub in found for message in messages.of_user(database, sub)), key=_sent_at)


def _user(emulator: Emulator, pool: Pool, name: str) -> User | None:
    database = emulator.database
    user = users.find(database, pool, name)
    for attribute in ("email", "phone_number"):
        user = user or users.by_attribute(database, pool, attribute, name)
    return user


def _sent_at(message: Message) -> float:
    return message.sent_at


def _json(answer: Json | list[Json], status: int = 200) -> Response:
    return Response(orjson.dumps(answer), status, media_type="application/json", headers={"cache-control": "no-store"})

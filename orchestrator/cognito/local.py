"""What only a local Cognito can tell: the messages it "sent", and that it is there."""

from __future__ import annotations

from dataclasses import asdict

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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

    return [Route("/_local/health", health), Route("/_local/messages", outbox)]


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


def _json(answer: Json | list[Json]) -> Response:
    return Response(orjson.dumps(answer), media_type="application/json", headers={"cache-control": "no-store"})

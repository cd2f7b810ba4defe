"""How a connection is made: who may connect from where, and which conversations there are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from starlette.responses import Response
from starlette.websockets import WebSocket

from orchestrator.engine.direct import JSON_TYPE, decoded
from orchestrator.engine.errors import EngineError, access_denied
from orchestrator.engine.websocket.api import Api, Timing
from orchestrator.engine.websocket.conversation import Conversation
from orchestrator.engine.websocket.dialects import RESTART, dialect_of


@dataclass(frozen=True)
class Origins:
    """Which pages may connect: `allowed` is a pattern of their origins, None where CORS is left to others.

    Then a page's cookie is read only on request: any page could send it.
    """

    allowed: re.Pattern[str] | None
    reads_cookie: bool = False

    def admitted(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers that count; raises for a page that may not connect."""
        origin = headers.get("origin")
        if self.allowed is not None:
            if origin is not None and not self.allowed.fullmatch(origin):
                raise access_denied("received origin header does not match configured CORS domains")
            return headers
        if origin is None or self.reads_cookie:
            return headers
        return {name: value for name, value in headers.items() if name != "cookie"}


class Conversations:
    """All that are held at the moment."""

    def __init__(self, api: Api, origins: Origins, timing: Timing, *, close_on_change: bool) -> None:
        self._api = api
        self._origins = origins
        self._timing = timing
        self._close_on_change = close_on_change
        self._held: set[Conversation] = set()

    async def hold(self, socket: WebSocket) -> None:
        """Accepts a connection and talks until it ends."""
        try:
            headers = self._origins.admitted(decoded(socket.scope["headers"]))
        except EngineError as error:
            await socket.send_denial_response(refusal(error))
            return
        offered = list(socket.scope.get("subprotocols") or ())
        dialect = dialect_of(offered)
        await socket.accept(dialect.name if dialect.name in offered else None)
        conversation = Conversation(socket, self._api, dialect, self._timing, headers)
        self._held.add(conversation)
        try:
            await conversation.hold()
        finally:
            self._held.discard(conversation)

    def metadata_changed(self) -> None:
        """What was planned before holds no longer, permissions above all: clients connect anew, or are planned anew."""
        for conversation in tuple(self._held):
            if self._close_on_change:
                conversation.close(RESTART, "Closing all websocket connections as the metadata has changed")
            else:
                conversation.resubscribe()


def refusal(error: EngineError) -> Response:
    return Response(orjson.dumps(error.as_rest()), error.status, {"content-type": JSON_TYPE})

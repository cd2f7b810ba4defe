"""What a conversation needs of the engine, and the times that it keeps to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.engine.auth.session import Session
from orchestrator.engine.errors import EngineError
from orchestrator.engine.live.registry import Leave
from orchestrator.engine.live.subscriber import Subscriber


class Api(Protocol):
    """What a conversation needs of the engine."""

    async def session(self, headers: Mapping[str, str]) -> Session: ...

    def subscribe(self, body: Any, session: Session, subscriber: Subscriber) -> Leave | None:
        """Begins a subscription; None where the operation is none. Raises what is wrong with it."""
        ...

    async def answer(self, body: Any, session: Session, headers: Mapping[str, str]) -> bytes: ...

    def errors(self, error: EngineError, session: Session) -> list[Any]: ...


@dataclass(frozen=True)
class Timing:
    """In seconds: how long a client may take to open its session, and how often it hears that the engine is there."""

    init: float
    keep_alive: float

"""What a sign-in leaves on its way: codes and messages, challenges, sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Code:
    """A confirmation code that was sent to a user for one purpose."""

    sub: str
    purpose: str
    code: str = field(repr=False)
    expires_at: float
    failures: int = 0


@dataclass(frozen=True)
class Message:
    """An e-mail or SMS that Cognito would have sent."""

    pool_id: str
    sub: str
    username: str
    medium: str
    to: str
    purpose: str
    subject: str
    body: str = field(repr=False)
    code: str = field(repr=False)
    sent_at: float


@dataclass(frozen=True)
class Challenge:
    """A sign-in that waits for the next answer of the client; `data` is what the challenge needs."""

    id: str = field(repr=False)
    client_id: str
    sub: str
    name: str
    data: Mapping[str, Any] = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class BrowserSession:
    """Who is signed in to the hosted UI in one browser; `session` is the id of that sign-in."""

    pool_id: str
    sub: str
    session: str
    auth_time: int
    expires_at: float


@dataclass(frozen=True)
class Session:
    """One sign-in. Its id is the `origin_jti` of every token that comes from it."""

    id: str
    auth_time: int
    device_key: str | None = None

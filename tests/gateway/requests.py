"""Signed requests, as the handler makes them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEY = "0123456789abcdef" * 4
ADMIN_SECRET = "the admin's own secret"
MUTATION = (Path(__file__).parents[2] / "lambdas/user_sync/mutation.graphql").read_text()
COLUMNS = ("id", "username", "email", "email_verified", "synced_at", "last_sign_in_at", "deleted_at")


@dataclass(frozen=True)
class Request:
    """A request of HTTP. `host` goes by itself, as the server's concern."""

    body: bytes
    headers: tuple[tuple[str, str], ...]
    method: str = "POST"
    path: str = "/sync"

    def with_header(self, name: str, *values: str) -> Request:
        """With these values in the place of what the header had."""
        kept = tuple((other, value) for other, value in self.headers if other != name)
        return replace(self, headers=kept + tuple((name, value) for value in values))

    def header(self, name: str) -> str:
        return dict(self.headers)[name]

    def raw(self) -> bytes:
        """The bytes on the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "host: gateway", f"content-length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def now_milliseconds() -> int:
    return time.time_ns() // 1_000_000


def contents(user_id: str = "8c1f1f62", *, at: datetime | None = None, **more: Any) -> dict[str, Any]:
    """The body before it is written; `more` are columns of `user`."""
    time_ = (at or datetime.now(UTC)).isoformat()
    user = {"id": user_id, "username": "ada", "email": "ada@example.com", "email_verified": True, "synced_at": time_}
    user = {**user, "deleted_at": None, **more}
    columns = [name for name in user if name != "id"]
    return {"query": MUTATION, "variables": {"user": user, "columns": columns, "at": time_}}


def signed(document: Any, *, key: str = KEY, timestamp: int | None = None) -> Request:
    """The request with this body, JSON unless it is bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    stamp = str(now_milliseconds() if timestamp is None else timestamp)
    signature = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return Request(body, (("x-sync-timestamp", stamp), ("x-sync-signature", f"v1={signature}")))


def sync(user_id: str = "8c1f1f62", **more: Any) -> Request:
    """A request that is all right."""
    return signed(contents(user_id, **more))

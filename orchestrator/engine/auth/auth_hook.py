"""The authentication hook: a web service that says who sends a request, in place of a token."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from orchestrator.engine.auth.session import NOT_VARIABLES, ROLE, Session
from orchestrator.engine.errors import EngineError, access_denied, unexpected
from orchestrator.engine.json_value import PLAIN_KEY, encountered

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 30
# What belongs to the client's own connection and is not the hook's business.
KEPT_BACK: Final = frozenset(
    (
        "accept",
        "accept-datetime",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "content-md5",
        "content-type",
        "dnt",
        "host",
        "origin",
        "referer",
        "transfer-encoding",
        "user-agent",
    )
)


@dataclass(frozen=True)
class AuthHook:
    """A GET has the client's headers as its own; a POST has them in its body, beside the request if that is sent."""

    url: str
    posts: bool = False
    sends_request: bool = True


class HookClient:
    """Asks the hook; close it at the end."""

    def __init__(self, hook: AuthHook, clock: Callable[[], float] = time.time) -> None:
        self._hook = hook
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=True)

    async def close(self) -> None:
        await self._client.aclose()

    async def session(self, headers: Mapping[str, str], body: bytes) -> Session:
        """The session of who sent these headers and this body; raises what Hasura answers where there is none."""
        try:
            answer = await self._ask(headers, body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            logger.warning("The authentication hook %s failed: %s", self._hook.url, error or type(error).__name__)
            raise unexpected("webhook authentication request failed") from error
        if answer.status_code == 401:
            raise access_denied("Authentication hook unauthorized this request", status=401)
        if answer.status_code != 200:
            logger.warning("The authentication hook %s answers %s.", self._hook.url, answer.status_code)
            raise unexpected("Invalid response from authorization hook")
        return session_of(read_answer(answer.content), at=self._clock())

    async def _ask(self, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        if not self._hook.posts:
            sent = [(name, value.encode()) for name, value in headers.items() if name not in KEPT_BACK]
            return await self._client.get(self._hook.url, headers=[(name.encode(), value) for name, value in sent])
        asked: dict[str, Any] = {"headers": dict(headers)}
        if self._hook.sends_request:
            asked["request"] = request_of(body)
        return await self._client.post(self._hook.url, json=asked)


def request_of(body: bytes) -> Any:
    """The GraphQL request or batch in the body, None of what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_answer(body: bytes) -> Mapping[str, str]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid("$", "not valid JSON") from error
    if not isinstance(answer, dict):
        raise invalid("$", f"parsing HashMap failed, expected Object, but encountered {encountered(answer)}")
    for name, value in answer.items():
        if not isinstance(value, str):
            found = encountered(value)
            raise invalid(member(name), f"parsing Text failed, expected String, but encountered {found}")
    return answer


def member(name: str) -> str:
    """The path of a member within a message, which Hasura writes unlike the paths of its own errors.

    >>> member("X-Hasura-Role")
    "$['X-Hasura-Role']"
    """
    return f"$.{name}" if PLAIN_KEY.fullmatch(name) else f"$['{name}']"


def invalid(path: str, reason: str) -> EngineError:
    return unexpected(f"Invalid response from authorization hook: Error in {path}: {reason}")


def session_of(answer: Mapping[str, str], *, at: float) -> Session:
    variables = {name.lower(): value for name, value in answer.items()}
    role = variables.get(ROLE)
    if not role:
        raise EngineError("invalid-params", f"{ROLE} not found in session variables")
    kept = {name: value for name, value in variables.items() if name not in NOT_VARIABLES}
    return Session(role, kept, expires_at=expiry(answer, at=at))


def expiry(answer: Mapping[str, str], *, at: float) -> float | None:
    """When the answer's Cache-Control or Expires lets a connection end (seconds since 1970), None for never.

    >>> expiry({"Cache-Control": "max-age=60"}, at=1000.0)
    1060.0
    """
    for directive in answer.get("Cache-Control", "").split(","):
        name, _, seconds = directive.strip().partition("=")
        if name in ("max-age", "s-maxage") and seconds.isdecimal() and len(seconds) < 12:
            return at + int(seconds)
    try:
        return parsedate_to_datetime(answer["Expires"]).timestamp() if "Expires" in answer else None
    except (ValueError, OverflowError):
        logger.warning("The authentication hook's Expires is not a valid date; it won't be heeded.")
        return None

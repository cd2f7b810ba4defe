"""Calling a function through the Lambda API, with Cognito's patience."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from .model import Json
from .triggers import FunctionRaised, FunctionUnavailable

if TYPE_CHECKING:
    import aiohttp

ATTEMPTS = 3
SECONDS_AN_ATTEMPT = 5.0
PAUSE = 0.1
HEADERS = {"content-type": "application/json", "x-amz-invocation-type": "RequestResponse"}


@dataclass(frozen=True)
class Answer:
    """What Lambda answers; the names of the headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class LambdaClient:
    """Invokes functions at a Lambda endpoint: 5 seconds an attempt, 3 attempts for what can be tried again."""

    def __init__(self, url: str | None, *, seconds: float = SECONDS_AN_ATTEMPT) -> None:
        self._url = url
        self._seconds = seconds
        self._http: aiohttp.ClientSession | None = None

    async def __call__(self, arn: str, event: Json) -> Any:
        """What the function returns; raises FunctionRaised or FunctionUnavailable."""
        if self._url is None:
            raise FunctionUnavailable(f"no lambda_url is configured to run {arn} at")
        reason = ""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(attempt * PAUSE)
            answer, reason = await self._attempt(f"{self._url}/2015-03-31/functions/{quote(arn)}/invocations", event)
            if answer is not None:
                return _result(answer)
        raise FunctionUnavailable(reason)

    async def _attempt(self, url: str, event: Json) -> tuple[Answer | None, str]:
        """The answer, or None and why it is worth another attempt."""
        import aiohttp

        try:
            async with (
                asyncio.timeout(self._seconds),
                self._session().post(url, data=orjson.dumps(event), allow_redirects=False) as response,
            ):
                answer = Answer(response.status, response.headers, await response.read())
        except TimeoutError:
            return None, "Socket timeout while invoking Lambda function"
        except aiohttp.ClientError:
            return None, f"Lambda does not answer at {self._url}"
        if answer.status == 429 or answer.status >= 500:
            return None, _error_type(answer)
        return answer, ""

    def _session(self) -> aiohttp.ClientSession:
        """The connections, as many as there are calls at a time; those that are idle are kept for the next ones."""
        if self._http is None:
            import aiohttp

            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=HEADERS,
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return self._http

    async def warm(self) -> None:
        """Imports the HTTP client aside, so that the first trigger need not wait for it."""
        await asyncio.to_thread(__import__, "aiohttp")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def _result(answer: Answer) -> Any:
    if answer.status != 200:
        raise FunctionUnavailable(_error_type(answer))
    try:
        payload = orjson.loads(answer.content)
    except ValueError:
        payload = None
    if "x-amz-function-error" in answer.headers:
        raise FunctionRaised(_error_message(payload))
    return payload


def _error_message(payload: Any) -> str:
    message = payload.get("errorMessage") if isinstance(payload, dict) else None
    return str(message) if message else "null"


def _error_type(answer: Answer) -> str:
    return str(answer.headers.get("x-amzn-errortype") or f"HTTP {answer.status}").partition(":")[0]

"""Calling a function through the Lambda API, with Cognito's patience."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from .model import Json
from .triggers import FunctionRaised, FunctionUnavailable

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 3
SECONDS_AN_ATTEMPT = 5.0
PAUSE = 0.1


class LambdaClient:
    """Invokes functions at a Lambda endpoint: 5 seconds an attempt, 3 attempts for what can be tried again."""

    def __init__(self, url: str | None, *, seconds: float = SECONDS_AN_ATTEMPT) -> None:
        self._url = url
        self._seconds = seconds
        self._http: httpx.AsyncClient | None = None

    async def __call__(self, arn: str, event: Json) -> Any:
        """What the function returns; raises FunctionRaised or FunctionUnavailable."""
        if self._url is None:
            raise FunctionUnavailable(f"no lambda_url is configured to run {arn} at")
        reason = ""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(attempt * PAUSE)
            response, reason = await self._attempt(f"{self._url}/2015-03-31/functions/{quote(arn)}/invocations", event)
            if response is not None:
                return _result(response)
        raise FunctionUnavailable(reason)

    async def _attempt(self, url: str, event: Json) -> tuple[httpx.Response | None, str]:
        """The answer, or None and why it is worth another attempt."""
        import httpx

        http = self._client()
        try:
            async with asyncio.timeout(self._seconds):
                response = await http.post(url, content=orjson.dumps(event))
        except (TimeoutError, httpx.TimeoutException):
            return None, "Socket timeout while invoking Lambda function"
        except httpx.TransportError:
            return None, f"Lambda does not answer at {self._url}"
        if response.status_code == 429 or response.status_code >= 500:
            return None, _error_type(response)
        return response, ""

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            import httpx

            limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
            headers = {"content-type": "application/json", "x-amz-invocation-type": "RequestResponse"}
            # Certificates take 30 ms to load, and a plain address needs none.
            secure = str(self._url).startswith("https:")
            self._http = httpx.AsyncClient(
                verify=secure,
                timeout=None,  # noqa: S113
                limits=limits,
                headers=headers,
                trust_env=False,
            )
        return self._http

    async def warm(self) -> None:
        """Imports the HTTP client aside, so that the first trigger need not wait for it."""
        await asyncio.to_thread(__import__, "httpx")

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def _result(response: httpx.Response) -> Any:
    if response.status_code != 200:
        raise FunctionUnavailable(_error_type(response))
    try:
        payload = orjson.loads(response.content)
    except ValueError:
        payload = None
    if "x-amz-function-error" in response.headers:
        raise FunctionRaised(_error_message(payload))
    return payload


def _error_message(payload: Any) -> str:
    message = payload.get("errorMessage") if isinstance(payload, dict) else None
    return str(message) if message else "null"


def _error_type(response: httpx.Response) -> str:
    return str(response.headers.get("x-amzn-errortype") or f"HTTP {response.status_code}").partition(":")[0]

"""The way to Hasura: kept connections, the admin secret, a deadline."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from types import TracebackType

import aiohttp

from orchestrator.gateway.errors import Refusal

# The handler takes a tunnel that is silent for 1.15 s for dead. That Hasura is slow must be told before, way included.
ANSWER_SECONDS = 0.9
# What Hasura was sent is not taken back then: the row is there a little later.
WRITE_SECONDS = 20.0
LARGEST_ANSWER = 65_536
CONNECTIONS = 32


@dataclass(frozen=True)
class HasuraAnswer:
    status: int
    body: bytes


class Hasura:
    """To be used as an async context manager, which holds the connections."""

    def __init__(self, url: str, admin_secret: str, *, seconds: float = ANSWER_SECONDS) -> None:
        self._url = url
        self._seconds = seconds
        self._under_way: set[asyncio.Task[HasuraAnswer]] = set()
        self._headers = {"content-type": "application/json", "x-hasura-admin-secret": admin_secret}
        self._unspeakable = {admin_secret.encode(), json.dumps(admin_secret)[1:-1].encode()}

    async def __aenter__(self) -> Hasura:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={**self._headers, "accept-encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._session.close()

    async def send(self, body: bytes) -> HasuraAnswer:
        """What Hasura answers to this GraphQL request.

        Raises Refusal: 504 when it takes too long, while the request goes on; 502 when it is away or its answer can't
        be passed on.
        """
        task = asyncio.create_task(self._post(body))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        try:
            answer = await asyncio.wait_for(asyncio.shield(task), self._seconds)
        except TimeoutError as error:
            raise Refusal(504, "hasura-slow", f"Hasura did not answer within {self._seconds:g} s.") from error
        except aiohttp.ClientError as error:
            raise Refusal(502, "hasura-away", f"Hasura is not there: {type(error).__name__}.") from error
        if any(secret in answer.body for secret in self._unspeakable):
            raise Refusal(502, "answer-withheld", "Hasura's answer is not passed on: the admin secret is in it.")
        return answer

    def _done(self, task: asyncio.Task[HasuraAnswer]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # Nobody may wait for it any more.

    async def _post(self, body: bytes) -> HasuraAnswer:
        """A kept connection that turns out to be closed is replaced once: the mutation is idempotent."""
        async with asyncio.timeout(WRITE_SECONDS):
            try:
                return await self._post_once(body)
            except aiohttp.ClientConnectorError:
                raise
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                return await self._post_once(body)

    async def _post_once(self, body: bytes) -> HasuraAnswer:
        async with self._session.post(self._url, data=body, allow_redirects=False) as response:
            parts: list[bytes] = []
            left = LARGEST_ANSWER
            async for part in response.content.iter_any():
                parts.append(part)
                left -= len(part)
                if left < 0:
                    raise Refusal(502, "answer-withheld", f"Hasura's answer is larger than {LARGEST_ANSWER} bytes.")
            return HasuraAnswer(response.status, b"".join(parts))

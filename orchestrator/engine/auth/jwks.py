"""The JWK set at an address: fetched before the engine serves, fetched again when its Cache-Control says so."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from orchestrator.engine.auth.jwk import Key, UnusableKey, from_set

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 10
RETRY_AFTER_SECONDS: Final = (0.2, 0.4, 0.8, 1.6, 3.2)
WAKE_SECONDS: Final = 60
LARGEST_SET: Final = 1 << 20


class JwksError(Exception):
    """The set can't be had; says from where and why."""


@dataclass(frozen=True)
class KeySet:
    """Keys and when to fetch them again (seconds since 1970), None where the answer did not say."""

    keys: tuple[Key, ...]
    refresh_at: float | None


class RemoteKeys:
    """The keys at an address, kept fresh while `keep_fresh` runs."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._clock = clock
        self._set = KeySet((), None)

    def __call__(self) -> tuple[Key, ...]:
        return self._set.keys

    async def load(self, retry_after: Sequence[float] = RETRY_AFTER_SECONDS) -> None:
        """Fetches the keys for the first time; raises JwksError when every retry failed, too."""
        for pause in retry_after:
            try:
                return await self.refresh()
            except JwksError as error:
                logger.warning("%s Trying again in %s s.", error, pause)
                await asyncio.sleep(pause)
        return await self.refresh()

    async def refresh(self) -> None:
        """Fetches the keys; an answer that does not say when to come again leaves that as it was."""
        found = await asyncio.to_thread(fetch, self._url, at=self._clock())
        if not found.keys:
            logger.warning("The JWK set from %s holds no key to verify with: no token is valid.", self._url)
        self._set = found if found.refresh_at is not None else replace(found, refresh_at=self._set.refresh_at)

    async def keep_fresh(self, wake_seconds: float = WAKE_SECONDS) -> None:
        """Fetches the keys whenever they are due, for ever; one that fails keeps the old keys until the next wake."""
        while True:
            await asyncio.sleep(wake_seconds)
            try:
                await self.refresh_if_due()
            except JwksError as error:
                logger.warning("%s Keeping the keys from before.", error)

    async def refresh_if_due(self) -> bool:
        """Fetches the keys if it is time, or there are none; whether it was."""
        keys, refresh_at = self._set.keys, self._set.refresh_at
        due = not keys or (refresh_at is not None and self._clock() >= refresh_at)
        if due:
            await self.refresh()
        return due


def fetch(url: str, *, at: float) -> KeySet:
    """The key set at the http(s) address; raises JwksError."""
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "hasura-graphql-engine"})  # noqa: S310
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - the configuration refuses others
            body, headers = response.read(LARGEST_SET), response.headers
    except HTTPError as error:
        error.close()
        raise JwksError(
            f"Fetching the JWK set from {url} failed: the answer is {error.code} {error.reason}."
        ) from error
    except (OSError, ValueError, HTTPException) as error:
        raise JwksError(f"Fetching the JWK set from {url} failed: {getattr(error, 'reason', error)}.") from error
    try:
        keys = from_set(json.loads(body))
    except UnusableKey as error:
        raise JwksError(f"The JWK set from {url} can't be used: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise JwksError(f"The JWK set from {url} can't be used: it is not valid JSON.") from error
    seconds = refresh_after(headers, at=at)
    return KeySet(keys, None if seconds is None else at + seconds)


def refresh_after(headers: Mapping[str, str], *, at: float) -> float | None:
    """In how many seconds the answer's headers want the keys fetched again; None for never.

    >>> refresh_after({"Cache-Control": "max-age=90"}, at=0), refresh_after({"Cache-Control": "no-store"}, at=0)
    (90, 0)
    """
    directives = cache_directives(headers.get("Cache-Control") or "")
    age = next((directives[name] for name in directives if name in ("max-age", "s-maxage")), None)
    if age is not None and not (age.isdecimal() and len(age) < 12):
        logger.warning("The max-age in the JWK set's Cache-Control is not a number; it won't be heeded.")
        return None
    if "must-revalidate" in directives:
        return int(age or 0)
    if "no-cache" in directives or "no-store" in directives:
        return 0
    return seconds_until(headers.get("Expires"), at=at) if age is None else int(age)


def cache_directives(header: str) -> Mapping[str, str]:
    """Their values by name, in the header's order, which decides between max-age and s-maxage."""
    pairs = (directive.strip().lower().partition("=") for directive in header.split(","))
    return {name: value.strip('" ') for name, _, value in pairs}


def seconds_until(expires: str | None, *, at: float) -> float | None:
    try:
        return None if expires is None else max(0, parsedate_to_datetime(expires).timestamp() - at)
    except (ValueError, OverflowError):
        logger.warning("The JWK set's Expires header is not a valid date; the keys won't be fetched again.")
        return None

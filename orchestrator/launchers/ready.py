"""Whether a service answers: the questions `up` asks until it is ready."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.errors import StackError
from orchestrator.services.spec import HttpReady, PostgresReady, Ready, StateReady

POLL_SECONDS = 0.02


def answers(ready: Ready, *, seconds: float) -> bool:
    """One question, answered within that many seconds or not.

    Raises StackError where waiting would not help: PostgreSQL refuses the login, or the service says that it failed.
    """
    if isinstance(ready, HttpReady):
        return _http_answers(ready.url, seconds)
    if isinstance(ready, StateReady):
        return _is_open(ready.path)
    return asyncio.run(_postgres_answers(ready.url, seconds))


def forget(ready: Ready) -> None:
    """Removes what a service that was killed said of itself, before it is started again."""
    if isinstance(ready, StateReady):
        ready.path.unlink(missing_ok=True)


def wait_for_postgres(url: str, *, seconds: float) -> None:
    """Returns once the server takes this login; TimeoutError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not answers(PostgresReady(url), seconds=max(0.1, deadline - time.monotonic())):
        if time.monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL was not ready within {seconds:g} s.")
        time.sleep(POLL_SECONDS)


def _http_answers(url: str, seconds: float) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="").geturl() or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_open(path: Path) -> bool:
    """What the file of a `StateReady` says. Raises StackError with the service's own words when it failed."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    if said["state"] == "failed":
        raise StackError(said["error"]["message"], said["error"]["hint"])
    return bool(said["state"] == "open")


async def _postgres_answers(url: str, seconds: float) -> bool:
    import asyncpg  # while the server starts; no other question needs it

    try:
        connection = await asyncpg.connect(url, timeout=seconds)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise StackError(
            f"PostgreSQL on port {urlsplit(url).port} refused the login: {error}.",
            "Another server may be on this port; see `hasura-cognito status`.",
        ) from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        await connection.close()

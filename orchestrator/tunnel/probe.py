"""Whether a URL leads to our gateway: asked through the public internet, as the sync function would."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlsplit

import httpx

from orchestrator.tunnel.public_url import is_loopback

# Without the first one, ngrok's free plan shows browsers a page of its own.
HEADERS = {"ngrok-skip-browser-warning": "1", "user-agent": "hasura-cognito", "accept": "application/json"}
LONGEST_ANSWER = 65536
SECONDS = 5.0
NGROK_ERROR = re.compile(r"ERR_NGROK_\d+")


async def probe(url: str, gateway_id: str, *, seconds: float = SECONDS) -> str | None:
    """None if our gateway answers at this URL within that many seconds; else what happened, as a part of a sentence.

    Every probe takes a new connection, for a kept one would prove nothing about a new one.
    """
    try:
        async with asyncio.timeout(seconds):
            status, headers, body = await _get(url, seconds)
    except (TimeoutError, httpx.TimeoutException):
        return f"nothing answered within {seconds:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return f"nothing answered ({_in_words(error)})"
    ngrok = NGROK_ERROR.search(headers.get("ngrok-error-code", "")) or (status >= 400 and NGROK_ERROR.search(body))
    if ngrok:
        return f"ngrok answered {ngrok[0]}, see https://ngrok.com/docs/errors/{ngrok[0].lower()}"
    found = _gateway_of(body) if status == 200 else None
    if found == gateway_id:
        return None
    return "another stack's gateway answered" if found else f"something else answered, with status {status}"


async def _get(url: str, seconds: float) -> tuple[int, httpx.Headers, str]:
    """Status, headers and the beginning of the body. A proxy of the environment is taken, but not to this machine."""
    trust_env = not is_loopback(urlsplit(url).hostname or "")
    # Certificates, whose loading takes 70 ms, are loaded only for https.
    verify = url.startswith("https:")
    body = b""
    async with (
        httpx.AsyncClient(timeout=seconds, trust_env=trust_env, verify=verify) as http,
        http.stream("GET", url, headers=HEADERS) as answer,
    ):
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LONGEST_ANSWER:
                break
    return answer.status_code, answer.headers, body.decode("utf-8", "replace")


def _gateway_of(body: str) -> str | None:
    try:
        return str(json.loads(body)["gateway"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _in_words(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__

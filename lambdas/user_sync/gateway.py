"""The gateway of a running stack, which a tunnel leads to: a signed request goes in, Hasura's answer comes out."""

from __future__ import annotations

import hmac
import re
import time

import http_json
from failures import SyncFailed, Unreachable

FIRST_BYTE_SECONDS = 1.15  # A sign-in may lose 1.2 s to a dead tunnel; the rest is for what is around it.

# How a tunnel's public end says that this end is away: ngrok by a code in its page (https://ngrok.com/docs/errors),
# Cloudflare by 530, and any proxy by the others.
NGROK = re.compile(rb"ERR_NGROK_\d+")
PROXY = (502, 503, 504, 530)

_last_stamp = 0


def post(url, key, body, *, deadline):
    """The GraphQL answer, a refusal of the gateway's own too. Raises Unreachable if no gateway answers there."""
    try:
        address = http_json.address_of(url)
    except ValueError:
        raise SyncFailed("the gateway's URL must be an http or https URL") from None
    try:
        answer = http_json.post(
            address,
            body,
            lambda: _headers(key, body),
            deadline=deadline,
            first_byte_by=time.monotonic() + FIRST_BYTE_SECONDS,
        )
    except http_json.NO_ANSWER as error:
        raise Unreachable(f"the tunnel {address.hostname} does not answer: {type(error).__name__}") from error
    document = answer.document or {}
    if "data" in document or "errors" in document:
        return document
    if said := NGROK.search(answer.body):
        raise Unreachable(f"the tunnel {address.hostname} leads nowhere: {said[0].decode()}")
    if answer.status in PROXY:
        raise Unreachable(f"the tunnel {address.hostname} leads nowhere: HTTP status {answer.status}")
    raise SyncFailed(f"{address.hostname} is no gateway: HTTP status {answer.status} without a GraphQL answer")


def _headers(key, body):
    stamp = _stamp()
    signature = hmac.digest(key.encode(), stamp.encode() + b"." + body, "sha256").hex()
    return {
        "content-type": "application/json",
        "x-sync-timestamp": stamp,
        "x-sync-signature": f"v1={signature}",
        "ngrok-skip-browser-warning": "1",  # Else ngrok's free plan may answer with a page for browsers.
    }


def _stamp():
    """Milliseconds since the epoch. Never the same twice: the gateway would take the second for a replay."""
    global _last_stamp
    _last_stamp = max(time.time_ns() // 1_000_000, _last_stamp + 1)
    return str(_last_stamp)

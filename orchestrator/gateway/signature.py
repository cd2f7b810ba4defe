"""What a request is signed with: HMAC-SHA256 over its timestamp and its body."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.gateway.errors import Refusal

TIMESTAMP = b"x-sync-timestamp"
SIGNATURE = b"x-sync-signature"
SKEW_MILLISECONDS = 300_000
# Each request has one way to be written only, so that a replay can be told by its signature.
_TIMESTAMP = re.compile(rb"[1-9][0-9]{0,14}")
_SIGNATURE = re.compile(rb"v1=([0-9a-f]{64})")


@dataclass(frozen=True)
class Stamp:
    """When a request says that it was signed, in milliseconds since the epoch, and its signature."""

    timestamp: int
    signature: bytes


def sign(key: bytes, timestamp: int, body: bytes) -> bytes:
    """The 32 bytes of the signature."""
    return hmac.digest(key, b"%d.%b" % (timestamp, body), hashlib.sha256)


def gateway_id(key: bytes) -> str:
    """What tells this gateway from another's behind the same public URL: 16 digits, which do not tell the key."""
    return hmac.digest(key, b"gateway id", hashlib.sha256).hex()[:16]


def check(headers: Iterable[tuple[bytes, bytes]], body: bytes, *, key: bytes, now: int) -> Stamp:
    """The stamp of a request that was signed with this key, a moment ago; raises Refusal (401) for any other.

    `now` is in milliseconds since the epoch. What costs least is asked first, for strangers send what they like.
    """
    stamp = _stamp(list(headers))
    if stamp is None:
        raise Refusal(401, "unsigned", f"{TIMESTAMP.decode()} and {SIGNATURE.decode()} are needed, once each.")
    if abs(now - stamp.timestamp) > SKEW_MILLISECONDS:
        raise Refusal(
            401,
            "clock-skew",
            f"{TIMESTAMP.decode()} is {_seconds(now - stamp.timestamp)} this machine's clock; 300 s are allowed.",
        )
    if not hmac.compare_digest(sign(key, stamp.timestamp, body), stamp.signature):
        raise Refusal(401, "wrong-signature", f"{SIGNATURE.decode()} is not this request's, or of another key.")
    return stamp


def _stamp(headers: list[tuple[bytes, bytes]]) -> Stamp | None:
    """What the headers say, None where they lack a part of it, say it twice, or in another form."""
    timestamps = [value for name, value in headers if name == TIMESTAMP]
    signatures = [value for name, value in headers if name == SIGNATURE]
    if len(timestamps) != 1 or len(signatures) != 1:
        return None
    timestamp, signature = _TIMESTAMP.fullmatch(timestamps[0]), _SIGNATURE.fullmatch(signatures[0])
    if not timestamp or not signature:
        return None
    return Stamp(int(timestamp[0]), bytes.fromhex(signature[1].decode()))


def _seconds(behind: int) -> str:
    return f"{abs(behind) / 1000:.0f} s {'behind' if behind > 0 else 'ahead of'}"

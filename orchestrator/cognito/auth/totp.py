"""Software tokens: codes of six digits that change every 30 seconds (RFC 6238), as authenticator apps make them."""

from __future__ import annotations

import base64
import hmac

from ..model import Random

STEP_SECONDS = 30
# A clock may be wrong by this many steps.
TOLERANCE = 1


def new_secret(random: Random) -> str:
    """A secret in base32, 32 bytes as Cognito's are."""
    return base64.b32encode(random(32)).decode().rstrip("=")


def code(secret: str, counter: int) -> str:
    """The code of one time step.

    >>> code(base64.b32encode(b"12345678901234567890").decode(), 59 // 30)  # RFC 6238, appendix B, the last six digits
    '287082'
    """
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def counter_of(secret: str, given: str, at: float) -> int | None:
    """The time step, near a moment, whose code was given; None for a wrong one."""
    now = int(at) // STEP_SECONDS
    steps = range(now - TOLERANCE, now + TOLERANCE + 1)
    return next((step for step in steps if hmac.compare_digest(code(secret, step).encode(), given.encode())), None)

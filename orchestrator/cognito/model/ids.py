"""Ids of every kind, and what they are made from: chance and time."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

Clock = Callable[[], float]
Random = Callable[[int], bytes]
Json = dict[str, Any]


def session_id(at: float, random: Random) -> str:
    """A UUID of version 7, so that the moment it was made can be read from it (RFC 9562, 6.2, method 3).

    >>> abs(session_time(session_id(1700000000.123456, lambda n: bytes(n))) - 1700000000.123456) < 1e-6
    True
    """
    milliseconds, fraction = divmod(int(at * 4_096_000), 4096)
    number = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | int.from_bytes(random(8), "big") >> 2
    return str(uuid.UUID(int=number))


def session_time(identity: str) -> float:
    """The moment a session began, in seconds."""
    number = uuid.UUID(identity).int
    return ((number >> 80) * 4096 + (number >> 64 & 0xFFF)) / 4_096_000


def random_uuid(random: Random) -> str:
    return str(uuid.UUID(bytes=random(16), version=4))


def random_text(random: Random, characters: str, length: int) -> str:
    """So many of the characters, each as likely as any other.

    >>> random_text(lambda size: bytes(range(size)), "abc", 4)
    'abca'
    """
    even = 256 - 256 % len(characters)
    text = ""
    while len(text) < length:
        text += "".join(characters[byte % len(characters)] for byte in random(length) if byte < even)
    return text[:length]


def arn(region: str, account: str, pool_id: str) -> str:
    return f"arn:aws:cognito-idp:{region}:{account}:userpool/{pool_id}"

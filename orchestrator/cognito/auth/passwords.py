"""Passwords: the pool's policy, temporary ones, and whether one is right."""

from __future__ import annotations

import base64
import hashlib
import hmac
import string
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InvalidPassword
from ..model import Pool, Random, User
from . import srp

SYMBOLS = frozenset("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ")
REMEMBERED = 10_000

_RULES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("RequireUppercase", lambda password: any(c in string.ascii_uppercase for c in password), "uppercase characters"),
    ("RequireLowercase", lambda password: any(c in string.ascii_lowercase for c in password), "lowercase characters"),
    ("RequireNumbers", lambda password: any(c in string.digits for c in password), "numeric characters"),
    ("RequireSymbols", lambda password: not SYMBOLS.isdisjoint(password), "symbol characters"),
)


def check_policy(policy: Mapping[str, Any], password: str) -> None:
    """Raises InvalidPassword, in Cognito's words, for the first rule a password breaks."""
    if len(password) < int(policy["MinimumLength"]):
        raise InvalidPassword("Password did not conform with policy: Password not long enough")
    for rule, holds, what in _RULES:
        if policy.get(rule) and not holds(password):
            raise InvalidPassword(f"Password did not conform with policy: Password must have {what}")


def temporary(policy: Mapping[str, Any], random: Random) -> str:
    """A password for AdminCreateUser that every policy takes."""
    filler = base64.b32encode(random(64)).decode().lower()
    length = max(int(policy["MinimumLength"]), 12)
    return f"Aa1!{filler}"[:length]


class Passwords:
    """Checks passwords, and knows again one that proved right: the second sign-in costs microseconds, not 5 ms.

    It remembers a keyed digest, under a key that never leaves the process; the salt, new with every password, is
    what it is remembered by.
    """

    def __init__(self, random: Random) -> None:
        self._key = random(32)
        self._right: OrderedDict[str, bytes] = OrderedDict()

    def right(self, pool: Pool, user: User, password: str) -> bool:
        stored = user.password
        if stored is None:
            return False
        digest = hmac.digest(self._key, f"{stored.salt}{password}".encode(), hashlib.sha256)
        known = self._right.get(stored.salt)
        if known is not None and hmac.compare_digest(known, digest):
            self._right.move_to_end(stored.salt)
            return True
        if not srp.matches(stored, pool.srp_name, user.username, password):
            return False
        self._right[stored.salt] = digest
        if len(self._right) > REMEMBERED:
            self._right.popitem(last=False)
        return True

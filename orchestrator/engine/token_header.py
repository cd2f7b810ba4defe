"""Where a request carries its token: the Authorization header, a cookie or a header of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie


@dataclass(frozen=True)
class AuthorizationHeader:
    """`Authorization: Bearer …`"""

    def token(self, headers: Mapping[str, str]) -> str | None:
        return bearer(headers.get("authorization", ""))


@dataclass(frozen=True)
class Cookie:
    name: str

    def token(self, headers: Mapping[str, str]) -> str | None:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.name)
        except CookieError:
            return None
        return found.value if found else None


@dataclass(frozen=True)
class CustomHeader:
    """The token alone, or behind `Bearer`; `name` is in lower case."""

    name: str

    def token(self, headers: Mapping[str, str]) -> str | None:
        sent = headers.get(self.name)
        return None if sent is None else bearer(sent) or sent


TokenHeader = AuthorizationHeader | Cookie | CustomHeader


def bearer(header: str) -> str | None:
    """The token of `Bearer …`, None of anything else.

    >>> bearer("Bearer a.b.c"), bearer("Basic dXNlcg==")
    ('a.b.c', None)
    """
    words = header.split()
    return words[1] if len(words) == 2 and words[0] == "Bearer" else None

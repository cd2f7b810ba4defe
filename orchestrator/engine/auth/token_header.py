"""Where a request carries its token: the Authorization header, a cookie or a header of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from orchestrator.engine.errors import EngineError

# What stands between the values of a header that was sent more than once: no header can hold it.
REPEATED = "\n"


@dataclass(frozen=True)
class AuthorizationHeader:
    """`Authorization: Bearer …`"""

    def token(self, headers: Mapping[str, str]) -> str | None:
        sent = headers.get("authorization")
        return None if sent is None else only_one([bearer(value) for value in sent.split(REPEATED)])


@dataclass(frozen=True)
class Cookie:
    name: str

    def token(self, headers: Mapping[str, str]) -> str | None:
        return only_one([value for name, value in cookies(headers.get("cookie", "")) if name == self.name])


@dataclass(frozen=True)
class CustomHeader:
    """The token alone; `name` is in lower case."""

    name: str

    def token(self, headers: Mapping[str, str]) -> str | None:
        return headers.get(self.name)


TokenHeader = AuthorizationHeader | Cookie | CustomHeader


def bearer(header: str) -> str:
    """The token of `Bearer …`; raises invalid-headers for anything else."""
    words = header.split()
    if len(words) != 2 or words[0] != "Bearer":
        raise EngineError("invalid-headers", "Malformed Authorization header")
    return words[1]


def only_one(tokens: list[str]) -> str | None:
    if len(tokens) > 1:
        raise several_tokens()
    return tokens[0] if tokens else None


def several_tokens() -> EngineError:
    return EngineError("invalid-headers", "Could not verify JWT: Multiple JWTs found")


def cookies(header: str) -> list[tuple[str, str]]:
    """Names and values; a cookie of another application's that no standard allows is no obstacle to the rest.

    >>> cookies('a=1; token="x.y.z"; odd[]={"b": 2}')
    [('a', '1'), ('token', 'x.y.z'), ('odd[]', '{"b": 2}')]
    """
    pairs = (part.partition("=") for part in header.replace(REPEATED, ";").split(";"))
    return [(name.strip(), cookie_value(value.strip())) for name, equals, value in pairs if equals]


def cookie_value(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return unquote(text[1:-1] if quoted else text)

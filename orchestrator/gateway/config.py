"""The gateway's configuration: a JSON file, which holds no secret, and two secrets of the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.gateway.errors import ConfigError

KEY_VARIABLE = "GATEWAY_KEY"
SECRET_VARIABLE = "HASURA_GRAPHQL_ADMIN_SECRET"  # noqa: S105 - its name
# Above what a user pool's sign-ins (120 a second) and sign-ups (50) can come to.
REQUESTS_PER_SECOND, BURST = 200, 400
NAMES = {"host", "port", "graphql_url", "mutation", "columns", "database", "requests_per_second", "burst"}


@dataclass(frozen=True)
class Config:
    """Where to listen, and what may be passed on to where.

    `columns` are those that a request may set. Of `requests_per_second` that are admitted, `burst` may come at once.
    """

    host: str
    port: int
    graphql_url: str
    mutation: str
    columns: tuple[str, ...]
    database: Path
    requests_per_second: float
    burst: int


@dataclass(frozen=True)
class Secrets:
    """The key that requests are signed with: the bytes of its text; and Hasura's admin secret."""

    key: bytes = field(repr=False)
    admin_secret: str = field(repr=False)


def read(path: Path) -> Config:
    """The configuration in a file; raises ConfigError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error
    try:
        return parse(document)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(document: Any) -> Config:
    """The configuration a JSON document describes; raises ConfigError."""
    if not isinstance(document, dict):
        raise ConfigError("the file must hold an object")
    if unknown := sorted(document.keys() - NAMES):
        raise ConfigError(f"unknown member {unknown[0]!r} (known: {', '.join(sorted(NAMES))})")
    return Config(
        host=_text(document, "host", "127.0.0.1"),
        port=int(_number(document, "port", 8090, low=0, high=65535)),
        graphql_url=_url(_text(document, "graphql_url")),
        mutation=_text(document, "mutation"),
        columns=_columns(document.get("columns")),
        database=Path(_text(document, "database")),
        requests_per_second=_number(document, "requests_per_second", REQUESTS_PER_SECOND, low=0.01, high=1_000_000),
        burst=int(_number(document, "burst", BURST, low=1, high=1_000_000)),
    )


def secrets(environ: Mapping[str, str]) -> Secrets:
    """The two secrets; raises ConfigError, which does not quote them."""
    key, admin_secret = environ.get(KEY_VARIABLE, ""), environ.get(SECRET_VARIABLE, "")
    if not re.fullmatch("[!-~]{32,}", key):
        raise ConfigError(f"{KEY_VARIABLE} must be at least 32 letters, digits and signs: `openssl rand -hex 32`.")
    if not admin_secret or re.search(r"[\x00-\x1f\x7f]", admin_secret):
        raise ConfigError(f"{SECRET_VARIABLE} must be one line of text.")
    return Secrets(key.encode(), admin_secret)


def _text(document: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} must be a text" + (" and is missing" if value is None else f", not {value!r}"))
    return value


def _number(document: Mapping[str, Any], name: str, default: float, *, low: float, high: float) -> float:
    value = document.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(f"{name} must be a number from {low:g} to {high:.0f}, not {value!r}")
    return value


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ConfigError("graphql_url must be an http or https URL without a login")
    return text


def _columns(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(name, str) and name for name in given):
        raise ConfigError("columns must be a list of names")
    if missing := [name for name in ("id", "synced_at") if name not in given]:
        raise ConfigError(f"columns must have {missing[0]}")
    return tuple(given)

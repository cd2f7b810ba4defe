"""Web services that a permission asks whether the input of a mutation is valid (`validate_input`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.engine.errors import unexpected
from orchestrator.engine.json_value import JsonValue

TIMEOUT_SECONDS: Final = 10
VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Header:
    """Its value, or the name of the environment variable that holds it."""

    name: str
    value: str
    from_env: bool = False


@dataclass(frozen=True)
class InputHook:
    """`url` may have environment variables in it, as `{{NAME}}`."""

    url: str
    headers: tuple[Header, ...] = ()
    forwards_headers: bool = False
    timeout: int = TIMEOUT_SECONDS


@dataclass(frozen=True)
class InputCheck:
    """What a hook is asked before a mutation; `input` makes that of the request's variables."""

    hook: InputHook
    input: Callable[[Any], list[Any]]


def read_hook(value: JsonValue) -> InputHook:
    if value["type"].text() != "http":
        raise value["type"].refuse('expected "http"')
    definition = value["definition"]
    return InputHook(
        definition["url"].non_empty_text(),
        definition.optional("headers", read_headers, ()),
        definition.flag("forward_client_headers"),
        definition.optional("timeout", JsonValue.integer, TIMEOUT_SECONDS),
    )


def read_headers(value: JsonValue) -> tuple[Header, ...]:
    return tuple(read_header(item) for item in value.items())


def read_header(value: JsonValue) -> Header:
    name = value["name"].non_empty_text()
    variable = value.optional_text("value_from_env")
    return Header(name, value["value"].text()) if variable is None else Header(name, variable, from_env=True)


def resolved_url(hook: InputHook, environ: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda found: variable(found[1], environ), hook.url)


def resolved_headers(hook: InputHook, environ: Mapping[str, str]) -> dict[str, str]:
    """The hook's own headers, by lower-case name."""
    return {
        header.name.lower(): variable(header.value, environ) if header.from_env else header.value
        for header in hook.headers
    }


def variable(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise unexpected(f"environment variable '{name}' not set")
    return environ[name]

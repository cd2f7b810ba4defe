"""The JSON paths of Hasura's settings, such as `$.user['app roles'][0]`."""

from __future__ import annotations

import re
from typing import Any, Final

Path = tuple[str | int, ...]

STEP: Final = re.compile(
    r"""\.(?P<key>[^.\[\]'"\s]+) | \.?\[(?P<index>\d+)\] | \.?\['(?P<single>[^']*)'\] | \.?\["(?P<double>[^"]*)"\]""",
    re.VERBOSE,
)
MISSING: Final = object()


class JsonPathError(ValueError):
    """A path that can't be read; says where."""


def parse(text: str) -> Path:
    """The steps of a path; the `$` in front may be left out.

    >>> parse("$.user['app roles'][0]"), parse("roles"), parse("$")
    (('user', 'app roles', 0), ('roles',), ())
    """
    rest = text.removeprefix("$")
    if rest and rest[0] not in ".[":
        rest = f".{rest}"
    steps: list[str | int] = []
    at = 0
    while at < len(rest):
        match = STEP.match(rest, at)
        if match is None:
            raise JsonPathError(f"invalid JSON path '{text}' near '{rest[at:]}'")
        steps.append(step_of(match))
        at = match.end()
    return tuple(steps)


SELECT_STEP: Final = re.compile(
    r"""\.?(?P<key>[^\W\d][\w-]*) | \.?\[(?P<index>\d+)\] | \.?\['(?P<single>[^']*)'\] | \.?\["(?P<double>[^"]*)"\]""",
    re.VERBOSE,
)


def parse_select_path(text: str) -> Path:
    """The steps of a column's argument `path`, in Hasura's stricter grammar and with its words for what is wrong.

    >>> parse_select_path("$.a.b[0]"), parse_select_path("a['b c']"), parse_select_path("$")
    (('a', 'b', 0), ('a', 'b c'), ())
    """
    rest, at = text.removeprefix("$"), 0
    steps: list[str | int] = []
    while match := SELECT_STEP.match(rest, at):
        steps.append(step_of(match))
        at = match.end()
    if at < len(rest) or not text:
        raise JsonPathError(
            f"{text}. Accept letters, digits, underscore (_) or hyphen (-) only. "
            'Use quotes enclosed in bracket (["..."]) if there is any special character'
        )
    return tuple(steps)


def step_of(match: re.Match[str]) -> str | int:
    if match["index"] is not None:
        return int(match["index"])
    return next(found for found in (match["key"], match["single"], match["double"]) if found is not None)


def lookup(value: Any, path: Path) -> Any:
    """What stands at the path, MISSING where nothing does."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return MISSING
        elif not isinstance(value, dict) or step not in value:
            return MISSING
        value = value[step]
    return value


def write(path: Path) -> str:
    """The path as text.

    >>> write(("user", "app roles", 0))
    "$.user['app roles'][0]"
    """
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if re.fullmatch(r"[\w-]+", step) else f"['{step}']"
        for step in path
    )

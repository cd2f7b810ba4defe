"""A file of users to create, CSV or JSON: text in, entries and broken rows out (pure)."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import StackError

USERNAME, PASSWORD, GROUPS = "username", "password", "groups"
OURS = (USERNAME, PASSWORD, GROUPS)
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Entry:
    """A user to create, and the line where it begins. Without a password, the user has to set one first."""

    line: int
    username: str
    password: str | None = field(repr=False)
    groups: tuple[str, ...]
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Broken:
    """A row that can't be used, and why; the reason quotes nothing of it, since a password may be anywhere."""

    line: int
    reason: str


class Unusable(Exception):
    """Why a row is broken."""


def read(text: str, name: str, *, attributes: Collection[str]) -> list[Entry | Broken]:
    """The rows of the file `name`, in their order; `attributes` are those that the pool's users can have.

    Raises StackError where the file as a whole can't be read.
    """
    rows = json_rows(text, name) if name.lower().endswith(".json") else csv_rows(text, name, attributes)
    return [usable(line, row, attributes) for line, row in rows]


def usable(line: int, row: Mapping[str, Any] | Unusable, attributes: Collection[str]) -> Entry | Broken:
    try:
        if isinstance(row, Unusable):
            raise row
        return entry(line, row, attributes)
    except Unusable as error:
        return Broken(line, str(error))


def entry(line: int, row: Mapping[str, Any], attributes: Collection[str]) -> Entry:
    """
    >>> entry(2, {"email": "ada@example.com", "groups": "editor admin"}, ["email"])
    Entry(line=2, username='ada@example.com', groups=('editor', 'admin'), attributes={'email': 'ada@example.com'})
    """
    if unknown := [name for name in row if name not in OURS and name not in attributes]:
        raise Unusable(no_attribute(unknown[0], attributes))
    groups = row.get(GROUPS) or ()
    if not isinstance(groups, (str, list)) and groups:
        raise Unusable(f"{GROUPS} is no list")
    values = {name: text_of(name, value) for name, value in row.items() if name != GROUPS and value not in (None, "")}
    username = values.get(USERNAME) or values.get("email")
    if username is None:
        raise Unusable("has neither a username nor an email")
    return Entry(
        line=line,
        username=username,
        password=values.get(PASSWORD),
        groups=tuple(text_of(GROUPS, each) for each in (groups.split() if isinstance(groups, str) else groups)),
        attributes={name: value for name, value in values.items() if name not in OURS},
    )


def text_of(name: str, value: Any) -> str:
    """The value as Cognito takes it: true as `true`, 5 as `5`; spreadsheets write TRUE."""
    if not isinstance(value, (str, int, float)):
        raise Unusable(f"{name} is neither text nor a number nor a Boolean")
    text = str(value).lower() if isinstance(value, bool) or name.endswith("_verified") else str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unusable(f"{name} holds half of a surrogate pair, which is no character") from None
    return text


def no_attribute(name: str, attributes: Collection[str]) -> str:
    near = difflib.get_close_matches(name, (*OURS, *attributes), n=1)
    return f"{name} is no attribute of the user pool.{f' Did you mean {near[0]}?' if near else ''}"


def csv_rows(text: str, name: str, attributes: Collection[str]) -> Iterator[tuple[int, Mapping[str, Any] | Unusable]]:
    """The rows under a header that names the columns; commas, semicolons or tabs stand between the cells."""
    lines = list(io.StringIO(text, newline=""))
    delimiter = max(DELIMITERS, key=lines[0].count) if lines else ","
    records = csv_records(lines, delimiter)
    first, cells = next(records, (1, []))
    if isinstance(cells, Unusable):
        raise StackError(f"{name}:{first}: {cells}.", "The first line names the columns.")
    header = [cell.strip() for cell in cells]
    if not header:
        raise StackError(f"{name} is empty.", "The first line names the columns: email, password, groups, …")
    if not {USERNAME, "email"} & set(header):
        raise StackError(
            f"{name}:{first}: names no column username or email.",
            "The first line names the columns: username, password, groups, email, custom:plan, …",
        )
    for column in header:
        if column not in OURS and column not in attributes:
            raise StackError(
                f"{name}:{first}: {no_attribute(column, attributes)}", "Rename the column, or take it out."
            )
        if header.count(column) > 1:
            raise StackError(f"{name}:{first}: names the column {column} twice.", "Take one of them out.")
    for line, cells in csv_records(lines, delimiter, width=len(header)):
        if line > first:
            yield line, cells if isinstance(cells, Unusable) else dict(zip(header, cells, strict=True))


def csv_records(
    lines: Sequence[str], delimiter: str, *, width: int | None = None
) -> Iterator[tuple[int, list[str] | Unusable]]:
    """Each record with the line it begins on, or what is wrong with it; empty ones are left out.

    A record may span lines. One that is broken ends with its first line, so that a quote that is not closed does not
    take those below with it.
    """
    place = 0

    def feed() -> Iterator[str]:
        nonlocal place
        while place < len(lines):
            place += 1
            yield lines[place - 1]

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        begin = place
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            wrong = f"is not CSV: {error}; is there a quote that is not closed, or not doubled?"
        else:
            if not any(cells):
                continue
            if width is None or len(cells) == width:
                yield begin + 1, cells
                continue
            wrong = f"has {len(cells)} cell{'s' if len(cells) != 1 else ''} where the header has {width}"
        yield begin + 1, Unusable(wrong)
        place = begin + 1
        reader = csv.reader(feed(), delimiter=delimiter, strict=True)


def json_rows(text: str, name: str) -> Iterator[tuple[int, Mapping[str, Any] | Unusable]]:
    """The objects of a list. Raises StackError with the line where the text is no JSON."""
    try:
        for line, value in json_items(text):
            yield line, value if isinstance(value, Mapping) else Unusable("is no object")
    except (ValueError, RecursionError) as error:
        at, said = (f":{error.lineno}", error.msg) if isinstance(error, json.JSONDecodeError) else ("", str(error))
        raise StackError(
            f"{name}{at}: is not JSON: {said}.",
            'It holds a list of users: [{"email": "ada@example.com", "password": "…"}].',
        ) from error


def json_items(text: str) -> Iterator[tuple[int, Any]]:
    """The items of a list in JSON, each with its line.

    >>> list(json_items('[1,\\n 2]'))
    [(1, 1), (2, 2)]
    """
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    place = after_space(text, 0)
    if text[place : place + 1] != "[":
        raise json.JSONDecodeError("a list begins with [", text, place)
    place = after_space(text, place + 1)
    ended = text[place : place + 1] == "]"
    while not ended:
        line, counted = line + text.count("\n", counted, place), place
        value, end = decoder.raw_decode(text, place)
        yield line, value
        place = after_space(text, end)
        ended = text[place : place + 1] == "]"
        if not ended:
            if text[place : place + 1] != ",":
                raise json.JSONDecodeError("expected , or ]", text, place)
            place = after_space(text, place + 1)
    place = after_space(text, place + 1)
    if place < len(text):
        raise json.JSONDecodeError("something follows the list", text, place)


def after_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place

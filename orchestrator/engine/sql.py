"""SQL as a value: pieces of text and the parameters between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A value known when the plan is made, in PostgreSQL's text form."""

    text: str | None


@dataclass(frozen=True, slots=True)
class SessionVariable:
    """A session variable, by its lower-case name; None stands for all of them, as one JSON object.

    `encode` gives PostgreSQL's text of it where that differs.
    """

    name: str | None
    encode: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class RequestVariable:
    """The part of a request's variables at `steps`; `encode` gives its text, or raises the error for `path`."""

    steps: tuple[str | int, ...]
    encode: Callable[[Any, str], str | None]
    path: str


@dataclass(frozen=True, slots=True)
class Blend:
    """A value of which only parts are variables, such as `{a: $x}` for a jsonb column; `build` gets the variables."""

    build: Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class JoinKeys:
    """The values of other sources' rows for which related rows are asked, as JSON text."""


@dataclass(frozen=True, slots=True)
class StreamCursor:
    """How far a streaming subscription has got: a value of its cursor's column."""


Source = Literal | SessionVariable | RequestVariable | Blend | JoinKeys | StreamCursor


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter and the SQL type it is cast to."""

    source: Source
    cast: str


@dataclass(frozen=True, slots=True)
class Sql:
    """Pieces of a statement; `+` puts two together."""

    pieces: tuple[str | Param, ...]

    def __add__(self, other: Sql | str) -> Sql:
        return Sql((*self.pieces, other)) if isinstance(other, str) else Sql(self.pieces + other.pieces)

    def __radd__(self, other: str) -> Sql:
        return Sql((other, *self.pieces))


@dataclass(frozen=True, slots=True)
class Statement:
    """What is sent to PostgreSQL: the text with $1, $2, … and where each parameter's value comes from."""

    text: str
    sources: tuple[Source, ...]


def raw(text: str) -> Sql:
    return Sql((text,))


def param(source: Source, cast: str) -> Sql:
    return Sql((Param(source, cast),))


def literal_param(text: str | None, cast: str) -> Sql:
    return param(Literal(text), cast)


EMPTY = Sql(())


def join(separator: str, items: Iterable[Sql]) -> Sql:
    """The items with the separator between them.

    >>> join(", ", [raw("a"), raw("b")]).pieces
    ('a', ', ', 'b')
    """
    pieces: list[str | Param] = []
    for item in items:
        if pieces:
            pieces.append(separator)
        pieces.extend(item.pieces)
    return Sql(tuple(pieces))


def parens(sql: Sql) -> Sql:
    return Sql(("(", *sql.pieces, ")"))


def name(identifier: str) -> str:
    """The identifier, quoted.

    >>> name('a"b')
    '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def qualified(schema: str, table: str) -> str:
    return f"{name(schema)}.{name(table)}"


def text_literal(text: str) -> str:
    """The text as an SQL literal; for names that go into JSON keys, never for a user's values.

    >>> text_literal("it's"), text_literal("a" + chr(92))
    ("'it''s'", " E'a\\\\\\\\'")
    """
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in text else " E'" + quoted.replace("\\", "\\\\") + "'"


def array_literal(items: Iterable[str | None]) -> str:
    """PostgreSQL's text form of an array.

    >>> array_literal(["a", 'b"', None])
    '{"a","b\\\\"",NULL}'
    """
    return "{" + ",".join(_array_item(item) for item in items) + "}"


def _array_item(item: str | None) -> str:
    if item is None:
        return "NULL"
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


def compile_sql(sql: Sql) -> Statement:
    """The statement, with one $n for each distinct source.

    >>> compile_sql("select " + literal_param("1", "integer"))
    Statement(text='select ($1::text)::integer', sources=(Literal(text='1'),))
    """
    numbers = {source: number for number, source in enumerate(sources_of(sql), start=1)}
    return Statement(text_of(sql, lambda source: f"${numbers[source]}::text"), tuple(numbers))


def sources_of(sql: Sql) -> tuple[Source, ...]:
    """The distinct sources of the parameters, in order."""
    return tuple(dict.fromkeys(piece.source for piece in sql.pieces if not isinstance(piece, str)))


def text_of(sql: Sql, place: Callable[[Source], str]) -> str:
    """The text, with what `place` gives, a text to PostgreSQL, for each parameter."""
    return "".join(piece if isinstance(piece, str) else _placed(piece, place(piece.source)) for piece in sql.pieces)


def _placed(piece: Param, place: str) -> str:
    return f"({place})" if piece.cast == "text" else f"({place})::{piece.cast}"

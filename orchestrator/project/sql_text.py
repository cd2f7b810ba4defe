"""SQL text cut into its statements, each with the line it begins on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*)
    |(?P<block>/\*)
    |(?P<quoted>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<word>\w[\w$]*)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
BLOCK = re.compile(r"/\*|\*/")
BLANK = {"comment", "block", "space"}
TRANSACTION = re.compile(r"(begin(?!\s+atomic)|start\s+transaction|commit|end|rollback|abort)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """A statement without its semicolon; comments in it are blanked, so that a search finds none of their words."""

    text: str
    line: int
    bare: str

    @property
    def is_transaction_control(self) -> bool:
        """Whether it begins or ends a transaction, as some migrations of Hasura's console do."""
        return TRANSACTION.match(self.bare) is not None

    def line_of(self, word: str) -> int | None:
        """The line `word` stands on, unless it stands on none or on several."""
        edge = r"(?<![\w$]){}(?![\w$])" if re.match(r"\w", word) else "{}"
        found = re.finditer(edge.format(re.escape(word)), self.bare, re.IGNORECASE)
        lines = {self.line + self.bare.count("\n", 0, match.start()) for match in found}
        return lines.pop() if len(lines) == 1 else None


def statements(sql: str) -> tuple[Statement, ...]:
    """The statements of `sql`; a semicolon in quotes, comments, parentheses or a BEGIN ATOMIC body ends none.

    >>> [(each.line, each.text) for each in statements("select 1;\\nselect ';'")]
    [(1, 'select 1'), (2, "select ';'")]
    """
    return tuple(_cut(sql))


def _cut(sql: str) -> Iterator[Statement]:
    start: int | None = None
    bare: list[str] = []
    depth = 0
    previous = ""
    for kind, begin, end in _tokens(sql):
        text = sql[begin:end]
        if kind in BLANK:
            bare.append("".join("\n" if character == "\n" else " " for character in text))
            continue
        if text == ";" and depth == 0:
            if start is not None:
                yield _statement(sql, start, begin, bare)
            start, bare = None, []
            continue
        if start is None:
            start, bare = begin, []
        bare.append(text)
        depth = max(0, depth + _deeper(text.lower(), previous, depth))
        previous = text.lower()
    if start is not None:
        yield _statement(sql, start, len(sql), bare)


def _statement(sql: str, start: int, end: int, bare: list[str]) -> Statement:
    return Statement(sql[start:end].rstrip(), sql.count("\n", 0, start) + 1, "".join(bare))


def _deeper(word: str, previous: str, depth: int) -> int:
    """How much deeper a token leads: parentheses, and the bodies between BEGIN ATOMIC and END."""
    if word in {"(", ")"}:
        return 1 if word == "(" else -1
    if word == "atomic" and previous == "begin":
        return 1
    if depth and word in {"case", "end"}:
        return 1 if word == "case" else -1
    return 0


def _tokens(sql: str) -> Iterator[tuple[str, int, int]]:
    position = 0
    while position < len(sql):
        match = TOKEN.match(sql, position)
        assert match is not None  # the last alternative takes any character
        kind = match.lastgroup or "other"
        end = match.end()
        if kind == "block":
            end = _block_end(sql, end)
        elif kind == "dollar":
            close = sql.find(match[0], end)
            end = len(sql) if close < 0 else close + len(match[0])
        yield kind, position, end
        position = end


def _block_end(sql: str, position: int) -> int:
    depth = 1
    while depth:
        match = BLOCK.search(sql, position)
        if match is None:
            return len(sql)
        depth += 1 if match[0] == "/*" else -1
        position = match.end()
    return position

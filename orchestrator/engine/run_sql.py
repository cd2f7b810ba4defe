"""run_sql: a script of SQL, and the rows of its last statement in the text form that Hasura answers with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg

from orchestrator.engine.db import described
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue

DDL = re.compile(r"\b(create|drop|alter|comment\s+on|do|rename)\b", re.IGNORECASE)
TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*) | (?P<block>/\*) | (?P<dollar>\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$)
    | (?P<escape>\b[eE]'(?:[^'\\]|\\.|'')*') | (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*") | (?P<end>;)
    | (?P<atomic>\bbegin\s+atomic\b) | (?P<other>\w+|\s+|.)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
CSV_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|)(,|\n|\Z)', re.DOTALL)


@dataclass(frozen=True)
class SqlArgs:
    """The arguments of run_sql. `check` of None lets the text decide: DDL is checked."""

    sql: str
    source: str
    cascade: bool
    read_only: bool
    no_transaction: bool
    check: bool | None

    @property
    def changes_schema(self) -> bool:
        return not self.read_only and (bool(DDL.search(self.sql)) if self.check is None else self.check)


def read_args(args: JsonValue, default_source: str) -> SqlArgs:
    check = args.optional("check_metadata_consistency", JsonValue.boolean, None)
    return SqlArgs(
        args["sql"].text(),
        args.optional("source", JsonValue.text, default_source),
        args.flag("cascade"),
        args.flag("read_only"),
        args.flag("no_transaction"),
        check,
    )


async def run_script(connection: Any, sql: str) -> dict[str, Any]:
    """The answer to the script; raises postgres-error in Hasura's words."""
    try:
        return await _run(connection, sql)
    except asyncpg.PostgresError as error:
        raise query_failed(error, sql) from error


async def _run(connection: Any, sql: str) -> dict[str, Any]:
    statements = list(split(sql))
    if not statements:
        return command_ok()
    # Only the last statement's rows are wanted, and rows come from single statements only.
    if len(statements) > 1:
        await connection.execute(";\n".join(statements[:-1]))
    last = statements[-1]
    names = await _column_names(connection, last)
    if not names:
        await connection.execute(last)
        return command_ok()
    return {"result_type": "TuplesOk", "result": [names, *await _rows(connection, last)]}


def command_ok() -> dict[str, Any]:
    return {"result_type": "CommandOk", "result": None}


async def _column_names(connection: Any, statement: str) -> list[str]:
    if not re.match(r"\s*(\(|select|with|values|table|insert|update|delete|show|explain|fetch|call)", statement, re.I):
        return []
    prepared = await connection.prepare(statement)
    return [attribute.name for attribute in prepared.get_attributes()]


async def _rows(connection: Any, statement: str) -> list[list[str]]:
    if re.match(r"\s*(show|explain|fetch|call)\b", statement, re.IGNORECASE):
        return [["NULL" if value is None else str(value) for value in row] for row in await connection.fetch(statement)]
    chunks: list[bytes] = []

    async def keep(chunk: bytes) -> None:
        chunks.append(chunk)

    # It goes between parentheses, of which a comment at its end must not hide the second.
    await connection.copy_from_query(f"{statement}\n", output=keep, format="csv", force_quote=True)
    return list(csv_rows(b"".join(chunks).decode()))


def csv_rows(text: str) -> Iterator[list[str]]:
    """The rows of a CSV text in which every value but NULL is quoted.

    >>> list(csv_rows('"1","a ""b"" c"\\n,"x"\\n'))
    [['1', 'a "b" c'], ['NULL', 'x']]
    """
    row: list[str] = []
    for match in CSV_FIELD.finditer(text):
        if match.start() == len(text):
            return
        # Hasura, too, writes NULL as if it were that text.
        row.append("NULL" if match[1] is None else match[1].replace('""', '"'))
        if match[2] != ",":
            yield row
            row = []


def split(sql: str) -> Iterator[str]:
    """The statements of a script, without those that are empty.

    >>> list(split("select ';'; -- one; two\\nselect $$;$$"))
    ["select ';'", '-- one; two\\nselect $$;$$']
    """
    at = start = 0
    is_empty, atomic = True, 0
    while at < len(sql):
        match = TOKEN.match(sql, at)
        if match is None:
            break
        kind = match.lastgroup
        at = _end_of(sql, match)
        if kind == "end" and not atomic:
            if not is_empty:
                yield sql[start : match.start()].strip()
            start, is_empty = at, True
            continue
        atomic = _depth(match, atomic)
        if kind not in ("comment", "block") and not match[0].isspace():
            is_empty = False
    if not is_empty:
        yield sql[start:].strip()


def _depth(match: re.Match[str], depth: int) -> int:
    """How many blocks of BEGIN ATOMIC … END or CASE … END are open."""
    if match.lastgroup == "atomic":
        return depth + 1
    word = match[0].lower()
    if depth and word == "case":
        return depth + 1
    return depth - 1 if depth and word == "end" else depth


def _end_of(sql: str, match: re.Match[str]) -> int:
    if match.lastgroup == "dollar":
        end = sql.find(match[0], match.end())
        return len(sql) if end < 0 else end + len(match[0])
    return _end_of_comment(sql, match.end()) if match.lastgroup == "block" else match.end()


def _end_of_comment(sql: str, at: int) -> int:
    depth = 1
    for mark in re.finditer(r"/\*|\*/", sql[at:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return at + mark.end()
    return len(sql)


def query_failed(error: asyncpg.PostgresError, sql: str) -> EngineError:
    internal = {"statement": sql, "prepared": False, "error": described(error), "arguments": []}
    return EngineError("postgres-error", "query execution failed", "$.args", internal=internal)

"""Tables whose rows are the values of a GraphQL enum: what such a table must look like."""

from __future__ import annotations

import re
from typing import Final

from orchestrator.engine.catalog import Column, TableInfo
from orchestrator.engine.consistency.function_checks import because

EnumValues = tuple[tuple[str, str | None], ...]
"""The rows of an enum table: value and comment."""

GRAPHQL_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
RESERVED: Final = frozenset(("true", "false", "null"))
TEXTUAL: Final = frozenset(("text", "varchar", "citext"))


def enum_problems(info: TableInfo, values: EnumValues | None) -> str | None:
    """Why the table can't be an enum, in Hasura's words; None where it can. Values of None are not looked at."""
    problems = [*key_problems(info), *column_problems(info)]
    if not problems and values is not None:
        problems = [*value_problems(values)]
    if not problems:
        return None
    return f'the table "{info.name}" cannot be used as an enum{because(problems)}'


def key_problems(info: TableInfo) -> list[str]:
    if info.primary_key is None:
        return ["the table must have a primary key"]
    if len(info.primary_key.columns) > 1:
        spanned = ", ".join(f'"{column}"' for column in info.primary_key.columns)
        return [f"the table’s primary key must not span multiple columns ({spanned})"]  # noqa: RUF001 - Hasura's words
    return type_problems("primary key", info.column[info.primary_key.columns[0]])


def type_problems(called: str, column: Column) -> list[str]:
    if column.type in TEXTUAL:
        return []
    return [f'the table’s {called} ("{column.name}") must have type "text", not type "{column.sql_type}"']  # noqa: RUF001


def column_problems(info: TableInfo) -> list[str]:
    keys = info.primary_key.columns if info.primary_key else ()
    others = [column for column in info.columns if column.name not in keys]
    if len(others) == 1:
        return type_problems("comment column", others[0])
    if len(others) < 2:
        return []
    names = ", ".join(sorted(column.name for column in info.columns))
    wanted = "exactly one primary key and optionally one comment column"
    return [f"the table must have {wanted}, not {len(info.columns)} columns ({names})"]


def value_problems(values: EnumValues) -> list[str]:
    if not values:
        return ["the table must have at least one row"]
    wrong = [value for value, _ in values if not GRAPHQL_NAME.fullmatch(value) or value in RESERVED]
    if not wrong:
        return []
    if len(wrong) == 1:
        return [f'the value "{wrong[0]}" is not a valid GraphQL enum value name']
    listed = ", ".join(f'"{value}"' for value in wrong[:-1])
    return [f'the values {listed} and "{wrong[-1]}" are not valid GraphQL enum value names']

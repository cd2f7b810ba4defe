"""Rows in scope: their aliases, the functions called on them, and how one row belongs to another."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.engine import plan
from orchestrator.engine.boolexp import FunctionCall, Join
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.sql import Param, Sql, join, name, parens, qualified, raw

# A row as one column, where it is numbered beside.
WHOLE = '"@whole"'


@dataclass(frozen=True, slots=True)
class Row:
    """A row in scope: its alias, and the table whose row it is; `direct` if the alias is the table itself, `numbered`
    if the row has a number besides its columns, and so is whole in a column of its own."""

    alias: str
    table: QualifiedName | None
    direct: bool = True
    numbered: bool = False

    def column(self, column: str) -> Sql:
        return raw(f"{self.alias}.{name(column)}")

    def whole(self) -> Sql:
        """The row as a function's argument."""
        if self.numbered:
            return raw(f"{self.alias}.{WHOLE}")
        if self.direct or self.table is None:
            return raw(self.alias)
        return raw(f"ROW({self.alias}.*)::{table_sql(self.table)}")


def table_sql(table: QualifiedName) -> str:
    return qualified(table.schema, table.name)


class Scope:
    """Gives each row in scope an alias of its own."""

    def __init__(self) -> None:
        self._count = 0

    def row(self, table: QualifiedName | None, *, direct: bool = True) -> Row:
        self._count += 1
        return Row(f'"@{self._count}"', table, direct)

    def origin(self, origin: plan.Origin, outer: Row | None) -> Sql:
        return raw(table_sql(origin)) if isinstance(origin, QualifiedName) else self.call(origin, outer)

    def call(self, call: FunctionCall, row: Row | None) -> Sql:
        arguments = [self._argument(argument, value, row) for argument, value in call.arguments]
        return raw(table_sql(call.function)) + parens(join(", ", arguments))

    def _argument(self, argument: str | None, value: Param | None, row: Row | None) -> Sql:
        given = row.whole() if value is None and row is not None else param_sql(value) if value else raw("NULL")
        return f"{name(argument)} => " + given if argument else given

    def link(self, link: Join, outer: Row, inner: Row) -> Sql:
        pairs = (f"{inner.alias}.{name(theirs)} = {outer.alias}.{name(ours)}" for ours, theirs in link.columns)
        return raw(" AND ".join(pairs))


def param_sql(value: Param) -> Sql:
    return Sql((value,))

"""The users table, read and written through Hasura's GraphQL as its administrator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.errors import StackError
from orchestrator.stack.graphql import GraphQL, Refused
from orchestrator.stack.users.columns import DELETED_AT, KEY, SYNCED_AT, TABLE, Row

# How many rows a page of the table has.
PAGE = 1000
# Hasura's codes for what one row of a batch may have done.
OF_A_ROW = ("constraint-violation", "data-exception", "permission-error")
# PostgreSQL's for what a trigger of the table says with RAISE EXCEPTION.
RAISED = "P0001"

TYPE = f'{{ __type(name: "{TABLE}") {{ fields {{ name type {{ name ofType {{ name }} }} }} }} }}'
UPSERT = f"""mutation SyncUsers(
  $rows: [{TABLE}_insert_input!]!, $columns: [{TABLE}_update_column!]!, $at: timestamptz!
) {{
  insert_{TABLE}(
    objects: $rows
    on_conflict: {{constraint: {TABLE}_pkey, update_columns: $columns, where: {{{SYNCED_AT}: {{_lte: $at}}}}}}
  ) {{ affected_rows }}
}}"""
INSERT = f"""mutation InsertUsers($rows: [{TABLE}_insert_input!]!) {{
  insert_{TABLE}(objects: $rows, on_conflict: {{constraint: {TABLE}_pkey, update_columns: []}}) {{
    returning {{ {KEY} }}
  }}
}}"""


@dataclass(frozen=True)
class Rejected:
    """A row that the table does not take, and why."""

    row: Row
    reason: str


def column_types(graphql: GraphQL) -> Mapping[str, str]:
    """The type of each column, as GraphQL names it. Raises StackError where Hasura does not have the table."""
    found = graphql.data(TYPE)["__type"]
    if found is None:
        raise StackError(
            f"Hasura knows no table {TABLE}.",
            "The migrations make it and the metadata tracks it: run `hasura-cognito up`.",
        )
    fields = ((each["name"], each["type"]) for each in found["fields"])
    return {name: str(kind["name"] or (kind["ofType"] or {}).get("name")) for name, kind in fields}


@dataclass(frozen=True)
class UsersTable:
    """`names` are the columns that are compared and written, `key_type` is the type of the key, as GraphQL names it."""

    graphql: GraphQL
    names: tuple[str, ...]
    key_type: str = "String"

    def rows(self, ids: Sequence[str]) -> Mapping[str, Row]:
        """The rows with these keys, by their keys."""
        query = (
            f"query Users($ids: [{self.key_type}!]!) {{ {TABLE}(where: {{{KEY}: {{_in: $ids}}}}) {self._selected} }}"
        )
        return {row[KEY]: row for row in self.graphql.data(query, {"ids": ids})[TABLE]}

    def pages(self) -> Iterator[Sequence[Row]]:
        """All rows in the order of their keys."""
        query = f"""query Users($where: {TABLE}_bool_exp!) {{
          {TABLE}(where: $where, order_by: {{{KEY}: asc}}, limit: {PAGE}) {self._selected}
        }}"""
        where: Mapping[str, Any] = {}
        while True:
            page = self.graphql.data(query, {"where": where})[TABLE]
            yield page
            if len(page) < PAGE:
                return
            where = {KEY: {"_gt": page[-1][KEY]}}

    def insert(self, rows: Sequence[Row], *, at: datetime) -> tuple[frozenset[str], list[Rejected]]:
        """Inserts those rows that are not there, and gives the keys of these."""
        answers, rejected = self._write(INSERT, rows, {}, at)
        return frozenset(row[KEY] for answer in answers for row in answer["returning"]), rejected

    def upsert(self, rows: Sequence[Row], *, at: datetime) -> list[Rejected]:
        """Inserts the rows, or updates those that no newer event has written; they were so `at` this time."""
        columns = [*self.names, SYNCED_AT, DELETED_AT]
        return self._write(UPSERT, rows, {"columns": columns, "at": at.isoformat()}, at)[1]

    def _write(
        self, mutation: str, rows: Sequence[Row], variables: Mapping[str, Any], at: datetime
    ) -> tuple[list[Mapping[str, Any]], list[Rejected]]:
        """The answers for the rows it takes: one that it does not keeps no other from being written."""
        if not rows:
            return [], []
        written = [{**row, SYNCED_AT: at.isoformat(), DELETED_AT: None} for row in rows]
        try:
            return [self.graphql.data(mutation, {"rows": written, **variables})[f"insert_{TABLE}"]], []
        except Refused as error:
            if error.code not in OF_A_ROW and error.sqlstate != RAISED:
                raise
            if len(rows) == 1:
                return [], [Rejected(rows[0], error.reason)]
        half = len(rows) // 2
        first, second = (self._write(mutation, part, variables, at) for part in (rows[:half], rows[half:]))
        return [*first[0], *second[0]], [*first[1], *second[1]]

    def mark(self, ids: Sequence[str], *, at: datetime) -> int:
        """Marks rows as deleted, unless a newer event has written them; how many it were."""
        mutation = f"""mutation MarkUsers($ids: [{self.key_type}!]!, $at: timestamptz!) {{
          update_{TABLE}(
            where: {{{KEY}: {{_in: $ids}}, {DELETED_AT}: {{_is_null: true}}, {SYNCED_AT}: {{_lte: $at}}}}
            _set: {{{DELETED_AT}: $at, {SYNCED_AT}: $at}}
          ) {{ affected_rows }}
        }}"""
        answer = self.graphql.data(mutation, {"ids": ids, "at": at.isoformat()})
        return int(answer[f"update_{TABLE}"]["affected_rows"])

    @property
    def _selected(self) -> str:
        return f"{{ {' '.join((KEY, *self.names, SYNCED_AT, DELETED_AT))} }}"

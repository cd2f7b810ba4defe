"""The two sides of a running stack that a sync compares: the user pool, and the table behind Hasura."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.project.http import http_client
from orchestrator.stack.accounts import accounts_of
from orchestrator.stack.graphql import GraphQL
from orchestrator.stack.plan import Layout
from orchestrator.stack.status import running
from orchestrator.stack.users import table
from orchestrator.stack.users.columns import KEY, Columns, choose
from orchestrator.stack.users.pool import CALLS_PER_SECOND, Pace, UserPool
from orchestrator.stack.users.table import UsersTable

SECONDS = 60


@dataclass(frozen=True)
class Sides:
    """`estimated` is about how many users the pool has, `attributes` are the names of what they have."""

    pool: UserPool
    table: UsersTable
    columns: Columns
    estimated: int = 0
    attributes: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Which sides these are: a walk through others can't go on here."""
        return " ".join((self.pool.id, self.table.graphql.url, *self.columns.names))


@contextmanager
def of_stack(root: Path, environ: Mapping[str, str]) -> Iterator[Sides]:
    """The sides of the running stack. Raises StackError where it does not run, or the table lacks a column."""
    # It reads the template's YAML, which the other commands about users have no use for.
    from orchestrator.stack.machine import settings_here

    record = running(root)
    settings = settings_here(Layout(root), environ)
    pace = Pace(CALLS_PER_SECOND if record.identity == "aws" else None)
    pool = UserPool(accounts_of(record, many_calls=True).client, record.pool.id, pace)
    headers = {"x-hasura-admin-secret": settings.hasura.admin_secret}
    with http_client(record.urls.graphql, headers=headers, seconds=SECONDS) as http:
        graphql = GraphQL(http, record.urls.graphql)
        estimated, attributes = pool.describe()
        types = table.column_types(graphql)
        columns = choose(settings.sync.columns, types, attributes)
        yield Sides(pool, UsersTable(graphql, columns.names, types[KEY]), columns, estimated, attributes)

"""The engine under measurement: a table of messages, of which each user sees those to him and those to all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import httpx

from benchmarks.postgres import Postgres
from benchmarks.servers import Server, running

TABLE = """
create table message (id integer generated always as identity primary key, recipient text, words text not null);
create index on message (recipient);
"""
FILTER = {"_or": [{"recipient": {"_eq": "X-Hasura-User-Id"}}, {"recipient": {"_is_null": True}}]}
PERMISSION = {"columns": ["id", "words"], "filter": FILTER}
METADATA = (
    {"type": "pg_add_source", "args": {"name": "data", "configuration": {"connection_info": {"database_url": None}}}},
    {"type": "pg_track_table", "args": {"source": "data", "table": "message"}},
    {
        "type": "pg_create_select_permission",
        "args": {"source": "data", "table": "message", "role": "user", "permission": PERMISSION},
    },
)


@dataclass(frozen=True)
class Subject:
    """The running engine and its database, whose statements are counted."""

    server: Server
    postgres: Postgres
    database: str

    @property
    def url(self) -> str:
        return self.server.url

    def statements(self) -> int:
        return self.postgres.statements()

    def cpu_seconds(self) -> float:
        times = self.server.process.cpu_times()
        return times.user + times.system

    async def change(self, number: int) -> None:
        """Commits a change that every user sees."""
        connection = await asyncpg.connect(self.database, server_settings={"log_statement": "none"})
        await connection.execute("update message set words = $1 where recipient is null", f"change {number}")
        await connection.close()


@contextlib.contextmanager
def engine(postgres: Postgres, *, users: int) -> Iterator[Subject]:
    """The metadata has a database of its own, so that all statements that are counted are the subscriptions'."""
    name = f"data_{users}"
    data, metadata = postgres.database(name), postgres.database(f"metadata_{users}")
    postgres.execute(
        TABLE,
        "insert into message (words) values ('hello')",
        f"insert into message (recipient, words) select 'user' || n, 'to ' || n from generate_series(1, {users}) n",
        "analyze message",
        url=data,
    )
    postgres.log_statements_of(name)
    environ = {"HASURA_GRAPHQL_METADATA_DATABASE_URL": metadata}
    with running(_command, environ=environ) as server:
        METADATA[0]["args"]["configuration"]["connection_info"]["database_url"] = data  # type: ignore[index]
        answer = httpx.post(f"{server.url}/v1/metadata", json={"type": "bulk", "args": METADATA})
        if answer.status_code != 200:
            raise SystemExit(answer.text)
        yield Subject(server, postgres, data)


def _command(port: int) -> list[str]:
    return [sys.executable, "-m", "orchestrator.engine", "serve", "--server-port", str(port)]

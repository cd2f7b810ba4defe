"""A PostgreSQL of a measurement's own, and the log of what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from orchestrator.launchers import data_directory, data_template, postgres_binaries, run_file
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.ready import wait_for_postgres
from orchestrator.private_file import write_private
from orchestrator.services.postgres import MAINTENANCE_DATABASE, postgres, socket_folder, url
from orchestrator.services.spec import PostgresReady

SUPERUSER = "postgres"
PASSWORD = "a password of the benchmarks"


@dataclass(frozen=True)
class Postgres:
    """`socket` is the folder of its socket; `programs` is the folder of pgbench and the like."""

    socket: Path
    port: int
    log: Path
    programs: Path

    def login(self, database: str, *, user: str = SUPERUSER, password: str = PASSWORD) -> str:
        """The URL, over the socket, as the stack has its engine use it."""
        return url(user=user, password=password, host=str(self.socket), port=self.port, database=database)

    def database(self, name: str) -> str:
        """The superuser's URL of a new database."""
        self.execute(f"create database {name}")
        return self.login(name)

    def execute(self, *statements: str, url: str | None = None) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(url or self.login(MAINTENANCE_DATABASE))
            for statement in statements:
                await connection.execute(statement)
            await connection.close()

        asyncio.run(run())

    def log_statements_of(self, database: str) -> None:
        """From now on, for new connections: each statement is a line of the log."""
        self.execute(
            f"alter database {database} set log_statement = 'all'",
            f"alter database {database} set log_parameter_max_length = 0",
        )

    def statements(self) -> int:
        """How many there are in the log so far."""
        lines = self.log.read_text(errors="replace").splitlines()
        return sum(" execute " in line or " statement: " in line for line in lines)


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        state, (port,) = Path(folder), free_ports(1)
        binaries = postgres_binaries.find(os.environ.get("PG_BIN"), search_path=os.environ["PATH"])
        spec = postgres(
            binaries, state=state, host="127.0.0.1", port=port, user=SUPERUSER, password=PASSWORD, databases=()
        )
        socket = socket_folder(state, port)
        if socket is None:
            raise SystemExit(f"The path {state} is too long for a socket; set TMPDIR to a shorter one.")
        assert spec.child.data
        assert isinstance(spec.ready, PostgresReady)
        data_directory.prepare(spec.child.data, cache=data_template.cache_folder(os.environ))
        run, log = state / "postgres.run", state / "log"
        write_private(run, run_file.of(spec, inherited={}).text())
        with log.open("w") as said, subprocess.Popen(run_file.command(run), stderr=said, stdout=said) as server:
            try:
                wait_for_postgres(spec.ready.url, seconds=30)
                yield Postgres(socket, port, log, binaries.bin)
            finally:
                server.send_signal(signal.SIGINT)
                server.wait()

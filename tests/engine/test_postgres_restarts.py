"""PostgreSQL restarted, and killed, under readers, writers and a subscription: the engine lives through it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from orchestrator.launchers import data_directory, run_file
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.ready import wait_for_postgres
from orchestrator.private_file import write_private
from orchestrator.services.postgres import PostgresBinaries, postgres
from orchestrator.services.spec import PostgresReady
from tests.engine.conftest import start_engine, stop_engine
from tests.engine.talking import client

WRITERS, READERS, CONNECTIONS = 4, 4, 5
SECONDS = 30


class Postgres:
    """A server of this module's own, to be ended as one likes and started again with the same data."""

    def __init__(self, state: Path, binaries: PostgresBinaries, cache: Path) -> None:
        (port,) = free_ports(1)
        spec = postgres(
            binaries, state=state, host="127.0.0.1", port=port, user="postgres", password="password", databases=()
        )
        assert spec.run.data
        assert isinstance(spec.ready, PostgresReady)
        data_directory.prepare(spec.run.data, cache=cache)
        self.url = spec.ready.url
        self._data = spec.run.data.path
        self._run = state / "postgres.run"
        write_private(self._run, run_file.of(spec, inherited={}).text())
        self._log = (state / "log").open("w")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(run_file.command(self._run), stdout=self._log, stderr=self._log)
        wait_for_postgres(self.url, seconds=SECONDS)

    def end(self, number: signal.Signals) -> None:
        """Sends the signal to the postmaster, and waits until it and all of its children have ended."""
        postmaster = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
        postmaster.send_signal(number)
        self._process.wait(timeout=SECONDS)
        psutil.wait_procs(family, timeout=SECONDS)

    def close(self) -> None:
        self.end(signal.SIGINT)
        self._log.close()


@pytest.fixture
def server(tmp_path: Path, binaries: PostgresBinaries, postgres_cache: Path) -> Iterator[Postgres]:
    # PostgreSQL may run as another user.
    tmp_path.chmod(0o755)
    server = Postgres(tmp_path, binaries, postgres_cache)
    yield server
    server.close()
    shutil.rmtree(tmp_path, ignore_errors=True)


# As `pg_ctl stop` does in its modes fast and immediate, and as a machine that is out of memory does.
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_no_acknowledged_write_is_lost_and_service_goes_on(server: Postgres, number: signal.Signals) -> None:
    engine = start_engine(server.url, HASURA_GRAPHQL_PG_CONNECTIONS=str(CONNECTIONS))
    engine.sql("create table t (id int primary key)")
    engine.metadata("pg_track_table", {"table": "t"})
    numbers, done = count(1), threading.Event()
    acknowledged: list[int] = []
    seen: set[str] = set()

    def ask(query: Callable[[int], str]) -> None:
        with httpx.Client(base_url=engine.url, timeout=SECONDS) as asking:
            while not done.is_set():
                number = next(numbers)
                answer = asking.post("/v1/graphql", json={"query": query(number)})
                assert answer.status_code == 200
                found = answer.json()
                if "errors" in found:
                    seen.add(found["errors"][0]["extensions"]["code"])
                elif "insert_t_one" in found["data"]:
                    acknowledged.append(number)

    with ThreadPoolExecutor(WRITERS + READERS) as pool, client(engine, init={}) as talking:
        talking.subscribe("subscription { t_aggregate { aggregate { count } } }")
        asking = [pool.submit(ask, insertion) for _ in range(WRITERS)]
        asking += [pool.submit(ask, lambda _: "{ t(limit: 10) { id } }") for _ in range(READERS)]
        until(lambda: len(acknowledged) > 50)
        server.end(number)
        until(lambda: bool(seen))
        server.start()
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 50)
        done.set()
        for each in asking:
            each.result(timeout=SECONDS)
        kept = {row["id"] for row in engine.data("{ t { id } }")["t"]}
        talking.until(lambda message: told(message) == len(kept))
    assert set(acknowledged) <= kept
    assert seen == {"unexpected"}
    query = "select count(*) from pg_stat_activity where application_name = 'graphql-engine'"
    assert int(engine.sql(query, read_only=True)["result"][1][0]) <= CONNECTIONS + 1
    log = stop_engine(engine)
    assert "Traceback" not in log, log


def insertion(number: int) -> str:
    return f"mutation {{ insert_t_one(object: {{id: {number}}}) {{ id }} }}"


def told(message: dict[str, Any]) -> int | None:
    data = (message.get("payload") or {}).get("data") if isinstance(message.get("payload"), dict) else None
    return data["t_aggregate"]["aggregate"]["count"] if data else None


def until(wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not wanted():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)

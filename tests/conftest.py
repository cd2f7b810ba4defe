"""A real PostgreSQL for every test process, and an empty database for every test that asks."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from orchestrator.launchers import data_directory, data_template, ports, postgres_binaries, run_file
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.ready import wait_for_postgres
from orchestrator.private_file import write_private
from orchestrator.services.postgres import PostgresBinaries, postgres
from orchestrator.services.spec import PostgresReady

# No test depends on how quick the machine is.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


# A job in the background of a shell ignores Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Folders whose tests share a stack, and what else takes long: each is run by one process, and begun first.
TOGETHER = ("docker", "flow/aws", "flow/test_up.py", "sync", "testing/test_plugin.py", "examples")


def pytest_configure() -> None:
    """Each process draws free ports from a share of its own: two could draw the same before a server listens there."""
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        mine, count = int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        candidates = ports._candidates
        ports._candidates = lambda: (port for port in candidates() if port % count == mine or not port)


def pytest_xdist_auto_num_workers() -> int:
    """The workers of `-n auto`: twice the cores, for a test waits for its servers more than it computes."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: scope(item.nodeid) not in TOGETHER)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Each process takes the tests of a file, or of a folder that shares a stack, so that few servers are started."""
    config.option.loadscopereorder = False
    return Scheduling(config, log)


class Scheduling(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return scope(nodeid)


def scope(nodeid: str) -> str:
    """
    >>> scope("tests/flow/aws/test_tunnel.py::test_it"), scope("tests/flow/test_users.py::test_it")
    ('flow/aws', 'flow/test_users.py')
    """
    file = nodeid.partition("::")[0].removeprefix("tests/")
    folder = file.rpartition("/")[0]
    return folder if folder in TOGETHER else file


@pytest.fixture(scope="session")
def postgres_cache() -> Path:
    """Where prepared data directories are kept between test runs."""
    return data_template.cache_folder(os.environ)


@pytest.fixture(scope="session")
def binaries() -> PostgresBinaries:
    return postgres_binaries.find(os.environ.get("PG_BIN"), search_path=os.environ["PATH"])


@pytest.fixture(scope="session")
def postgres_url(
    tmp_path_factory: pytest.TempPathFactory, binaries: PostgresBinaries, postgres_cache: Path
) -> Iterator[str]:
    """The superuser's URL of a server that lives as long as this test process."""
    state = tmp_path_factory.mktemp("postgres")
    (port,) = free_ports(1)
    spec = postgres(
        binaries, state=state, host="127.0.0.1", port=port, user="postgres", password="a password", databases=()
    )
    assert spec.run.data
    assert isinstance(spec.ready, PostgresReady)
    data_directory.prepare(spec.run.data, cache=postgres_cache)
    run = state / "postgres.run"
    write_private(run, run_file.of(spec, inherited={}).text())
    with (state / "log").open("w") as log, subprocess.Popen(run_file.command(run), stderr=log, stdout=log) as server:
        try:
            wait_for_postgres(spec.ready.url, seconds=30)
            yield spec.ready.url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
            shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """One that is taken, at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


class Server:
    """One open connection to a server, used from plain functions."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection = self._wait(asyncpg.connect(url))

    def execute(self, statement: str) -> None:
        self._wait(self._connection.execute(statement))

    def close(self) -> None:
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)


@pytest.fixture(scope="session")
def postgres_server(postgres_url: str) -> Iterator[Server]:
    server = Server(postgres_url)
    yield server
    server.close()


@pytest.fixture
def database(postgres_server: Server) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgres_server.url.rsplit("/", 1)[0] + f"/{name}"
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")

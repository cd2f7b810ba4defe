"""The gateway as a process, with a small server in Hasura's place behind it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.requests import ADMIN_SECRET, COLUMNS, KEY, MUTATION, Request
from tests.gateway.upstream import Upstream, upstream

ENVIRON = {**os.environ, "GATEWAY_KEY": KEY, "HASURA_GRAPHQL_ADMIN_SECRET": ADMIN_SECRET}
START_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """What Hasura would call the error's code."""
        (error,) = json.loads(self.body)["errors"]
        assert error["message"]
        return error["extensions"]["code"]


@dataclass(frozen=True)
class Gateway:
    process: subprocess.Popen
    port: int
    log: Path
    said: Path

    def send(self, request: Request) -> Answer:
        return self.send_raw(request.raw())

    def send_raw(self, data: bytes, *, seconds: float = 10) -> Answer:
        """The answer to these bytes on a connection of their own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            with suppress(ConnectionError):
                connection.sendall(data)
            response = http.client.HTTPResponse(connection, method=data.partition(b" ")[0].decode("latin-1"))
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())

    def lines(self) -> list[dict[str, Any]]:
        """The log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(10)


def config(graphql_url: str, folder: Path) -> dict[str, Any]:
    return {
        "graphql_url": graphql_url,
        "mutation": MUTATION,
        "columns": list(COLUMNS),
        "database": str(folder / "gateway.sqlite"),
    }


@contextmanager
def started(settings: dict[str, Any], folder: Path) -> Iterator[Gateway]:
    """A running gateway on a free port, whose log and database are in this folder."""
    path, log, said = folder / "gateway.json", folder / "log", folder / "said"
    path.write_text(json.dumps(settings))
    argv = [sys.executable, "-m", "orchestrator.gateway", "--config", str(path), "--port", "0"]
    with log.open("w") as stdout, said.open("w") as stderr:
        process = subprocess.Popen(argv, env=ENVIRON, stdout=stdout, stderr=stderr)
    try:
        yield Gateway(process, _port(process, said), log, said)
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen, said: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if (line := said.read_text()).endswith("\n"):
            return int(line.rpartition(":")[2])
        time.sleep(0.01)
    raise AssertionError(said.read_text())


Start = Callable[..., Gateway]


@pytest.fixture
def hasura() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


@pytest.fixture
def start(hasura: Upstream, tmp_path: Path) -> Iterator[Start]:
    """start(burst=1) is a gateway with this in its configuration; its folder is the test's."""
    with ExitStack() as running:

        def start(**more: Any) -> Gateway:
            return running.enter_context(started({**config(hasura.url, tmp_path), **more}, tmp_path))

        yield start

"""Handlers loaded as Lambda does, and a small real HTTP server in Hasura's place."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

LAMBDAS = Path(__file__).parents[2] / "lambdas"
WRITTEN = b'{"data": {"insert_users_one": {"id": "8c1f"}}}'


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """load("user_sync", SYNC_ON_FAILURE="deny") is the module of that function."""

    def load(function: str, **environment: str) -> ModuleType:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location(f"lambda_{function}", LAMBDAS / function / "app.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@dataclass
class Hasura:
    """What it answers, and what it was asked. With `hang_up` it closes a connection without having said so."""

    url: str
    status: int = 200
    answer: bytes = WRITTEN
    hang_up: bool = False
    drip: bool = False
    release: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    requests: list[dict] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    hung_up: threading.Event = field(default_factory=threading.Event)

    @property
    def user(self) -> dict:
        return self.requests[-1]["variables"]["user"]


@contextmanager
def serve() -> Iterator[Hasura]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.hasura = Hasura(f"http://127.0.0.1:{server.server_port}/v1/graphql")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.hasura
    finally:
        server.hasura.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.hasura.connections += 1

    def finish(self) -> None:
        super().finish()
        self.server.hasura.hung_up.set()

    def do_POST(self) -> None:
        hasura = self.server.hasura
        hasura.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        hasura.headers.append({name.lower(): value for name, value in self.headers.items()})
        if hasura.silent:
            hasura.release.wait(20)
            self.close_connection = True
            return
        self.send_response(hasura.status)
        self.send_header("content-length", str(len(hasura.answer)))
        self.end_headers()
        self._write(hasura)
        self.close_connection = hasura.hang_up

    def _write(self, hasura: Hasura) -> None:
        if not hasura.drip:
            self.wfile.write(hasura.answer)
            return
        with suppress(ConnectionError):
            for byte in hasura.answer:
                if hasura.release.wait(0.2):
                    break
                self.wfile.write(bytes([byte]))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hasura() -> Iterator[Hasura]:
    with serve() as server:
        yield server


@pytest.fixture
def another_hasura() -> Iterator[Hasura]:
    with serve() as server:
        yield server

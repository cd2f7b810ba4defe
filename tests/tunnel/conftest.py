"""A gateway to lead to, an sshd to lead through, and the keeper as a program."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tunnel.sshd import Keys, Sshd, make_keys

GATEWAY_ID = "00112233445566aa"


class Gateway(http.server.ThreadingHTTPServer):
    """Answers GET /sync as the sync gateway does; `paths` are what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.id = GATEWAY_ID
        self.paths: list[str] = []


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        body = json.dumps({"gateway": self.server.id}).encode()
        self.send_response(200 if self.path == "/sync" else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def sshd(tmp_path: Path, keys: Keys) -> Iterator[Sshd]:
    """An OpenSSH server on loopback that lets `keys.client` in and forwards every port."""
    server = Sshd(tmp_path / "sshd", keys)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def environ() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}

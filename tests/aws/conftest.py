"""An AWS to speak to: its configuration as boto3 reads it, and a server that answers as one is told."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

REGION = "us-east-1"


@pytest.fixture
def aws_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home folder without AWS configuration, and an environment without a variable of it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return home


@pytest.fixture
def credentials(aws_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of the tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto(moto_url: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of moto, which is all of AWS for this test."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    return moto_url


@dataclass
class FakeAmazon:
    """Answers every request with the next of `answers`, the last one for ever: (status, error code, message)."""

    url: str
    answers: list[tuple[int, str, str]]
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def fake_amazon(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeAmazon]]:
    """fake_amazon((status, code, message), …) is where AWS_ENDPOINT_URL then leads."""
    started: list[ThreadingHTTPServer] = []

    def start(*answers: tuple[int, str, str]) -> FakeAmazon:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # A body after its head would wait for the client's delayed ACK.

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                amazon.requests.append(f"{self.command} {self.path}")
                status, code, message = amazon.answers.pop(0) if len(amazon.answers) > 1 else amazon.answers[0]
                document = {"__type": code, "message": message, "Message": message, "RevisionId": "1"}
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header("x-amzn-errortype", code)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        started.append(server)
        amazon = FakeAmazon(f"http://127.0.0.1:{server.server_port}", list(answers))
        monkeypatch.setenv("AWS_ENDPOINT_URL", amazon.url)
        return amazon

    yield start
    for server in started:
        server.shutdown()
        server.server_close()

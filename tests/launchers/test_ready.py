from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import ready
from orchestrator.launchers.ports import free_ports
from orchestrator.services.spec import HttpReady, PostgresReady, StateReady


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz?deep=1" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_only_200_is_ready(address: str) -> None:
    assert ready.answers(HttpReady(f"{address}/healthz?deep=1"), seconds=10)
    assert not ready.answers(HttpReady(f"{address}/other"), seconds=10)


def test_nobody_there_is_not_ready() -> None:
    (port,) = free_ports(1)
    assert not ready.answers(HttpReady(f"http://127.0.0.1:{port}/"), seconds=10)
    assert not ready.answers(PostgresReady(f"postgresql://postgres:x@127.0.0.1:{port}/postgres"), seconds=10)


def test_something_else_than_postgres_is_not_ready(address: str) -> None:
    url = address.replace("http://", "postgresql://postgres:x@") + "/postgres"
    assert not ready.answers(PostgresReady(url), seconds=1)


def test_postgres_is_ready_when_it_answers_a_query(postgres_url: str) -> None:
    assert ready.answers(PostgresReady(postgres_url), seconds=10)


def test_a_refused_password_is_an_error_without_the_password(postgres_url: str) -> None:
    wrong = postgres_url.replace("a%20password", "wrong-secret")
    with pytest.raises(StackError, match="refused the login") as raised:
        ready.answers(PostgresReady(wrong), seconds=10)
    assert "wrong-secret" not in str(raised.value)


@pytest.mark.parametrize(("state", "is_ready"), [("opening", False), ("open", True), ("reopening", False)])
def test_a_service_that_says_so_is_ready(tmp_path: Path, state: str, is_ready: bool) -> None:
    (tmp_path / "state").write_text(json.dumps({"state": state, "error": None}))
    assert ready.answers(StateReady(tmp_path / "state"), seconds=1) is is_ready


def test_a_service_that_says_nothing_is_not_ready(tmp_path: Path) -> None:
    assert not ready.answers(StateReady(tmp_path / "state"), seconds=1)


def test_a_service_says_itself_why_it_failed(tmp_path: Path) -> None:
    error = {"message": "There is no ngrok.", "hint": "Install it."}
    (tmp_path / "state").write_text(json.dumps({"state": "failed", "error": error}))
    with pytest.raises(StackError) as raised:
        ready.answers(StateReady(tmp_path / "state"), seconds=1)
    assert (raised.value.message, raised.value.hint) == ("There is no ngrok.", "Install it.")


def test_what_a_killed_service_said_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "state").write_text(json.dumps({"state": "open"}))
    ready.forget(StateReady(tmp_path / "state"))
    ready.forget(StateReady(tmp_path / "state"))
    assert not ready.answers(StateReady(tmp_path / "state"), seconds=1)

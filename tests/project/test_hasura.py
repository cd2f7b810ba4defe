"""Tests for the HTTP client of Hasura's admin APIs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator.errors import StackError
from orchestrator.project import hasura as client
from orchestrator.project.hasura import Hasura, HasuraError

from .hasura_server import HasuraServer


def test_a_wrong_admin_secret_is_told_without_quoting_it(server: HasuraServer) -> None:
    with client.connect(server.url, "a wrong one") as hasura, pytest.raises(StackError) as caught:
        hasura.metadata("export_metadata")
    assert 'invalid "x-hasura-admin-secret"' in str(caught.value)
    assert "HASURA_GRAPHQL_ADMIN_SECRET" in caught.value.hint
    assert "a wrong one" not in str(caught.value)


def test_what_hasura_refuses_keeps_its_answer(hasura: Hasura) -> None:
    with pytest.raises(HasuraError) as caught:
        hasura.run_sql("default", "select 1/0")
    assert caught.value.answer["code"] == "postgres-error"
    assert caught.value.internal["error"]["message"] == "division by zero"


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with client.connect("http://127.0.0.1:1", "") as hasura, pytest.raises(StackError) as caught:
        hasura.metadata("export_metadata")
    assert caught.value.message == "Hasura at http://127.0.0.1:1 cannot be reached."


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server which is not Hasura; it answers only after its test for the path of SQL."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path == "/v2/query":
                over.wait()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *args: object) -> None:
            """Nothing: the tests' own output is enough."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    over.set()
    http.shutdown()
    thread.join()
    http.server_close()


def test_another_server_on_the_address_is_told(stranger: str) -> None:
    with client.connect(stranger, "") as hasura, pytest.raises(StackError, match=r"without JSON\. Is this address"):
        hasura.metadata("export_metadata")


def test_an_answer_that_does_not_come_in_time_is_told(stranger: str) -> None:
    with (
        client.connect(stranger, "", seconds=0.05) as hasura,
        pytest.raises(StackError, match="gave no answer in time"),
    ):
        hasura.run_sql("default", "select 1")

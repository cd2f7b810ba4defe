"""The program as its users meet it: over HTTP, with a server in Hasura's place behind it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.gateway.signature import gateway_id
from tests.gateway.conftest import ENVIRON, Gateway, Start, config, started
from tests.gateway.requests import ADMIN_SECRET, KEY, MUTATION, Request, contents, now_milliseconds, signed, sync
from tests.gateway.upstream import WRITTEN, Upstream, upstream

# The id in the contents is what a request's log line may say, and nothing else of them.
PERSONAL = ("ada@example.com", '"ada"')


def assert_told_nothing(gateway: Gateway) -> None:
    """Neither log nor stderr holds a secret, a signature, a personal attribute or a traceback."""
    written = gateway.log.read_text() + gateway.said.read_text()
    for word in (KEY, ADMIN_SECRET, "v1=", "Traceback", *PERSONAL):
        assert word not in written


def test_a_signed_request_is_passed_on_and_answered_in_hasuras_words(start: Start, hasura: Upstream) -> None:
    gateway = start()
    request = sync("ada-1").with_header("x-hasura-role", "admin").with_header("cookie", "a=b")
    answer = gateway.send(request)
    assert (answer.status, answer.body) == (200, WRITTEN)
    ((path, headers, body),) = hasura.asked
    assert path == "/v1/graphql"
    assert headers["x-hasura-admin-secret"] == ADMIN_SECRET
    assert not {"x-hasura-role", "cookie", "x-sync-signature", "x-sync-timestamp"} & headers.keys()
    assert json.loads(body) == json.loads(request.body)
    (line,) = gateway.lines()
    assert line.keys() == {"time", "outcome", "status", "milliseconds", "user"}
    assert (line["outcome"], line["status"], line["user"]) == ("passed-on", 200, "ada-1")
    assert_told_nothing(gateway)


def test_whoever_asks_learns_the_gateways_id(start: Start, hasura: Upstream) -> None:
    gateway = start()
    answer = gateway.send(Request(b"", (), method="GET"))
    assert (answer.status, json.loads(answer.body)) == (200, {"gateway": gateway_id(KEY.encode())})
    assert not hasura.asked


def foreign() -> dict[str, tuple[Request, int, str]]:
    """Requests that may not pass, each with its status and code."""
    good = sync()
    document = contents()
    return {
        "unsigned": (replace(good, headers=()), 401, "unsigned"),
        "no timestamp": (good.with_header("x-sync-timestamp"), 401, "unsigned"),
        "two timestamps": (replace(good, headers=(*good.headers, ("x-sync-timestamp", "1"))), 401, "unsigned"),
        "admin secret in its place": (Request(good.body, (("x-hasura-admin-secret", ADMIN_SECRET),)), 401, "unsigned"),
        "another key": (signed(document, key="another key" * 4), 401, "wrong-signature"),
        "another body": (replace(good, body=good.body.replace(b"ada@", b"eve@")), 401, "wrong-signature"),
        "stale": (signed(document, timestamp=now_milliseconds() - 301_000), 401, "clock-skew"),
        "from the future": (signed(document, timestamp=now_milliseconds() + 301_000), 401, "clock-skew"),
        "empty": (signed(b""), 400, "malformed"),
        "no JSON": (signed(b"user=ada"), 400, "malformed"),
        "batch": (signed([document, document]), 400, "malformed"),
        "operation name": (signed({**document, "operationName": "SyncUser"}), 400, "malformed"),
        "query": (signed({**document, "query": "{ users { email } }"}), 400, "not-the-mutation"),
        "second operation": (
            signed({**document, "query": f"{MUTATION} mutation D {{ delete_users(where: {{}}) {{ affected_rows }} }}"}),
            400,
            "not-the-mutation",
        ),
        "foreign column": (sync(role="admin"), 400, "bad-variables"),
        "nested insert": (sync(email={"data": {"id": 1}}), 400, "bad-variables"),
        "oversized": (signed(contents(username="x" * 70_000)), 413, "too-large"),
        "far oversized": (signed(b"x" * 900_000), 413, "too-large"),
        **{
            f"{method} {path}": (replace(good, method=method, path=path), 404, "not-found")
            for method, path in (
                *(
                    ("POST", path)
                    for path in ("/", "/v1/graphql", "/v1/metadata", "/v2/query", "/v1/query", "/console")
                ),
                *(
                    ("POST", path)
                    for path in ("/sync/", "//sync", "/sync?x=1", "/Sync", "/%73ync", "/./sync", "/sync%00")
                ),
                *(
                    ("GET", path)
                    for path in ("/", "/console", "/v1/version", "/healthz", "/v1alpha1/config", "/sync?x")
                ),
            )
        },
        **{
            f"{method} /sync": (replace(good, method=method), 405, "method-not-allowed")
            for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
        },
    }


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Upstream]]:
    """A gateway for all rows of a table, and the server behind it."""
    folder = tmp_path_factory.mktemp("gateway")
    with upstream() as hasura, started(config(hasura.url, folder), folder) as gateway:
        yield gateway, hasura


@pytest.mark.parametrize("name", foreign())
def test_what_is_foreign_reaches_nothing(front: tuple[Gateway, Upstream], name: str) -> None:
    gateway, hasura = front
    request, status, code = foreign()[name]
    answer = gateway.send(request)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert not hasura.asked
    line = gateway.lines()[-1]
    assert (line["outcome"], line["status"]) == (code, status)
    assert "user" not in line
    assert_told_nothing(gateway)


BAD_HEADS = {
    "no HTTP": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40),
    "no version": b"POST /sync\r\n\r\n",
    "two lengths": b"POST /sync HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    "length and chunks": b"POST /sync HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /sync HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    "endless length": b"POST /sync HTTP/1.1\r\ncontent-length: " + b"9" * 40 + b"\r\n\r\n",
    "NUL in a header": b"POST /sync HTTP/1.1\r\nx-a: \0\r\n\r\n",
    "NUL in the path": b"POST /sync\0 HTTP/1.1\r\n\r\n",
    "folded header": b"POST /sync HTTP/1.1\r\nx-a: 1\r\n 2\r\n\r\n\r\n",
    "path in UTF-8": "POST /sync/é HTTP/1.1\r\n\r\n".encode(),
    "asterisk": b"OPTIONS * HTTP/1.1\r\n\r\n",
    "bare line feeds": b"POST /sync HTTP/1.1\ncontent-length: 0\n\n",
}


@pytest.mark.parametrize("name", BAD_HEADS)
def test_what_is_no_http_reaches_nothing(front: tuple[Gateway, Upstream], name: str) -> None:
    gateway, hasura = front
    answer = gateway.send_raw(BAD_HEADS[name])
    assert answer.status in (400, 401, 404)
    assert answer.code
    assert not hasura.asked
    assert gateway.lines()[-1]["status"] == answer.status
    assert_told_nothing(gateway)


def test_a_body_that_is_no_http_reaches_nothing(front: tuple[Gateway, Upstream]) -> None:
    gateway, hasura = front
    answer = gateway.send_raw(b"POST /sync HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n")
    assert (answer.status, answer.code) == (400, "malformed")
    assert not hasura.asked
    assert_told_nothing(gateway)


def test_a_proxy_request_and_an_upgrade_reach_nothing(front: tuple[Gateway, Upstream]) -> None:
    gateway, hasura = front
    upgrade = "host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13"
    for head in (
        "CONNECT 127.0.0.1:8080 HTTP/1.1\r\nhost: x",
        "GET http://127.0.0.1:8080/v1/version HTTP/1.1\r\nhost: x",
        f"GET /v1/graphql HTTP/1.1\r\n{upgrade}\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ):
        assert gateway.send_raw(f"{head}\r\n\r\n".encode()).status in (400, 404)
    assert not hasura.asked
    assert_told_nothing(gateway)


def test_a_body_in_chunks_is_bounded_as_it_streams_in(front: tuple[Gateway, Upstream]) -> None:
    gateway, hasura = front
    head = b"POST /sync HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    answer = gateway.send_raw(head + chunk * 200)
    assert (answer.status, answer.code) == (413, "too-large")
    assert answer.headers["connection"] == "close"
    assert not hasura.asked


def test_a_signed_body_may_come_in_chunks(start: Start, hasura: Upstream) -> None:
    request = sync()
    lines = [f"{name}: {value}" for name, value in request.headers]
    head = "\r\n".join(["POST /sync HTTP/1.1", "host: x", "transfer-encoding: chunked", *lines, "", ""]).encode()
    pieces = [request.body[start : start + 100] for start in range(0, len(request.body), 100)]
    answer = start().send_raw(head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
    assert answer.status == 200
    assert hasura.bodies == [json.loads(request.body)]


# Replays


def test_a_replay_is_refused_even_by_a_gateway_that_was_killed_and_started_again(
    start: Start, hasura: Upstream
) -> None:
    gateway, request = start(), sync()
    assert gateway.send(request).status == 200
    assert gateway.send(request).code == "replayed"
    gateway.stop(signal.SIGKILL)
    again = start()
    answer = again.send(request)
    assert (answer.status, answer.code) == (409, "replayed")
    assert len(hasura.asked) == 1


def test_of_one_request_at_the_same_moment_exactly_one_gets_through(start: Start, hasura: Upstream) -> None:
    gateway = start()
    for _ in range(5):
        hasura.asked.clear()
        request = sync()
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _, same=request: gateway.send(same).status, range(8)))
        assert sorted(answers) == [200] + [409] * 7
        assert len(hasura.asked) == 1


def test_two_gateways_on_one_database_let_a_request_through_once(start: Start, hasura: Upstream) -> None:
    first, second, request = start(), start(), sync()
    assert sorted(gateway.send(request).status for gateway in (first, second)) == [200, 409]
    assert len(hasura.asked) == 1


def test_what_hasura_failed_is_used_up_and_goes_through_signed_anew(start: Start, hasura: Upstream) -> None:
    gateway, document = start(), contents()
    now = now_milliseconds()
    hasura.status, hasura.answer = 500, b'{"errors":[{"message":"database query error"}]}'
    assert gateway.send(signed(document, timestamp=now)).status == 500
    hasura.status, hasura.answer = 200, WRITTEN
    assert gateway.send(signed(document, timestamp=now)).status == 409
    assert gateway.send(signed(document, timestamp=now + 1)).status == 200


# Rate


def test_requests_past_the_rate_are_told_to_wait_and_garbage_does_not_count(start: Start, hasura: Upstream) -> None:
    gateway = start(burst=2, requests_per_second=0.1)
    for _ in range(20):
        assert gateway.send(Request(b"garbage", ())).status == 401
    assert [gateway.send(sync()).status for _ in range(2)] == [200, 200]
    answer = gateway.send(sync())
    assert (answer.status, answer.code) == (429, "rate-limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert len(hasura.asked) == 2


# Hasura


def test_hasuras_error_is_answered_as_it_is(start: Start, hasura: Upstream) -> None:
    gateway = start()
    hasura.answer = b'{"errors":[{"message":"field not found","extensions":{"path":"$","code":"validation-failed"}}]}'
    answer = gateway.send(sync())
    assert (answer.status, answer.body) == (200, hasura.answer)
    assert gateway.lines()[-1]["outcome"] == "hasura-refused"
    hasura.status = 400
    assert gateway.send(sync()).status == 400


def test_hasura_that_is_away_is_502(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gateway = start(graphql_url=f"http://127.0.0.1:{port}/v1/graphql")
    answer = gateway.send(sync("ada-1"))
    assert (answer.status, answer.code) == (502, "hasura-away")
    line = gateway.lines()[-1]
    assert (line["outcome"], line["user"]) == ("hasura-away", "ada-1")
    assert_told_nothing(gateway)


# The program


def test_a_signal_ends_it_after_what_it_is_answering(start: Start, hasura: Upstream) -> None:
    gateway = start()
    hasura.silent = True
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(gateway.send, sync())
        deadline = time.monotonic() + 10
        while not hasura.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        gateway.process.send_signal(signal.SIGTERM)
        assert waiting.result().code == "hasura-slow"
    assert gateway.process.wait(10) == 0
    assert_told_nothing(gateway)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_with_clients_that_are_idle_or_slow(start: Start, number: int) -> None:
    gateway = start()
    clients = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(4)]
    for client, data in zip(
        clients, (b"", b"POST /sync", sync().raw()[:-1], b"GET /sync HTTP/1.1\r\n\r\n"), strict=True
    ):
        client.sendall(data)
    assert clients[-1].recv(100)
    assert gateway.stop(number) == 0
    assert "graceful shutdown exceeded" not in gateway.said.read_text()
    for client in clients:
        client.close()
    assert_told_nothing(gateway)


@pytest.mark.parametrize(
    ("change", "environ", "message"),
    [
        ({"port": "x"}, {}, "port must be a number"),
        ({"mutation": "{ users { id } }"}, {}, "mutation must be one mutation"),
        ({}, {"GATEWAY_KEY": "short"}, "GATEWAY_KEY must be"),
        ({"database": "/proc/no/such"}, {}, "can't be written"),
        ({"host": "192.0.2.1"}, {}, "192.0.2.1:8090 can't be listened on"),
    ],
)
def test_what_it_can_not_start_with_is_one_line_and_status_1(
    tmp_path: Path, change: dict, environ: dict, message: str
) -> None:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps({**config("http://127.0.0.1:1/", tmp_path), **change}))
    argv = [sys.executable, "-m", "orchestrator.gateway", "--config", str(path)]
    ended = subprocess.run(argv, env={**ENVIRON, **environ}, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("gateway: ")
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1

"""The mutation goes, signed, to a gateway that SYNC_GATEWAY_URL names. A small HTTP server plays the gateway."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.lambdas.conftest import Server
from tests.lambdas.events import event

KEY = "9f0c" * 16


@pytest.fixture
def user_sync(load: Callable, gateway: Server) -> Any:
    return load(
        "user_sync", SYNC_GATEWAY_URL=gateway.url, SYNC_GATEWAY_KEY=KEY, HASURA_GRAPHQL_URL="http://127.0.0.1:9/"
    )


def at(gateway: Server, number: int) -> tuple[str, str, bytes]:
    headers = gateway.headers[number]
    return headers["x-sync-timestamp"], headers["x-sync-signature"], gateway.bodies[number]


def test_the_request_is_signed_over_time_and_body(user_sync, gateway, deny):
    before = time.time_ns() // 1_000_000
    user_sync.handler(event(), None)
    timestamp, signature, body = at(gateway, 0)
    assert before <= int(timestamp) <= time.time_ns() // 1_000_000
    expected = hmac.new(KEY.encode("ascii"), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert signature == f"v1={expected}"
    assert json.loads(body)["variables"]["user"]["username"] == "ada"


def test_ngrok_is_asked_for_no_page_for_browsers(user_sync, gateway, deny):
    user_sync.handler(event(), None)
    assert gateway.headers[0]["ngrok-skip-browser-warning"] == "1"


def test_no_request_has_the_timestamp_of_another(user_sync, gateway, deny, monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    user_sync.handler(event(), None)
    user_sync.handler(event(), None)
    assert [headers["x-sync-timestamp"] for headers in gateway.headers] == ["1700000000000", "1700000000001"]


def test_a_request_that_is_sent_again_on_a_fresh_connection_is_signed_anew(user_sync, gateway, deny):
    user_sync.handler(event(), None)
    gateway.forget_next = True
    user_sync.handler(event(), None)
    assert gateway.connections == 2
    assert len({at(gateway, number)[:2] for number in range(3)}) == 3
    assert at(gateway, 1)[2] == at(gateway, 2)[2]


def test_the_gateway_never_gets_the_admin_secret(load, gateway, deny):
    function = load("user_sync", SYNC_GATEWAY_URL=gateway.url, SYNC_GATEWAY_KEY=KEY, HASURA_ADMIN_SECRET="the-admins")
    function.handler(event(), None)
    assert "the-admins" not in str(gateway.headers)


def test_a_url_without_its_key_is_told(user_sync, gateway, monkeypatch, logged):
    monkeypatch.delenv("SYNC_GATEWAY_KEY")
    assert user_sync.handler(event(), None) == event()
    assert gateway.requests == []
    assert logged()["error"] == "SYNC_GATEWAY_URL is set, but SYNC_GATEWAY_KEY is not"


def test_where_nothing_says_where_hasura_is_nobody_is_there(load, logged):
    assert load("user_sync").handler(event(), None) == event()
    line = logged()
    assert line["level"] == "warning"
    assert line["error"] == "none of SYNC_LEASE_TABLE, SYNC_GATEWAY_URL and HASURA_GRAPHQL_URL says where Hasura is"


def refusal(message: str) -> bytes:
    return json.dumps({"errors": [{"message": message, "extensions": {"code": "unsigned"}}]}).encode()


@pytest.mark.parametrize("status", [401, 409, 429, 502, 504])
def test_what_the_gateway_refuses_is_a_failure_and_the_next_sign_in_asks_it_again(user_sync, gateway, logged, status):
    gateway.status, gateway.answer = status, refusal("The clocks differ by 600 s.")
    for _ in range(2):
        assert user_sync.handler(event(), None) == event()
        line = logged()
        assert line["level"] == "error"
        assert line["error"] == "the gateway refused the mutation: The clocks differ by 600 s."
    assert len(gateway.requests) == 2


NOBODY_BEHIND_THE_TUNNEL = {
    "ngrok's end is offline": (404, b"Tunnel x.ngrok.app not found\n\nERR_NGROK_3200\n", "ERR_NGROK_3200"),
    "ngrok finds nothing on the port": (502, b"<html>ERR_NGROK_8012 failed to dial</html>", "ERR_NGROK_8012"),
    "a proxy's bad gateway": (502, b"<html>bad gateway</html>", "HTTP status 502"),
    "a proxy's JSON": (503, b'{"message": "no upstream"}', "HTTP status 503"),
    "a proxy's patience": (504, b"", "HTTP status 504"),
    "Cloudflare's end is offline": (530, b"error code: 1033", "HTTP status 530"),
}


@pytest.mark.parametrize("case", NOBODY_BEHIND_THE_TUNNEL)
def test_a_tunnel_that_leads_nowhere_is_not_tried_again_at_once(user_sync, gateway, logged, case):
    gateway.status, gateway.answer, said = NOBODY_BEHIND_THE_TUNNEL[case]
    user_sync.handler(event(), None)
    line = logged()
    assert (line["level"], line["error"]) == ("warning", f"the tunnel 127.0.0.1 leads nowhere: {said}")
    user_sync.handler(event(), None)
    assert logged()["error"].startswith("the tunnel did not answer a while ago")
    assert len(gateway.requests) == 1


def test_without_a_lease_a_silent_tunnel_is_tried_again_after_a_while(user_sync, gateway, logged, monkeypatch):
    gateway.status = 502
    gateway.answer = b""
    monkeypatch.setattr(sys.modules["destination"], "AGAIN_SECONDS", 0)
    user_sync.handler(event(), None)
    logged()
    gateway.status, gateway.answer = 200, b'{"data": {"insert_users_one": {"id": "8c1f"}}}'
    user_sync.handler(event(), None)
    assert logged()["message"] == "user synced"


@pytest.mark.parametrize(("status", "answer"), [(200, b"<html>"), (404, b"nothing here"), (200, b'{"ok": true}')])
def test_a_server_that_is_no_gateway_is_told(user_sync, gateway, logged, status, answer):
    gateway.status, gateway.answer = status, answer
    assert user_sync.handler(event(), None) == event()
    line = logged()
    assert line["level"] == "error"
    assert line["error"] == f"127.0.0.1 is no gateway: HTTP status {status} without a GraphQL answer"


def test_a_tunnel_that_refuses_the_connection_is_not_tried_again_at_once(load, logged):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/sync"
        function = load("user_sync", SYNC_GATEWAY_URL=url, SYNC_GATEWAY_KEY=KEY)
        function.handler(event(), None)
        assert logged()["error"] == "the tunnel 127.0.0.1 does not answer: ConnectionRefusedError"
        held.listen()
        held.settimeout(0)
        function.handler(event(), None)
        with pytest.raises(BlockingIOError):
            held.accept()
    assert logged()["error"].startswith("the tunnel did not answer a while ago")


def test_a_tunnel_that_says_nothing_is_given_up_in_time(user_sync, gateway, logged, monkeypatch):
    monkeypatch.setattr(sys.modules["gateway"], "FIRST_BYTE_SECONDS", 0.2)
    gateway.silent = True
    assert user_sync.handler(event(), None) == event()
    line = logged()
    assert line["error"] == "the tunnel 127.0.0.1 does not answer: TimeoutError"
    assert 200 <= line["milliseconds"] < 20_000


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that no longer takes connections: the few that it may hold are held, and nobody takes them up."""
    with ExitStack() as held:
        listening = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listening.getsockname()[1]
        for _ in range(3):
            caller = held.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        yield port


def test_a_host_with_many_deaf_addresses_costs_no_more_than_one(load, deaf, logged, monkeypatch):
    function = load("user_sync", SYNC_GATEWAY_URL=f"http://127.0.0.1:{deaf}/sync", SYNC_GATEWAY_KEY=KEY)
    monkeypatch.setattr(sys.modules["gateway"], "FIRST_BYTE_SECONDS", 0.2)
    addresses = socket.getaddrinfo("127.0.0.1", deaf, type=socket.SOCK_STREAM) * 10
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    assert function.handler(event(), None) == event()
    line = logged()
    assert line["error"] == "the tunnel 127.0.0.1 does not answer: TimeoutError"
    assert 200 <= line["milliseconds"] < 20_000


def test_a_tunnel_that_never_speaks_tls_is_given_up_in_time(load, logged, monkeypatch):
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        url = f"https://localhost:{listening.getsockname()[1]}/sync"
        function = load("user_sync", SYNC_GATEWAY_URL=url, SYNC_GATEWAY_KEY=KEY)
        monkeypatch.setattr(sys.modules["gateway"], "FIRST_BYTE_SECONDS", 0.2)
        assert function.handler(event(), None) == event()
    line = logged()
    assert line["error"] == "the tunnel localhost does not answer: TimeoutError"
    assert 200 <= line["milliseconds"] < 20_000


def test_an_answer_may_take_longer_than_its_first_byte(user_sync, gateway, logged, deny, monkeypatch):
    monkeypatch.setattr(sys.modules["gateway"], "FIRST_BYTE_SECONDS", 1)
    gateway.drip, gateway.answer = "body", b'{"data":0}'
    with pytest.raises(RuntimeError):
        user_sync.handler(event(), None)
    assert logged()["error"] == "the gateway's answer tells of no row"


def test_a_url_that_cannot_be_used_is_told(load, logged):
    function = load("user_sync", SYNC_GATEWAY_URL="ftp://localhost/", SYNC_GATEWAY_KEY=KEY)
    assert function.handler(event(), None) == event()
    assert logged()["error"] == "the gateway's URL must be an http or https URL"


def test_the_key_is_never_logged(user_sync, gateway, capsys):
    for status, answer in [(200, b"{}"), (502, b""), (401, refusal("no"))]:
        gateway.status, gateway.answer = status, answer
        sys.modules["destination"]._silent.clear()
        user_sync.handler(event(), None)
    assert KEY not in capsys.readouterr().out

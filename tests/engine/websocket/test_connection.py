"""Which connections are taken, and what ends them: origins, cookies, time, a change of the metadata."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import jwt
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.engine.conftest import Engine, start_engine, stop_engine
from tests.engine.talking import WORDS, client

SECRET = "a secret of thirty-two characters"
JWT_SECRET = json.dumps({"type": "HS256", "key": SECRET, "header": {"type": "Cookie", "name": "token"}})


def token(*, seconds: float) -> str:
    roles = {"x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"]}
    return jwt.encode({"exp": time.time() + seconds, "https://hasura.io/jwt/claims": roles}, SECRET, "HS256")


@pytest.fixture(scope="module")
def guarded(module_database: str) -> Iterator[Engine]:
    """An engine that reads tokens from a cookie, and is open to pages of one origin."""
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_ADMIN_SECRET="secret",
        HASURA_GRAPHQL_JWT_SECRET=JWT_SECRET,
        HASURA_GRAPHQL_CORS_DOMAIN="https://app.test",
        HASURA_GRAPHQL_WEBSOCKET_KEEPALIVE="1",
    )
    engine.client.headers["x-hasura-admin-secret"] = "secret"
    yield engine
    assert "Traceback" not in stop_engine(engine)


def test_a_page_of_another_origin_can_not_connect(guarded: Engine) -> None:
    with pytest.raises(InvalidStatus) as caught, client(guarded, headers={"Origin": "https://evil.test"}):
        pass
    assert caught.value.response.status_code == 400
    assert json.loads(caught.value.response.body or b"") == {
        "error": "received origin header does not match configured CORS domains",
        "path": "$",
        "code": "access-denied",
    }
    with client(guarded, headers={"Origin": "https://app.test"}, init={"x-hasura-admin-secret": "secret"}) as talking:
        talking.subscribe("{ __typename }")
        assert talking.receive_data() == {"__typename": "query_root"}


def test_the_cookie_of_the_request_opens_the_session(guarded: Engine) -> None:
    with client(guarded, headers={"Cookie": f"token={token(seconds=60)}"}, init={}) as talking:
        talking.subscribe("{ __typename }")
        assert talking.receive_data() == {"__typename": "query_root"}


@pytest.mark.parametrize(("reads_cookie", "code"), [("false", 4403), ("true", None)])
def test_without_cors_a_pages_cookie_is_read_only_on_request(
    module_database: str, reads_cookie: str, code: int | None
) -> None:
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_ADMIN_SECRET="secret",
        HASURA_GRAPHQL_JWT_SECRET=JWT_SECRET,
        HASURA_GRAPHQL_DISABLE_CORS="true",
        HASURA_GRAPHQL_WS_READ_COOKIE=reads_cookie,
    )
    with client(engine, headers={"Origin": "https://x.test", "Cookie": f"token={token(seconds=60)}"}) as talking:
        talking.send(type="connection_init")
        if code is None:
            assert talking.receive() == {"type": "connection_ack"}
        else:
            assert talking.closed_with()[0] == code
    stop_engine(engine)


@pytest.mark.parametrize("protocol", WORDS)
def test_the_connection_ends_when_the_token_expires(guarded: Engine, protocol: str) -> None:
    ends = time.time() + 3
    with client(guarded, protocol, headers={"Cookie": f"token={token(seconds=3)}"}, init={}) as talking:
        assert talking.closed_with() == (1000, "JWT expired")
    assert time.time() >= ends - 1  # `exp` is whole seconds.


def test_a_connection_without_a_session_is_closed(module_database: str) -> None:
    engine = start_engine(module_database, HASURA_GRAPHQL_WEBSOCKET_CONNECTION_INIT_TIMEOUT="1")
    for protocol in WORDS:
        with client(engine, protocol) as talking:
            assert talking.closed_with() == (4408, "Connection initialisation timed out")
    stop_engine(engine)


def test_each_protocol_has_its_own_sign_of_life(guarded: Engine) -> None:
    signs = {
        "graphql-ws": {"type": "ka"},
        "graphql-transport-ws": {"type": "ping", "payload": {"message": "keepalive"}},
    }
    for protocol, sign in signs.items():
        with client(guarded, protocol, init={"x-hasura-admin-secret": "secret"}) as talking:
            assert [json.loads(talking.connection.recv(timeout=5)) for _ in range(2)] == [sign, sign]


def test_a_client_may_offer_both_protocols_or_none(guarded: Engine) -> None:
    url = guarded.url.replace("http", "ws", 1) + "/v1/graphql"
    offers = (["graphql-ws", "graphql-transport-ws"], ["graphql-transport-ws", "graphql-ws"], None, ["other"])
    chosen = []
    for offer in offers:
        with connect(url, subprotocols=offer, proxy=None) as connection:  # type: ignore[arg-type]
            chosen.append(connection.subprotocol)
    assert chosen == ["graphql-ws", "graphql-transport-ws", None, None]


def test_messages_are_not_compressed_unless_asked_for(guarded: Engine) -> None:
    url = guarded.url.replace("http", "ws", 1) + "/v1/graphql"
    with connect(url, compression="deflate", proxy=None) as connection:
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers


def test_a_change_of_the_metadata_closes_connections_and_other_requests_do_not(guarded: Engine) -> None:
    with client(guarded, init={"x-hasura-admin-secret": "secret"}) as talking:
        guarded.metadata("export_metadata", {})
        guarded.sql("select 1")
        talking.subscribe("{ __typename }")
        assert talking.receive_data() == {"__typename": "query_root"}
        guarded.sql("create table appears (id int primary key)")
        assert talking.closed_with() == (1012, "Closing all websocket connections as the metadata has changed")
    assert httpx.get(f"{guarded.url}/healthz").text == "OK"

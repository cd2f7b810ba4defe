"""GraphQL over WebSocket with a real client: both protocols, sessions, and how a conversation ends."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Engine
from tests.engine.talking import WORDS, Client, client


@pytest.mark.parametrize("protocol", WORDS)
def test_a_query_is_answered_and_completed(blog: Engine, protocol: str) -> None:
    start, _, data = WORDS[protocol]
    with client(blog, protocol, init={}) as talking:
        talking.send(type=start, id="q", payload={"query": "{ author_by_pk(id: 1) { name } }"})
        assert talking.receive() == {"type": data, "id": "q", "payload": {"data": {"author_by_pk": {"name": "Ada"}}}}
        assert talking.receive() == {"type": "complete", "id": "q"}


@pytest.mark.parametrize("protocol", WORDS)
def test_the_session_comes_from_the_init_message(blog: Engine, protocol: str) -> None:
    start, _, _ = WORDS[protocol]
    with client(blog, protocol, init={"X-Hasura-Role": "user", "X-Hasura-User-Id": "2"}) as talking:
        talking.send(type=start, id="q", payload={"query": "{ article(order_by: {id: asc}) { title } }"})
        assert talking.receive()["payload"]["data"] == {"article": [{"title": "Engines"}, {"title": "Bread"}]}


@pytest.mark.parametrize("protocol", WORDS)
def test_a_subscription_sends_what_changes_until_it_is_stopped(blog: Engine, protocol: str) -> None:
    start, stop, data = WORDS[protocol]
    with client(blog, protocol, init={}) as talking:
        query = "subscription ($id: Int!) { author_by_pk(id: $id) { name } }"
        talking.send(type=start, id="s", payload={"query": query, "variables": {"id": 1}})
        assert talking.receive()["payload"]["data"] == {"author_by_pk": {"name": "Ada"}}
        blog.sql("update author set name = 'Augusta' where id = 1")
        message = talking.receive()
        assert (message["type"], message["payload"]["data"]) == (data, {"author_by_pk": {"name": "Augusta"}})
        talking.send(type=stop, id="s")
        talking.send(type=start, id="s", payload={"query": "{ __typename }"})
        assert talking.receive()["payload"] == {"data": {"__typename": "query_root"}}


def test_errors_have_the_form_of_their_protocol(blog: Engine) -> None:
    error = {
        "message": "field 'nothing' not found in type: 'query_root'",
        "extensions": {"path": "$.selectionSet.nothing", "code": "validation-failed"},
    }
    with client(blog, "graphql-ws", init={}) as talking:
        talking.send(type="start", id="1", payload={"query": "{ nothing }"})
        assert talking.receive() == {"type": "error", "id": "1", "payload": {"errors": [error]}}
    with client(blog, "graphql-transport-ws", init={}) as talking:
        talking.send(type="subscribe", id="1", payload={"query": "{ nothing }"})
        assert talking.receive() == {"type": "error", "id": "1", "payload": [error]}


@pytest.mark.parametrize("protocol", WORDS)
def test_what_fails_while_it_runs_is_an_answer(blog: Engine, protocol: str) -> None:
    start, _, data = WORDS[protocol]
    with client(blog, protocol, init={}) as talking:
        query = 'mutation { insert_author_one(object: {id: 1, name: "x"}) { id } }'
        talking.send(type=start, id="1", payload={"query": query})
        message = talking.receive()
        assert (message["type"], message["payload"]["data"]) == (data, None)
        assert message["payload"]["errors"][0]["extensions"]["code"] == "constraint-violation"
        assert talking.receive() == {"type": "complete", "id": "1"}


def test_a_strict_conversation_out_of_order_is_closed_with_its_code(blog: Engine) -> None:
    with client(blog) as talking:
        talking.subscribe("{ __typename }")
        assert talking.closed_with() == (4401, "Unauthorized")
    with client(blog, init={}) as talking:
        talking.send(type="connection_init")
        assert talking.closed_with() == (4429, "Too many initialisation requests")
    with client(blog, init={}) as talking:
        for _ in range(2):
            talking.subscribe("subscription { author { id } }", key="twice")
        assert talking.closed_with() == (4409, "Subscriber for twice already exists")
    for text in ("{", "[]", '{"type": "nothing"}', "[" * 50_000, b"\xff"):
        with client(blog) as talking:
            talking.connection.send(text)
            assert talking.closed_with()[0] == 4400


def test_a_session_that_is_refused_ends_a_strict_conversation(blog: Engine) -> None:
    with client(blog) as talking:
        talking.send(type="connection_init", payload={"headers": {"x-hasura-use-backend-only-permissions": "?"}})
        code, reason = talking.closed_with()
        assert code == 4403
        assert "Not a valid boolean text" in reason


def test_apollos_conversation_goes_on_after_what_is_amiss(blog: Engine) -> None:
    with client(blog, "graphql-ws") as talking:
        talking.connection.send("{")
        message = talking.receive()
        assert message["type"] == "connection_error"
        assert message["payload"].startswith("parsing ClientMessage failed: ")
        talking.subscribe("{ __typename }", key="early")
        assert refused(talking, "early") == "start received before the connection is initialised"
        talking.send(type="connection_init", payload={"headers": {"x-hasura-use-backend-only-permissions": "?"}})
        assert talking.receive()["type"] == "connection_error"
        talking.subscribe("{ __typename }", key="early")
        assert refused(talking, "early").startswith("cannot start as connection_init failed with: ")
        talking.send(type="connection_init")
        assert talking.receive() == {"type": "connection_ack"}
        for _ in range(2):
            talking.subscribe("subscription { author(where: {id: {_eq: 1}}) { id } }", key="twice")
        # The first may be answered before the second is read.
        said = {message["type"]: message for message in (talking.receive() for _ in range(3))}
        error = said["error"]["payload"]["errors"][0]
        assert error["message"] == "an operation already exists with this id: twice"
        assert said["complete"] == {"type": "complete", "id": "twice"}
        assert said["data"]["payload"] == {"data": {"author": [{"id": 1}]}}
        talking.send(type="connection_terminate")
        assert talking.closed_with() == (1000, "GQL_CONNECTION_TERMINATE received")


def refused(talking: Client, key: str) -> str:
    """The message of the error with which an operation is refused."""
    error, complete = talking.receive(), talking.receive()
    assert (error["type"], error["id"]) == ("error", key)
    assert complete == {"type": "complete", "id": key}
    return str(error["payload"]["errors"][0]["message"])


def test_a_ping_is_answered_with_what_it_brought(blog: Engine) -> None:
    with client(blog) as talking:
        talking.send(type="ping")
        assert talking.receive() == {"type": "pong"}
        talking.send(type="ping", payload={"n": [1.5, 12345678901234567890, None]})
        assert talking.receive() == {"type": "pong", "payload": {"n": [1.5, 12345678901234567890, None]}}
        talking.send(type="pong")
        talking.send(type="ping")
        assert talking.receive() == {"type": "pong"}


def test_more_operations_than_run_at_once_are_all_answered(blog: Engine) -> None:
    with client(blog, init={}) as talking:
        for n in range(300):
            talking.subscribe("{ author_by_pk(id: 1) { name } }", key=str(n))
        messages = [talking.receive() for _ in range(600)]
        answers = {message["id"] for message in messages if message["type"] == "next"}
        completed = {message["id"] for message in messages if message["type"] == "complete"}
        assert answers == completed == {str(n) for n in range(300)}


def test_numbers_in_variables_stay_as_exact_as_they_were_written(blog: Engine) -> None:
    with client(blog, init={}) as talking:
        start = '{"type": "subscribe", "id": "1", "payload": {"query": "query ($j: jsonb!) { author(where: {profile: '
        start += '{_eq: $j}}) { id } }", "variables": {"j": {"n": 1.10000000000000000001}}}}'
        blog.sql("update author set profile = '{\"n\": 1.10000000000000000001}' where id = 2")
        talking.connection.send(start)
        assert talking.receive_data() == {"author": [{"id": 2}]}


def test_subscriptions_need_a_websocket(blog: Engine) -> None:
    code, _, message = blog.error("subscription { author { id } }")
    assert (code, message) == (
        "validation-failed",
        "subscriptions are not supported over HTTP, use websockets instead",
    )

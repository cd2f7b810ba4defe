"""Requests that are broken, hostile or huge: each gets an error of the right code, soon, and harms nothing."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from typing import Any

import pytest

from orchestrator.engine import direct
from tests.engine.conftest import Engine
from tests.engine.talking import client

# Much more than any takes, and much less than a client waits.
SECONDS = 20
UNREADABLE = "invalid-json"
INVALID = "validation-failed"
UNPARSED = "parse-failed"
DATA = "data-exception"
NAMED = "query($a: String) { author(where: {name: {_eq: $a}}) { id } }"
NUMBERED = "query($a: Int) { author(where: {id: {_eq: $a}}) { id } }"
RATED = "query($a: numeric) { author(where: {rating: {_eq: $a}}) { id } }"
PROFILED = "query($a: jsonb) { author(where: {profile: {_eq: $a}}) { id } }"


def asked(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


def with_value(query: str, value: bytes) -> bytes:
    """A request whose variable `a` is this very text."""
    return b'{"query":' + json.dumps(query).encode() + b',"variables":{"a":' + value + b"}}"


def nested(opening: str, inside: str, closing: str, times: int) -> str:
    return opening * times + inside + closing * times


def fragments(number: int, body: str) -> str:
    """A query of `number` fragments, each of which is its body with the next one's name for %s."""
    chain = " ".join(f"fragment f{i} on author {{ {body.replace('%s', f'f{i + 1}')} }}" for i in range(number))
    return f"{{ author {{ ...f0 }} }} {chain} fragment f{number} on author {{ id }}"


BROKEN_JSON = {
    "nothing": b"",
    "half": b'{"query":',
    "a word": b"query",
    "NaN": with_value(NUMBERED, b"NaN"),
    "Infinity": with_value(NUMBERED, b"-Infinity"),
    "an exponent beyond all reckoning": with_value(RATED, b"1e99999999999999999999"),
    "an integer of 5000 digits": with_value(NUMBERED, b"9" * 5000),
    "invalid UTF-8": b'{"query":"{ author { id \xff } }"}',
    "half of an encoded character": b'{"query":"\xf0\x9f"}',
    "UTF-16": '{"query":"{ author { id } }"}'.encode("utf-16"),
    "UTF-32": '{"query":"{ author { id } }"}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"query":"{ author { id } }"}',
    "half a surrogate pair as value": with_value(NAMED, b'"\\ud800"'),
    "half a surrogate pair as variable": b'{"query":"{ author { id } }","variables":{"\\udc00":1}}',
    "half a surrogate pair as operation": b'{"query":"{ author { id } }","operationName":"\\ud800"}',
    "half a surrogate pair as query": b'{"query":"{ author(where: {name: {_eq: \\"\\ud800\\"}}) { id } }"}',
    "an open list a hundred thousand deep": b"[" * 100_000,
    "a list a hundred thousand deep": with_value(PROFILED, b"[" * 100_000 + b"]" * 100_000),
    "an object fifty thousand deep": with_value(PROFILED, b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
}

MALFORMED = {
    "null": (b"null", UNPARSED),
    "a number": (b"7", UNPARSED),
    "a text": (b'"{ author { id } }"', UNPARSED),
    "an empty object": (b"{}", UNPARSED),
    "a query that is a number": (b'{"query":7}', UNPARSED),
    "a name that is a number": (b'{"query":"{ author { id } }","operationName":7}', UNPARSED),
    "variables that are a list": (b'{"query":"{ author { id } }","variables":[]}', INVALID),
    "variables that are a text": (b'{"query":"{ author { id } }","variables":"{}"}', INVALID),
    "no query": (asked(""), INVALID),
    "spaces": (asked(" \n\t"), INVALID),
    "a comment": (asked("# nothing"), INVALID),
    "a definition": (asked("type A { b: Int }"), INVALID),
    "a fragment alone": (asked("fragment a on author { id }"), INVALID),
    "an open brace": (asked("{ author { id }"), INVALID),
    "a NUL in the query": (asked("{ author { id \0 } }"), INVALID),
    "half a surrogate pair in a literal": (asked(r'{ author(where: {name: {_eq: "\ud800"}}) { id } }'), INVALID),
    "an unknown operation": (
        json.dumps({"query": "query a { author { id } }", "operationName": "b"}).encode(),
        INVALID,
    ),
    "two operations": (asked("query a { author { id } } query b { author { id } }"), INVALID),
    "a variable that is not declared": (asked("{ author { id } }", a=1), INVALID),
    "a variable that is not given": (asked("query($a: Int!) { author(limit: $a) { id } }"), INVALID),
    "an unknown field": (asked("{ author { nothing } }"), INVALID),
    "an unknown argument": (asked("{ author(nothing: 1) { id } }"), INVALID),
    "an object with no fields asked": (asked("{ author }"), INVALID),
    "a scalar with fields asked": (asked("{ author { id { id } } }"), INVALID),
    "an unknown directive": (asked("{ author @nothing { id } }"), INVALID),
    "fields that do not agree": (asked("{ author { a: id a: name } }"), INVALID),
    "a cycle of fragments": (
        asked("{ author { ...a } } fragment a on author { ...b } fragment b on author { ...a }"),
        INVALID,
    ),
    "a fragment within itself": (
        asked("{ author { ...a } } fragment a on author { articles { author { ...a } } }"),
        INVALID,
    ),
}

WRONG_VALUES = {
    "a text for an integer": (asked(NUMBERED, a="one"), DATA),
    "an object for an integer": (asked(NUMBERED, a={}), UNPARSED),
    "a truth for an integer": (asked(NUMBERED, a=True), UNPARSED),
    "a fraction for an integer": (asked(NUMBERED, a=1.5), UNPARSED),
    "an integer beyond int4": (asked(NUMBERED, a=2**31), UNPARSED),
    "an integer beyond int8": (
        asked("query($a: bigint) { author(where: {big: {_eq: $a}}) { id } }", a=2**63),
        UNPARSED,
    ),
    "an integer of 1e400": (with_value(NUMBERED, b"1e400"), UNPARSED),
    "an integer of 1e999999999": (with_value(NUMBERED, b"1e999999999"), UNPARSED),
    "an integer literal of 5000 digits": (asked("{ author(where: {id: {_eq: %s}}) { id } }" % ("9" * 5000)), UNPARSED),
    "a limit of 1e999999999": (with_value("query($a: Int) { author(limit: $a) { id } }", b"1e999999999"), UNPARSED),
    "a negative limit": (asked("{ author(limit: -1) { id } }"), INVALID),
    "a limit of 5000 digits": (asked("{ author(limit: %s) { id } }" % ("9" * 5000)), INVALID),
    "a number that no numeric holds": (with_value(RATED, b"1e999999999"), DATA),
    "a literal that no numeric holds": (asked("{ author(where: {rating: {_eq: 1e999999999}}) { id } }"), DATA),
    "a literal beyond all reckoning": (
        asked("{ author(where: {rating: {_eq: 1e99999999999999999999}}) { id } }"),
        INVALID,
    ),
    "a number in jsonb that no numeric holds": (with_value(PROFILED, b'{"a": 1e999999999}'), DATA),
    "a NUL in a text": (asked(NAMED, a="a\0b"), DATA),
    "a NUL in a literal": (asked(r'{ author(where: {name: {_eq: "a\u0000b"}}) { id } }'), DATA),
    "a NUL in jsonb": (asked(PROFILED, a={"a\0": "\0"}), DATA),
    "a date that is none": (
        asked("query($a: date) { author(where: {born: {_eq: $a}}) { id } }", a="yesterday-ish"),
        DATA,
    ),
    "a year beyond dates": (
        asked("query($a: date) { author(where: {born: {_eq: $a}}) { id } }", a="9999999-01-01"),
        DATA,
    ),
    "a pattern that is none": (asked('{ author(where: {name: {_regex: "(("}}) { id } }'), DATA),
    "an unknown order": (asked("{ author(order_by: {id: upwards}) { id } }"), INVALID),
    "an unknown operator": (asked("{ author(where: {id: {_is: 1}}) { id } }"), INVALID),
}

HUGE = {
    "thousands of braces": (asked("{" * 50_000), INVALID),
    "thousands of fields in each other": (asked("{ author " * 50_000), INVALID),
    "thousands of rows in each other": (
        asked("{{ author {{ id {} }} }}".format(nested("articles { author { id ", "", "} }", 3000))),
        INVALID,
    ),
    "thousands of conditions in each other": (
        asked("{{ author(where: {}) {{ id }} }}".format(nested("{_not: ", "{}", "}", 5000))),
        INVALID,
    ),
    "hundreds of conditions in a variable": (
        with_value(
            "query($a: author_bool_exp) { author(where: $a) { id } }", nested('{"_not":', "{}", "}", 900).encode()
        ),
        INVALID,
    ),
    "thousands of lists in each other": (
        asked("{{ author(where: {{id: {{_in: {}}}}}) {{ id }} }}".format(nested("[", "", "]", 5000))),
        INVALID,
    ),
    "thousands of lists in a type": (
        asked("query($a: {}) {{ author {{ id }} }}".format(nested("[", "Int", "]", 5000))),
        INVALID,
    ),
    "thousands of fragments after each other": (asked(fragments(5000, "...%s")), INVALID),
    "a billion fields in thirty fragments": (
        asked(fragments(30, "a: articles { author { ...%s } } b: articles { author { ...%s } }")),
        INVALID,
    ),
    "a million tokens": (asked("{ author { %s } }" % ("id " * 1_000_000)), INVALID),
    "ten thousand columns": (
        asked("{{ author {{ {} }} }}".format(" ".join(f"a{i}: name" for i in range(10_000)))),
        "bad-request",
    ),
    "a name of a million letters": (asked("{ %s }" % ("a" * 1_000_000)), INVALID),
}

WITHOUT_HARM = {
    "a key twice": b'{"query":"{ nothing }","query":"{ author { id } }"}',
    "a field twenty thousand times": asked("{ author { %s } }" % ("id " * 20_000)),
    "a trillion fields that are one": asked(fragments(40, "...%s ...%s")),
    "a text of twenty million letters": asked(
        "query($a: String) { author(where: {name: {_neq: $a}}) { id } }", a="x" * 20_000_000
    ),
    "forty thousand values": asked(
        "query($a: [Int!]) { author(where: {id: {_in: $a}}) { id } }", a=list(range(40_000))
    ),
    "a thousand root fields": asked(
        "{{ author {{ id }} {} }}".format(" ".join(f"a{i}: __typename" for i in range(1000)))
    ),
}

EVERY = {
    **{name: (body, UNREADABLE) for name, body in BROKEN_JSON.items()},
    **MALFORMED,
    **WRONG_VALUES,
    **HUGE,
}


def refused(answer: Any) -> str:
    """The code of an answer that is an error and nothing else."""
    assert "data" not in answer or answer["data"] is None, answer
    (error,) = answer["errors"]
    assert set(error) == {"message", "extensions"}
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("name", EVERY)
def test_a_bad_request_gets_an_error_of_its_code(blog_engine: Engine, name: str) -> None:
    body, code = EVERY[name]
    begun = time.monotonic()
    answer = blog_engine.client.post("/v1/graphql", content=body)
    assert answer.status_code == 200
    assert refused(answer.json()) == code
    assert time.monotonic() - begun < SECONDS
    assert blog_engine.client.post("/v1alpha1/graphql", content=body).status_code == 400


@pytest.mark.parametrize("name", WITHOUT_HARM)
def test_an_odd_request_is_answered_all_the_same(blog: Engine, name: str) -> None:
    answer = blog.client.post("/v1/graphql", content=WITHOUT_HARM[name])
    assert answer.json()["data"]["author"] == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_bad_requests_get_their_errors_over_websocket_too(blog_engine: Engine) -> None:
    with client(blog_engine, "graphql-transport-ws", init={}) as talking:
        for name, (body, code) in {**MALFORMED, **WRONG_VALUES, **HUGE}.items():
            if len(body) > 900_000:
                continue
            start = json.dumps({"type": "subscribe", "id": name})[:-1].encode() + b', "payload": ' + body + b"}"
            talking.connection.send(start.decode())
            answer = talking.receive()
            assert answer["id"] == name
            errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
            assert errors[0]["extensions"]["code"] == code, name
            if answer["type"] == "next":
                assert talking.receive() == {"type": "complete", "id": name}
        talking.send(type="subscribe", id="last", payload={"query": "{ __typename }"})
        assert talking.receive()["payload"] == {"data": {"__typename": "query_root"}}


@pytest.mark.parametrize("name", BROKEN_JSON)
def test_what_is_no_message_ends_the_conversation(blog_engine: Engine, name: str) -> None:
    with client(blog_engine, "graphql-transport-ws", init={}) as talking:
        talking.connection.send(BROKEN_JSON[name])
        assert talking.closed_with()[0] == 4400


def test_a_batch_has_an_answer_for_each_whatever_the_others_are(blog: Engine) -> None:
    good = {"query": "{ author { id } }"}
    answers = blog.post("/v1/graphql", [None, good, {"query": "{"}, 7, good]).json()
    assert [len(answer.get("data", {}).get("author", ())) for answer in answers] == [0, 3, 0, 0, 3]
    assert blog.post("/v1/graphql", []).json() == []
    answers = blog.post("/v1/graphql", [good, {"query": "{"}] * 1000).json()
    assert [refused(answer) if "errors" in answer else None for answer in answers] == [None, INVALID] * 1000


def test_the_content_type_is_no_matter(blog: Engine) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "nonsense", ""):
        answer = blog.client.post(
            "/v1/graphql", content=asked("{ author { id } }"), headers={"content-type": content_type}
        )
        assert len(answer.json()["data"]["author"]) == 3


def test_an_unknown_path_or_method_is_a_404(blog_engine: Engine) -> None:
    for method, path in (("GET", "/v1/nothing"), ("GET", "/v1/graphql"), ("PUT", "/v1/graphql"), ("GET", "/v1/query")):
        answer = blog_engine.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/v1/metadata", "/v2/query", "/v1/query"])
@pytest.mark.parametrize("name", BROKEN_JSON)
def test_the_other_apis_refuse_broken_json_too(blog_engine: Engine, path: str, name: str) -> None:
    answer = blog_engine.client.post(path, content=BROKEN_JSON[name])
    assert (answer.status_code, answer.json()["code"]) == (400, UNREADABLE)


@pytest.mark.parametrize("body", [{}, [], 7, None, {"type": 7}, {"type": "run_sql"}, {"type": "nothing", "args": {}}])
def test_the_other_apis_refuse_what_is_no_command(blog_engine: Engine, body: Any) -> None:
    for path in ("/v1/metadata", "/v2/query"):
        answer = blog_engine.client.post(path, json=body)
        assert answer.status_code == 400
        assert set(answer.json()) >= {"error", "path", "code"}


@pytest.mark.parametrize("path", ["/v1/graphql", "/v1alpha1/graphql", "/v1/metadata"])
def test_a_body_without_end_is_refused_before_it_fills_the_memory(blog_engine: Engine, path: str) -> None:
    host, port = blog_engine.url.removeprefix("http://").split(":")
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {1 << 40}\r\n\r\n".encode()
    chunk = b" " * (1 << 20)
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        with suppress(ConnectionError):  # It is answered and closed as soon as it is too large.
            connection.sendall(head)
            for _ in range((direct.LARGEST_BODY >> 20) + 1):
                connection.sendall(chunk)
        answer = b""
        while b"MiB" not in answer:
            answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"bad-request"' in answer


def test_a_client_that_goes_away_half_way_is_no_matter(blog_engine: Engine) -> None:
    host, port = blog_engine.url.removeprefix("http://").split(":")
    for part in (
        b"",
        b"POST /v1/graphql HTT",
        b"POST /v1/graphql HTTP/1.1\r\ncontent-length: 99\r\n\r\n{",
        b"\0\xff\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
            connection.sendall(part)
    assert blog_engine.graphql("{ __typename }") == {"data": {"__typename": "query_root"}}

"""Bad requests: each gets an error of the right code in bounded time, and the engine goes on."""

from __future__ import annotations

import json
import time

import pytest

from tests.engine.conftest import Engine


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"", "invalid-json", "$"),
        (b"{", "invalid-json", "$"),
        (b"\xff\xfe", "invalid-json", "$"),
        (b"NaN", "invalid-json", "$"),
        (b"[" * 100_000, "invalid-json", "$"),
        (b'"text"', "parse-failed", "$"),
        (b"{}", "parse-failed", "$"),
        (b'{"query": 1}', "parse-failed", "$.query"),
        (b'{"query": "{"}', "validation-failed", "$.query"),
        (b'{"query": "{ author { id } }", "variables": []}', "validation-failed", "$.variables"),
        (b'{"query": "{ author { id } }", "operationName": "other"}', "validation-failed", "$"),
        (b'{"query": "query a { author { id } } query b { author { id } }"}', "validation-failed", "$"),
        (b'{"extensions": {"persistedQuery": {"version": 1}}}', "not-supported", "$"),
    ],
)
def test_a_body_that_is_no_request(blog: Engine, body: bytes, code: str, path: str) -> None:
    answer = blog.client.post("/v1/graphql", content=body)
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"path": path, "code": code}


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        ("{ nothing }", "$.selectionSet.nothing", "field 'nothing' not found in type: 'query_root'"),
        ("{ author }", "$.selectionSet.author", "missing selection set for 'author'"),
        (
            "{ author { id { x } } }",
            "$.selectionSet.author.selectionSet.id",
            "unexpected subselection set for non-object field",
        ),
        ("{ author(first: 1) { id } }", "$.selectionSet.author", "'author' has no argument named 'first'"),
        (
            "{ author(where: null) { id } }",
            "$.selectionSet.author.args.where",
            "expected an object for type 'author_bool_exp', but found null",
        ),
        (
            "{ author(where: {id: {_is: 1}}) { id } }",
            "$.selectionSet.author.args.where.id._is",
            "field '_is' not found in type: 'Int_comparison_exp'",
        ),
        (
            "{ author(limit: -1) { id } }",
            "$.selectionSet.author.args.limit",
            "expected a non-negative 32-bit integer for type 'Int', but found an integer",
        ),
        ("{ author(limit: $n) { id } }", "$.selectionSet.author.args.limit", "unbound variable 'n'"),
        (
            "query ($n: String) { author(limit: $n) { id } }",
            "$.selectionSet.author.args.limit",
            "variable 'n' is declared as 'String', but used where 'Int' is expected",
        ),
        ("query ($n: Int!) { author(limit: $n) { id } }", "$", 'expecting a value for non-nullable variable: "n"'),
        (
            "{ author { ...a } } fragment a on author { articles { ...b } } fragment b on article { author { ...a } }",
            "$.selectionSet.author.selectionSet.a.selectionSet.articles.selectionSet.b.selectionSet.author.selectionSet",
            "the fragment definition(s) a and b form a cycle",
        ),
        ("mutation { insert_author { affected_rows } }", "$.selectionSet.insert_author.args.objects", None),
        ("{ author_by_pk { id } }", "$.selectionSet.author_by_pk.args.id", "missing required field 'id'"),
    ],
)
def test_a_query_that_does_not_fit_the_schema(blog: Engine, query: str, path: str, message: str | None) -> None:
    code, found_path, found = blog.error(query)
    assert (code, found_path) == ("validation-failed", path)
    assert message is None or found == message


@pytest.mark.parametrize(
    ("type_", "column", "value", "code"),
    [
        ("Int", "id", 2**31, "parse-failed"),
        ("Int", "id", {"a": 1}, "parse-failed"),
        ("Int", "id", "abc", "data-exception"),
        ("bigint", "big", 2**70, "parse-failed"),
        ("bigint", "big", True, "parse-failed"),
        ("numeric", "rating", "1e400000", "data-exception"),
        ("date", "born", "the day after", "data-exception"),
        ("String", "name", "a\x00b", "data-exception"),
        ("String", "name", ["x"], "parse-failed"),
    ],
)
def test_a_value_that_is_not_of_its_type(blog: Engine, type_: str, column: str, value: object, code: str) -> None:
    query = f"query ($v: {type_}) {{ author(where: {{{column}: {{_eq: $v}}}}) {{ id }} }}"
    assert blog.error(query, {"v": value})[0] == code


def test_half_a_surrogate_pair_is_refused(blog: Engine) -> None:
    query = "query ($v: String) { author(where: {name: {_eq: $v}}) { id } }"
    body = json.dumps({"query": query, "variables": {"v": "\ud800"}})
    answer = blog.client.post("/v1/graphql", content=body).json()
    assert answer["errors"][0]["extensions"]["code"] == "data-exception"


def test_deep_and_wide_queries_end_in_time(blog: Engine) -> None:
    start = time.monotonic()
    deep = "{ author(where: " + "{_not: " * 3000 + "{}" + "}" * 3000 + ") { id } }"
    assert blog.error(deep)[0] == "validation-failed"
    assert blog.error("{" * 5000)[0] == "validation-failed"
    spread = "".join(
        f" fragment f{i} on author {{ articles {{ a: author {{ ...f{i + 1} }} b: author {{ ...f{i + 1} }} }} }}"
        for i in range(40)
    )
    bomb = "{ author { ...f0 } }" + spread + " fragment f40 on author { id }"
    assert blog.error(bomb)[2] == "the query selects more than 20000 fields"
    assert blog.data("{ author_by_pk(id: 1) { id } }") == {"author_by_pk": {"id": 1}}
    assert time.monotonic() - start < 20


def test_errors_have_their_own_status_on_the_alpha_endpoint(blog: Engine) -> None:
    answer = blog.post("/v1alpha1/graphql", {"query": "{ nothing }"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "validation-failed")


def test_unknown_paths_are_not_found(blog: Engine) -> None:
    answer = blog.client.get("/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_the_metadata_is_for_admins(blog: Engine) -> None:
    answer = blog.post("/v1/metadata", {"type": "export_metadata", "args": {}}, X_Hasura_Role="user")
    assert answer.status_code == 400
    assert answer.json() == {"error": "restricted access : admin only", "path": "$.args", "code": "access-denied"}

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
            "{ author(where: {_not: null}) { id } }",
            "$.selectionSet.author.args.where._not",
            "expected an object for type 'author_bool_exp', but found null",
        ),
        ("{ author(where: {_and: null}) { id } }", "$.selectionSet.author.args.where._and", None),
        ("{ author(offset: 1.5) { id } }", "$.selectionSet.author.args.offset", None),
        ("{ author { } }", "$.query", "not a valid graphql query"),
        ("{ author { ...F } }", "$.selectionSet.author.selectionSet", 'reference to undefined fragment "F"'),
        (
            "{ author { id: name id } }",
            "$.selectionSet.author.selectionSet",
            "selection of both 'name' and 'id' specify the same response name, 'id'",
        ),
        (
            "{ author { id @cached } }",
            "$.selectionSet.author.selectionSet",
            "directive 'cached' is not allowed on a field",
        ),
        (
            "{ author { id @skip(if: true, or: 1) } }",
            "$.selectionSet.author.selectionSet.skip",
            "'skip' has no argument named 'or'",
        ),
        (
            '{ author { ... @include(if: "x") { id } } }',
            "$.selectionSet.author.selectionSet.include.args.if",
            "expected a boolean for type 'Boolean', but found a string",
        ),
        (
            "{ author { id @skip(if: true) @skip(if: true) } }",
            "$.selectionSet.author.selectionSet",
            "the following directives are used more than once: ['skip']",
        ),
        ("query @include(if: true) { author { id } }", "$", "directive 'include' is not allowed on a query"),
        (
            '{ author { profile(path: "a..b") } }',
            "$.selectionSet.author.selectionSet.profile.args.path",
            (
                "parse json path error: a..b. Accept letters, digits, underscore (_) or hyphen (-) only. "
                'Use quotes enclosed in bracket (["..."]) if there is any special character'
            ),
        ),
        (
            "{ author(distinct_on: [id, name], order_by: {id: asc}) { id } }",
            "$.selectionSet.author.args",
            '"distinct_on" columns must match initial "order_by" columns',
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
        ("{ author(limit: $n) { id } }", "$", 'unbound variable "n"'),
        (
            "query ($o: author_order_by) { author(order_by: $o) { id } }",
            "$.selectionSet.author.args.order_by",
            "variable 'o' is declared as 'author_order_by', but used where '[author_order_by!]' is expected",
        ),
        (
            "query ($yes: Boolean) { author { id @include(if: $yes) } }",
            "$.selectionSet.author.selectionSet.include.args.if",
            "variable 'yes' is declared as 'Boolean', but used where 'Boolean!' is expected",
        ),
        (
            "query ($n: Int) { author(where: {id: {_eq: $n}}) { id } }",
            "$.selectionSet.author.args.where.id._eq",
            "unexpected null value for type 'Int'",
        ),
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
    ("query", "variables", "path", "message"),
    [
        (
            "query ($n: Int) { author(limit: $n) { id } }",
            {"n": -1},
            "$.selectionSet.author.args.limit",
            "expected a non-negative 32-bit integer for type 'Int', but found a number",
        ),
        ("query ($n: Int) { author { id } }", {"n": 1}, "$", "unexpected variables in variableValues: n"),
        (
            "query ($w: author_bool_exp) { author(where: $w) { id } }",
            {"w": {"_or": None}},
            "$.selectionSet.author.args.where._or",
            "expected a list, but found null",
        ),
        (
            "query ($w: author_bool_exp) { author(where: $w) { id } }",
            {"w": {"a b": 1}},
            "$.selectionSet.author.args.where",
            'variable value contains object with key "a b", which is not a legal GraphQL name',
        ),
    ],
)
def test_variables_that_do_not_fit(
    blog: Engine, query: str, variables: dict[str, object], path: str, message: str
) -> None:
    assert blog.error(query, variables) == ("validation-failed", path, message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "{ author { ...a } } fragment a on author { id } fragment a on author { name }",
            'multiple definitions for fragment "a"',
        ),
        (
            "query ($n: Int, $n: Int) { author(limit: $n) { id } }",
            'multiple definitions for variable "n"',
        ),
        (
            "{ author(limit: 2147483648) { id } }",
            (
                "The value 2.147483648e9 lies outside the bounds or is not an integer. "
                "Maybe it is a float, or is there integer overflow?"
            ),
        ),
    ],
)
def test_what_is_defined_twice_or_out_of_bounds_fails_to_parse(blog: Engine, query: str, message: str) -> None:
    code, _, found = blog.error(query)
    assert (code, found) == ("parse-failed", message)


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("query a { author { id } }", "b", 'no such operation found in the document: "b"'),
        (
            "# short\n{ author { id } } query b { author { id } }",
            "b",
            "operationName cannot be used when an anonymous operation exists in the document",
        ),
        (
            "fragment f on author { id }",
            None,
            "exactly one operation has to be present in the document when operationName is not specified",
        ),
    ],
)
def test_a_name_that_chooses_no_operation(blog: Engine, query: str, name: str | None, message: str) -> None:
    answer = blog.post("/v1/graphql", {"query": query, "operationName": name}).json()
    assert answer["errors"][0]["message"] == message


def test_postgresql_refuses_a_negative_offset(blog: Engine) -> None:
    assert blog.error("{ author(offset: -1) { id } }") == ("data-exception", "$", "OFFSET must not be negative")


def test_null_means_no_condition_order_or_bound(blog: Engine) -> None:
    query = "{ author(where: null, order_by: null, limit: null, offset: null, distinct_on: null) { id } }"
    assert len(blog.data(query)["author"]) == 3
    unset = "query ($w: author_bool_exp, $n: Int) { author(where: $w, limit: $n) { id } }"
    assert len(blog.data(unset)["author"]) == 3


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
    assert answer["errors"][0]["extensions"]["code"] == "invalid-json"


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

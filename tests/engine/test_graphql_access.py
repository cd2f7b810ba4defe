"""Ways to ask besides a plain query: the allow list, REST endpoints, explain, and the settings that change answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.conftest import METADATA, ROWS, TABLES, Engine, start_engine, stop_engine

FUNCTIONS = """
create function authors(int, int default 2) returns setof author language sql stable as
  'select * from author where id in ($1, $2) order by id';
create function titled(word text, at_least integer default 0) returns setof article language sql stable as
  $$select * from article where title ilike word || '%' and likes >= at_least order by id$$;
create function labelled(row_ author, sign text) returns text language sql stable as 'select row_.name || sign';
"""
QUERIES = [
    {"name": "names", "query": "query names { author(order_by: {id: asc}) { name __typename } }"},
    {
        "name": "one",
        "query": "query ($id: Int!, $full: Boolean = false) { author_by_pk(id: $id) { name id @include(if: $full) } }",
    },
    {"name": "some", "query": "query ($ids: [Int!]) { author(where: {id: {_in: $ids}}, order_by: {id: asc}) { id } }"},
]


@pytest.fixture(scope="module")
def guarded(module_database: str) -> Iterator[Engine]:
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_ENABLE_ALLOWLIST="true",
        HASURA_GRAPHQL_V1_BOOLEAN_NULL_COLLAPSE="true",
        HASURA_GRAPHQL_NO_NULL_UNBOUND_VARIABLE_DEFAULT="true",
        HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS="false",
    )
    engine.sql(TABLES + FUNCTIONS)
    for kind, args in METADATA:
        engine.metadata(kind, args)
    engine.metadata("pg_track_function", {"function": "authors"})
    engine.metadata("pg_track_function", {"function": "titled"})
    engine.metadata(
        "pg_add_computed_field", {"table": "author", "name": "labelled", "definition": {"function": "labelled"}}
    )
    engine.metadata("create_query_collection", {"name": "ours", "definition": {"queries": QUERIES}})
    engine.metadata("add_collection_to_allowlist", {"collection": "ours"})
    for name, url, methods in (("one", "authors/:id", ["GET", "POST"]), ("some", "authors", ["GET"])):
        definition = {"query": {"collection_name": "ours", "query_name": name}}
        engine.metadata(
            "create_rest_endpoint", {"name": name, "url": url, "methods": methods, "definition": definition}
        )
    engine.sql(ROWS, check_metadata_consistency=False)
    yield engine
    assert "Traceback" not in stop_engine(engine)


def test_a_role_runs_what_is_on_the_allow_list_whatever_its_layout(guarded: Engine) -> None:
    query = "query names {\n  author(order_by: {id: asc}) { __typename name } # all\n}"
    assert len(guarded.data(query, x_hasura_role="user")["author"]) == 3
    error = guarded.error("{ author { name } }", x_hasura_role="user")
    assert error == ("validation-failed", "$", "query is not allowed")
    assert guarded.data("{ author(limit: 1) { id } }") == {"author": [{"id": 1}]}


def test_null_collapses_where_the_setting_says_so(guarded: Engine) -> None:
    assert len(guarded.data("{ author(where: {id: {_eq: null}}) { id } }")["author"]) == 3


def test_a_variable_without_a_value_is_as_if_it_were_not_there_where_the_setting_says_so(guarded: Engine) -> None:
    query = "query ($name: String, $id: Int) { author(where: {name: {_eq: $name}, id: {_in: [1, $id]}}) { id } }"
    assert guarded.data(query) == {"author": [{"id": 1}]}


@pytest.mark.parametrize(
    ("method", "path", "status", "answer"),
    [
        ("GET", "authors/1", 200, {"author_by_pk": {"name": "Ada"}}),
        ("GET", "authors/1?full", 200, {"author_by_pk": {"name": "Ada", "id": 1}}),
        ("GET", "authors/1?full=false", 200, {"author_by_pk": {"name": "Ada"}}),
        ("GET", "authors", 200, {"author": [{"id": 1}, {"id": 2}, {"id": 3}]}),
        ("GET", "authors/1?other=2", 400, "Unexpected variable other"),
        ("PUT", "authors/1", 405, "Allowed methods: GET, POST"),
        ("GET", "nothing/1", 404, "Endpoint not found"),
        (
            "GET",
            "authors?ids=1",
            400,
            'List variables are not currently supported in URL or Query parameters. (Variable ids, with value "1")',
        ),
    ],
)
def test_rest_endpoints_run_stored_queries(
    guarded: Engine, method: str, path: str, status: int, answer: object
) -> None:
    found = guarded.client.request(method, f"/api/rest/{path}")
    assert found.status_code == status
    assert (found.json() if status == 200 else found.json()["error"]) == answer


def test_a_rest_endpoint_takes_variables_from_the_body_and_the_role_from_the_headers(guarded: Engine) -> None:
    found = guarded.post("/api/rest/authors/2", {"full": True}, x_hasura_role="user")
    assert found.json() == {"author_by_pk": {"name": "Bob", "id": 2}}
    refused = guarded.post("/api/rest/authors/2", {"full": True}, x_hasura_role="nobody")
    assert (refused.status_code, refused.json()["code"]) == (400, "validation-failed")


def test_explain_shows_sql_and_plan_of_each_root_field(guarded: Engine) -> None:
    query = "query ($name: String) { a: author(where: {name: {_eq: $name}}) { id } __typename }"
    body = {"query": {"query": query, "variables": {"name": "it's"}}, "user": {"X-Hasura-Role": "user"}}
    of_rows, of_typename = guarded.post("/v1/graphql/explain", body).json()
    assert of_rows["field"] == "a"
    assert "it''s" in of_rows["sql"]
    assert any("author" in line for line in of_rows["plan"])
    assert of_typename == {"field": "__typename", "sql": None, "plan": None}


def test_explain_is_for_admins_and_for_queries(guarded: Engine) -> None:
    body = {"query": {"query": "mutation { delete_author(where: {}) { affected_rows } }"}}
    refused = guarded.post("/v1/graphql/explain", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid-params")
    assert guarded.post("/v1/graphql/explain", body, x_hasura_role="user").json()["code"] == "access-denied"


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("authors(args: {arg_1: 1}) { id }", [1, 2]),
        ("authors(args: {arg_1: 1, arg_2: 3}) { id }", [1, 3]),
        ('authors: titled(args: {word: "e"}) { id }', [1]),
        ('authors: titled(args: {word: "", at_least: 5}, where: {id: {_gt: 1}}) { id }', [3]),
    ],
)
def test_functions_take_arguments_with_and_without_names(guarded: Engine, field: str, found: list[int]) -> None:
    assert [row["id"] for row in guarded.data(f"{{ {field} }}")["authors"]] == found


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("{ titled(args: {}) { id } }", "$.selectionSet.titled.args.args"),
        ("{ authors(args: {arg_2: 1}) { id } }", "$.selectionSet.authors.args.args"),
        ("{ author { labelled(args: {}) } }", "$.selectionSet.author.selectionSet.labelled.args.args"),
    ],
)
def test_an_argument_without_a_default_must_be_given(guarded: Engine, query: str, path: str) -> None:
    assert guarded.error(query) == ("not-supported", path, "Non default arguments cannot be omitted")


def test_a_function_needs_a_permission_of_its_own_where_none_is_inferred(guarded: Engine) -> None:
    guarded.metadata("drop_collection_from_allowlist", {"collection": "ours"})
    query = {"name": "f", "query": '{ titled(args: {word: "e"}) { id } }'}
    guarded.metadata("create_query_collection", {"name": "functions", "definition": {"queries": [query]}})
    guarded.metadata("add_collection_to_allowlist", {"collection": "functions"})
    refused = guarded.error(query["query"], x_hasura_role="user", x_hasura_user_id="1")
    assert refused[2] == "field 'titled' not found in type: 'query_root'"
    guarded.metadata("pg_create_function_permission", {"function": "titled", "role": "user"})
    found = guarded.data(query["query"], x_hasura_role="user", x_hasura_user_id="1")
    assert found == {"titled": [{"id": 1}]}

"""Web services that check the input of mutations, behind a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.engine.web_hook import Hook, serving

ROLE = {"x_hasura_role": "writer", "x_hasura_user_id": "7", "x_trace": "abc"}
PERMISSIONS = {
    ("author", "select"): {"columns": "*", "filter": {}},
    ("article", "select"): {"columns": "*", "filter": {}},
    ("author", "insert"): {"columns": "*", "check": {}},
    ("article", "insert"): {"columns": "*", "check": {}, "set": {"likes": 1}},
    ("article", "update"): {"columns": "*", "filter": {}},
    ("article", "delete"): {"filter": {}},
}
SERVER_PORT = {"name": "X-Port", "value_from_env": "HASURA_GRAPHQL_SERVER_PORT"}


@pytest.fixture(scope="module")
def module_hook() -> Iterator[Hook]:
    with serving({}) as hook:
        yield hook


@pytest.fixture(scope="module")
def checked_engine(blog_engine: Engine, module_hook: Hook) -> Engine:
    definition = {"url": module_hook.url, "headers": [{"name": "X-Key", "value": "k"}, SERVER_PORT]}
    check = {"type": "http", "definition": {**definition, "forward_client_headers": True, "timeout": 5}}
    for (table, kind), permission in PERMISSIONS.items():
        full = permission if kind == "select" else {**permission, "validate_input": check}
        args = {"table": table, "role": "writer", "permission": full}
        blog_engine.metadata(f"pg_create_{kind}_permission", args)
    return blog_engine


@pytest.fixture
def hook(checked_engine: Engine, blog: Engine, module_hook: Hook) -> Hook:
    module_hook.asked.clear()
    module_hook.answer = (200, {})
    return module_hook


def inputs(hook: Hook) -> list[Any]:
    return [body["data"]["input"] for _, _, body in hook.asked]


def test_an_insert_is_asked_about_table_by_table(blog: Engine, hook: Hook) -> None:
    query = """mutation ($articles: [article_insert_input!]!, $name: String!) {
      insert_author_one(object: {id: 9, name: $name, articles: {data: $articles}}) { name articles { likes } }
    }"""
    for name in ("Ida", "Jan"):
        blog.sql("delete from article where author_id = 9; delete from author where id = 9")
        found = blog.data(query, {"name": name, "articles": [{"title": name}]}, **ROLE)
        assert found == {"insert_author_one": {"name": name, "articles": [{"likes": 1}]}}
    asked = [[{"id": 9, "name": name, "articles": {"data": [{"title": name}]}}] for name in ("Ida", "Jan")]
    assert inputs(hook) == [asked[0], [{"title": "Ida"}], asked[1], [{"title": "Jan"}]]


def test_the_hook_learns_who_asks(blog: Engine, hook: Hook) -> None:
    blog.data("mutation { delete_article_by_pk(id: 99) { id } }", **ROLE)
    ((method, headers, body),) = hook.asked
    assert (method, headers["x-key"], headers["x-trace"]) == ("POST", "k", "abc")
    assert headers["x-port"] == blog.url.rpartition(":")[2]
    assert {**body, "data": None} == {
        "version": 1,
        "role": "writer",
        "session_variables": {"x-hasura-role": "writer", "x-hasura-user-id": "7"},
        "data": None,
    }


def test_updates_and_deletes_are_asked_about_with_their_arguments(blog: Engine, hook: Hook) -> None:
    where = {"id": {"_eq": 99}}
    update = "where: {id: {_eq: 99}}, _set: {title: $title}"
    query = f"""mutation ($title: String!, $where: article_bool_exp!) {{
      update_article({update}) {{ affected_rows }}
      update_article_by_pk(pk_columns: {{id: 99}}, _inc: {{likes: 2}}) {{ id }}
      update_article_many(updates: [{{{update}}}]) {{ affected_rows }}
      delete_article(where: $where) {{ affected_rows }}
      delete_article_by_pk(id: 99) {{ id }}
    }}"""
    blog.data(query, {"title": "T", "where": where}, **ROLE)
    updated = {"where": where, "_set": {"title": "T"}}
    assert inputs(hook) == [
        [updated],
        [{"pk_columns": {"id": 99}, "_inc": {"likes": 2}}],
        [updated],
        [{"where": where}],
        [{"pk_columns": {"id": 99}}],
    ]


def test_what_the_hook_refuses_is_not_done(blog: Engine, hook: Hook) -> None:
    query = "mutation { delete_article(where: {}) { affected_rows } }"
    hook.answer = (400, {"message": "not today"})
    assert blog.error(query, **ROLE) == ("validation-failed", "$", "not today")
    for answer, message in (
        ((500, {}), "internal error when validating input data"),
        ((400, b"no JSON"), "received invalid response from input validation webhook"),
    ):
        hook.answer = answer
        assert blog.error(query, **ROLE) == ("unexpected", "$", message)
    assert blog.data("{ article_aggregate { aggregate { count } } }")["article_aggregate"]["aggregate"]["count"] == 3


def test_an_admin_is_not_checked(blog: Engine, hook: Hook) -> None:
    blog.data("mutation { delete_article(where: {id: {_eq: 99}}) { affected_rows } }")
    assert hook.asked == []


def test_a_malformed_hook_is_refused_where_it_stands(blog: Engine, hook: Hook) -> None:
    permission = {"filter": {}, "validate_input": {"type": "http", "definition": {}}}
    args = {"table": "author", "role": "x", "permission": permission}
    answer = blog.post("/v1/metadata", {"type": "pg_create_delete_permission", "args": args})
    assert (answer.status_code, answer.json()["path"]) == (400, "$.args.permission.validate_input.definition")

"""Requests to /v1/metadata, /v1/query and /v2/query: alone and in bulk, whole or not at all."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Engine


def tables(blog: Engine) -> set[str]:
    found = blog.sql("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")
    return {row[0] for row in found["result"][1:]}


def tracked(blog: Engine) -> set[str]:
    (source,) = blog.metadata("export_metadata", {})["sources"]
    return {table["table"]["name"] for table in source["tables"]}


def run(sql: str) -> dict[str, object]:
    return {"type": "run_sql", "args": {"sql": sql}}


def test_rows_come_as_text(blog: Engine) -> None:
    found = blog.sql("select 1 as a, null as b, array[1, 2] as c, 'x\"y' as d, true as e, '2020-01-01'::date as f")
    assert found == {
        "result_type": "TuplesOk",
        "result": [["a", "b", "c", "d", "e", "f"], ["1", None, "{1,2}", 'x"y', "t", "2020-01-01"]],
    }


@pytest.mark.parametrize("sql", ["", "-- nothing", "set local work_mem = '5MB'", "update author set rating = 1"])
def test_what_gives_no_rows_is_a_command(blog: Engine, sql: str) -> None:
    assert blog.sql(sql) == {"result_type": "CommandOk", "result": None}


def test_the_last_statement_of_a_script_answers(blog: Engine) -> None:
    found = blog.sql("create temp table x (a int); insert into x values (1), (2); select count(*) from x;")
    assert found["result"] == [["count"], ["2"]]


def test_settings_do_not_outlast_their_script(blog: Engine) -> None:
    blog.sql("select set_config('search_path', '', false)")
    assert blog.sql("show search_path")["result"][1] == ['"$user", public']
    assert blog.data("{ author_by_pk(id: 1) { id } }") == {"author_by_pk": {"id": 1}}


def test_sql_that_fails_says_what_postgres_said_and_leaves_nothing(blog: Engine) -> None:
    answer = blog.post("/v2/query", run("create table half (id int); selec 1"))
    assert answer.status_code == 400
    body = answer.json()
    assert (body["code"], body["path"], body["error"]) == ("postgres-error", "$.args", "query execution failed")
    assert body["internal"]["error"]["message"] == 'syntax error at or near "selec"'
    assert "half" not in tables(blog)


def test_read_only_sql_can_not_write(blog: Engine) -> None:
    answer = blog.post("/v2/query", {"type": "run_sql", "args": {"sql": "delete from author", "read_only": True}})
    assert answer.json()["internal"]["error"]["status_code"] == "25006"
    assert len(blog.data("{ author { id } }")["author"]) == 3


def test_a_bulk_happens_whole_or_not_at_all(blog: Engine) -> None:
    bulk = [
        run("create table b1 (id int primary key)"),
        {"type": "track_table", "args": {"name": "b1"}},
        {"type": "track_table", "args": {"name": "missing"}},
    ]
    answer = blog.post("/v1/query", {"type": "bulk", "args": bulk})
    assert answer.status_code == 400
    assert answer.json()["path"].startswith("$.args[2]")
    assert "b1" not in tables(blog) | tracked(blog)


def test_a_bulk_that_keeps_going_undoes_only_what_fails(blog: Engine) -> None:
    bulk = [
        run("create table b2 (id int primary key)"),
        run("create table b3 (id int); selec 1"),
        {"type": "track_table", "args": {"name": "b2"}},
    ]
    first, second, third = blog.metadata("bulk_keep_going", bulk, "/v1/query")
    assert (first["result_type"], second["code"], third["message"]) == ("CommandOk", "postgres-error", "success")
    assert "b2" in tables(blog) & tracked(blog)
    assert "b3" not in tables(blog)
    blog.sql("drop table b2", cascade=True)


def test_ddl_is_seen_at_once(blog: Engine) -> None:
    blog.sql("alter table author add column motto text default 'on'")
    try:
        assert blog.data("{ author_by_pk(id: 1) { motto } }") == {"author_by_pk": {"motto": "on"}}
    finally:
        blog.sql("alter table author drop column motto")
    assert blog.error("{ author { motto } }")[2] == "field 'motto' not found in type: 'author'"


def test_what_the_metadata_needs_is_not_dropped_by_accident(blog: Engine) -> None:
    answer = blog.post("/v2/query", run("drop table article"))
    assert (answer.status_code, answer.json()["code"]) == (400, "dependency-error")
    assert "article" in tables(blog)


def test_the_old_queries_answer(blog: Engine) -> None:
    columns = ["name", {"name": "articles", "columns": ["title"], "order_by": "-title"}]
    args = {"table": "author", "columns": columns, "where": {"id": {"$lt": 3}}, "order_by": ["+id"]}
    assert blog.metadata("select", args, "/v1/query") == [
        {"name": "Ada", "articles": [{"title": "Notes"}, {"title": "Engines"}]},
        {"name": "Bob", "articles": [{"title": "Bread"}]},
    ]
    assert blog.metadata("count", {"table": "article", "where": {"published": True}}, "/v1/query") == {"count": 2}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$"),
        ([], "$"),
        ({"type": 1}, "$.type"),
        ({"type": "nothing"}, "$"),
        ({"type": "bulk", "args": 1}, "$.args"),
    ],
)
def test_a_request_that_is_none_is_refused(blog: Engine, body: object, path: str) -> None:
    answer = blog.post("/v1/metadata", body)
    assert (answer.status_code, answer.json()["code"], answer.json()["path"]) == (400, "parse-failed", path)

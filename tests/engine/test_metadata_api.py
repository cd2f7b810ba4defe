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
        "result": [["a", "b", "c", "d", "e", "f"], ["1", "NULL", "{1,2}", 'x"y', "t", "2020-01-01"]],
    }


@pytest.mark.parametrize("sql", ["select 1 as a -- one", "select 1 as a; -- one", "select 1 as a /* one */;\n-- two\n"])
def test_a_comment_at_the_end_is_no_statement(blog: Engine, sql: str) -> None:
    assert blog.sql(sql)["result"] == [["a"], ["1"]]


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


def test_a_commit_that_fails_leaves_the_metadata_as_it_was(blog: Engine) -> None:
    before = blog.post("/v1/metadata", {"type": "export_metadata", "version": 2, "args": {}}).json()
    deferred = "create table d (id int primary key, up int references d deferrable initially deferred)"
    body = [run(f"{deferred}; insert into d values (1, 2)"), {"type": "track_table", "args": "d"}]
    answer = blog.post("/v1/query", {"type": "bulk", "args": body})
    assert (answer.status_code, answer.json()["code"]) == (400, "constraint-violation")
    assert blog.post("/v1/metadata", {"type": "export_metadata", "version": 2, "args": {}}).json() == before
    assert blog.error("{ d { id } }")[2] == "field 'd' not found in type: 'query_root'"


def test_a_script_that_drops_hdb_catalog_is_refused_and_the_engine_goes_on(blog: Engine) -> None:
    answer = blog.post("/v2/query", run("drop schema hdb_catalog cascade"))
    assert answer.status_code == 500
    assert blog.metadata("reload_metadata", {})["is_consistent"] is True


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


def test_a_bulk_that_is_atomic_need_be_consistent_at_its_end_only(blog: Engine) -> None:
    blog.sql("create table atom (id int primary key, up int references atom)")
    relation = {"table": "atom", "name": "parent", "using": {"foreign_key_constraint_on": "up"}}
    permission = {"table": "atom", "role": "user", "permission": {"columns": "*", "filter": {"parent": {"id": 1}}}}
    track = {"type": "pg_track_table", "args": {"table": "atom"}}
    permit = {"type": "pg_create_select_permission", "args": permission}
    relate = {"type": "pg_create_object_relationship", "args": relation}
    assert blog.metadata("bulk_atomic", [track, permit, relate]) == {"message": "success"}
    assert blog.data("{ atom { id } }", x_hasura_role="user") == {"atom": []}
    untracked = {"type": "pg_untrack_table", "args": {"table": "atom"}}
    failed = blog.post("/v1/metadata", {"type": "bulk_atomic", "args": [untracked, {"type": "nope", "args": {}}]})
    assert (failed.status_code, failed.json()["path"]) == (400, "$.args[1]")
    assert blog.data("{ atom { id } }", x_hasura_role="user") == {"atom": []}
    blog.sql("drop table atom", cascade=True)


def test_a_concurrent_bulk_only_reads(blog: Engine) -> None:
    counted = blog.metadata("concurrent_bulk", [run("select count(*) from author")], "/v2/query")
    assert counted[0]["result"] == [["count"], ["3"]]
    refused = blog.post("/v2/query", {"type": "concurrent_bulk", "args": [run("create table no (id int)")]})
    assert (refused.status_code, refused.json()["error"]) == (
        500,
        "Only read-only queries are allowed in a concurrent_bulk",
    )


def test_v2_query_takes_sql_and_data_only(blog: Engine) -> None:
    assert blog.metadata("count", {"table": "author"}, "/v2/query") == {"count": 3}
    answer = blog.post("/v2/query", {"type": "track_table", "args": "author"})
    assert answer.json() == {
        "error": '/v2/query has no command "track_table": it takes SQL and data, /v1/metadata takes the rest',
        "path": "$",
        "code": "parse-failed",
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"reload_sources": ["no"]}, 'Source with name "no" not found in metadata'),
        ({"reload_remote_schemas": ["no"]}, 'Remote schema with name "no" not found in metadata'),
    ],
)
def test_what_is_reloaded_by_name_must_be_there(blog: Engine, args: dict[str, object], message: str) -> None:
    answer = blog.post("/v1/metadata", {"type": "reload_metadata", "args": args})
    assert (answer.status_code, answer.json()["error"]) == (400, message)


def test_foreign_keys_suggest_relationships(blog: Engine) -> None:
    author, article = ({"name": name, "schema": "public"} for name in ("author", "article"))
    key = {"table": article, "columns": ["author_id"], "constraint_name": "article_author_id_fkey"}
    target = {"table": author, "columns": ["id"]}
    suggested = blog.metadata("pg_suggest_relationships", {})["relationships"]
    assert suggested == [
        {"type": "object", "from": key, "to": target},
        {"type": "array", "from": target, "to": key},
    ]
    assert blog.metadata("pg_suggest_relationships", {"omit_tracked": True}) == {"relationships": []}
    assert blog.metadata("pg_suggest_relationships", {"tables": ["author"]}) == {"relationships": []}


def test_a_function_is_permitted_to_who_may_read_its_rows(blog: Engine) -> None:
    blog.sql("create function recent() returns setof article language sql stable as 'select * from article'")
    blog.metadata("pg_track_function", {"function": "recent"})
    body = {"type": "pg_create_function_permission", "args": {"function": "recent", "role": "nobody"}}
    assert blog.post("/v1/metadata", body).json() == {
        "code": "not-supported",
        "path": "$.args",
        "error": 'function permission can only be added when the function\'s return table "article" '
        'has select permission configured for role: "nobody"',
    }
    blog.metadata("pg_create_function_permission", {"function": "recent", "role": "user"})
    blog.sql("drop function recent", cascade=True)

"""The old queries of /v1/query: what they answer, what they refuse, and where they say it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.conftest import Engine

TITLES = {"table": "article", "columns": ["title"]}


def ask(blog: Engine, kind: str, args: dict[str, Any], **headers: str) -> Any:
    answer = blog.post("/v1/query", {"type": kind, "args": args}, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(blog: Engine, kind: str, args: Any, **headers: str) -> tuple[str, str, str]:
    answer = blog.post("/v1/query", {"type": kind, "args": args}, **headers)
    assert answer.status_code == 400, answer.text
    error = answer.json()
    return error["code"], error["path"], error["error"]


USER = {"x_hasura_role": "user", "x_hasura_user_id": "1"}


def test_stars_add_what_is_not_named(blog: Engine) -> None:
    author = {"name": "author", "columns": ["name"]}
    first = ask(blog, "select", {"table": "article", "columns": ["likes", author, "*"], "where": {"id": 1}})[0]
    assert list(first) == ["likes", "author", "id", "title", "published", "author_id"]
    nested = ask(blog, "select", {"table": "article", "columns": ["*.*"], "where": {"id": 1}}, **USER)[0]
    assert nested["author"] == {"id": 1, "name": "Ada"}


@pytest.mark.parametrize(
    "order",
    [
        "-author.name",
        ["-author.name"],
        {"column": "author.name", "type": "desc"},
        [{"column": {"name": "author", "column": "name"}, "type": "desc", "nulls": "last"}],
    ],
)
def test_an_order_has_many_forms(blog: Engine, order: Any) -> None:
    assert ask(blog, "select", {**TITLES, "order_by": order, "limit": 1}) == [{"title": "Bread"}]


def test_a_count_ignores_the_roles_limit(blog: Engine) -> None:
    assert ask(blog, "count", {"table": "article"}, **USER) == {"count": 3}
    assert ask(blog, "count", {"table": "article", "distinct": ["author_id"]}) == {"count": 2}


def test_an_insert_may_replace_what_is_in_its_way(blog: Engine) -> None:
    row = {"id": 1, "name": "Eve"}
    for conflict in ({"constraint": "author_pkey"}, {"constraint_on": ["id"]}, {"constraint_on": "id"}):
        args = {"table": "author", "objects": [row], "on_conflict": {"action": "update", **conflict}}
        found = ask(blog, "insert", {**args, "returning": ["name", "rating"]})
        assert found == {"affected_rows": 1, "returning": [{"name": "Eve", "rating": 4.5}]}
    ignoring = {"table": "author", "objects": [row], "on_conflict": {"action": "ignore"}}
    assert ask(blog, "insert", ignoring) == {"affected_rows": 0}


def test_each_operator_of_an_update_changes_its_columns(blog: Engine) -> None:
    def likes(**change: Any) -> int:
        args = {"table": "article", "where": {"id": 1}, "returning": ["likes"]}
        args.update({f"${name}": value for name, value in change.items()})
        return int(ask(blog, "update", args)["returning"][0]["likes"])

    assert [likes(set={"likes": 5}), likes(inc={"likes": 2}), likes(mul={"likes": 3}), likes(default=["likes"])] == [
        5,
        7,
        21,
        0,
    ]
    assert ask(blog, "update", {"table": "article", "values": {"title": "T"}, "where": {"id": 1}})["affected_rows"] == 1


def test_a_bulk_sees_what_it_did_and_happens_whole(blog: Engine) -> None:
    insert = {"type": "insert", "args": {"table": "author", "objects": [{"id": 9, "name": "Ida"}]}}
    count = {"type": "count", "args": {"table": "author"}}
    answer = blog.post("/v1/query", {"type": "bulk", "args": [insert, count]})
    assert answer.json()[1] == {"count": 4}
    again = {"type": "insert", "args": {"table": "author", "objects": [{"id": 10, "name": "Jan"}]}}
    assert blog.post("/v1/query", {"type": "bulk", "args": [again, insert]}).status_code == 400
    assert ask(blog, "count", {"table": "author"}) == {"count": 4}


@pytest.mark.parametrize(
    ("kind", "args", "refused"),
    [
        ("select", {"table": "article"}, ("parse-failed", "$", "the key 'columns' was not present")),
        ("select", {"columns": []}, ("parse-failed", "$", 'key "table" not found')),
        (
            "select",
            {**TITLES, "limit": "1"},
            ("parse-failed", "$.limit", "parsing Int failed, expected Number, but encountered String"),
        ),
        ("select", {**TITLES, "offset": -1}, ("not-supported", "$.args.offset", "unexpected negative value")),
        (
            "select",
            {"table": "article", "columns": ["id", "nope"]},
            ("permission-denied", "$.args.columns[1]", 'no such column exists: "nope"'),
        ),
        (
            "select",
            {"table": "article", "columns": [{"name": "nope", "columns": ["id"]}]},
            ("not-exists", "$.args.columns[0].name", 'relationship "nope" does not exist'),
        ),
        (
            "select",
            {**TITLES, "order_by": ["title", "author"]},
            ("unexpected-payload", "$.args.order_by[1]", '"author" is a relationship and should be expanded'),
        ),
        (
            "select",
            {**TITLES, "order_by": "nope"},
            ("not-exists", "$.args.order_by[0]", '"nope" does not exist'),
        ),
        (
            "select",
            {**TITLES, "where": {"title": {"$foo": 1}}},
            ("unexpected-payload", '$.args.where.title["$foo"]', "Unknown operator: $foo"),
        ),
        ("count", {"table": "nope"}, ("not-exists", "$.args", 'table "nope" does not exist')),
        (
            "insert",
            {"table": "author", "objects": []},
            ("unexpected-payload", "$.args.objects", "objects should not be empty"),
        ),
        (
            "insert",
            {"table": "author", "objects": [{"nope": 1}]},
            ("not-exists", "$.args.objects[0]", 'column "nope" does not exist'),
        ),
        (
            "insert",
            {"table": "author", "objects": [{"name": 1}]},
            (
                "parse-failed",
                "$.args.objects[0].name",
                "parsing Text failed, expected String, but encountered Number",
            ),
        ),
        (
            "insert",
            {"table": "author", "objects": [{"id": 1}], "on_conflict": {"action": "random"}},
            ("parse-failed", "$.on_conflict.action", "Expecting 'ignore' or 'update'"),
        ),
        (
            "insert",
            {"table": "author", "objects": [{"id": 1}], "on_conflict": {"action": "update"}},
            (
                "unexpected-payload",
                "$.args.on_conflict",
                "Expecting 'constraint' or 'constraint_on' when the 'action' is 'update'",
            ),
        ),
        (
            "insert",
            {"table": "author", "objects": [{"id": 1}], "on_conflict": {"action": "ignore", "constraint": "x"}},
            (
                "unexpected",
                "$.args.on_conflict.constraint",
                'constraint "x" for table "author" does not exist',
            ),
        ),
        (
            "insert",
            {
                "table": "author",
                "objects": [{"id": 1, "name": "x"}],
                "on_conflict": {"action": "update", "constraint_on": ["rating"]},
            },
            ("constraint-error", "$.args", "there is no unique or exclusion constraint on target column(s)"),
        ),
        (
            "insert",
            {"table": "author", "objects": [{"id": 1}], "returning": ["articles"]},
            ("permission-denied", "$.args.returning", 'no such column exists: "articles"'),
        ),
        (
            "update",
            {"table": "author", "where": {}},
            ("unexpected-payload", "$.args", "atleast one of $set, $inc, $mul has to be present"),
        ),
        ("update", {"table": "author", "$set": {}}, ("parse-failed", "$", 'key "where" not found')),
        ("delete", {"table": "author"}, ("parse-failed", "$", 'key "where" not found')),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    blog: Engine, kind: str, args: Any, refused: tuple[str, str, str]
) -> None:
    assert refusal(blog, kind, args) == refused


def test_a_role_is_told_what_it_lacks(blog: Engine) -> None:
    denied = "permission-denied"
    assert refusal(blog, "select", {"table": "author", "columns": ["id", "rating"]}, **USER) == (
        denied,
        "$.args.columns[1]",
        'role "user" does not have permission to select column "rating"',
    )
    assert refusal(blog, "count", {"table": "author", "distinct": ["born"]}, **USER)[2] == (
        'role "user" does not have permission to select column "born"'
    )
    assert refusal(blog, "select", TITLES, x_hasura_role="backend") == (
        denied,
        "$.args",
        'select on "article" for role "backend" is not allowed. ',
    )
    assert refusal(blog, "select", TITLES, x_hasura_role="user") == (
        "not-found",
        "$.args",
        "x-hasura-user-id header is expected but not found",
    )
    row = {"table": "author", "objects": [{"id": 7, "name": "G"}], "returning": ["id"]}
    backend = {"x_hasura_role": "backend", "x_hasura_use_backend_only_permissions": "true"}
    assert refusal(blog, "insert", row, **backend)[2].endswith(
        '"returning" can only be used if the role has "select" permission on the table'
    )
    upsert = {"table": "author", "objects": [{"id": 7, "name": "G"}], "on_conflict": {"action": "ignore"}}
    assert refusal(blog, "insert", upsert, **backend) == (
        denied,
        "$.args.on_conflict",
        'upsert is not allowed for role "backend" since update permissions are not defined',
    )
    preset = {"table": "article", "objects": [{"title": "T", "author_id": 2}]}
    assert refusal(blog, "insert", preset, **USER) == (
        "not-supported",
        "$.args.objects[0]",
        'column "author_id" is not insertable for role "user"',
    )
    key = {
        "table": "article",
        "objects": [{"id": 1, "title": "T"}],
        "on_conflict": {"action": "update", "constraint": "article_pkey"},
    }
    assert refusal(blog, "insert", key, **USER) == (
        "validation-failed",
        "$.args.on_conflict",
        'column "id" is not updatable',
    )

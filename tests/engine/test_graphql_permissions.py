"""What a role may see and change over HTTP."""

from __future__ import annotations

from tests.engine.conftest import Engine

ADA = {"X_Hasura_Role": "user", "X_Hasura_User_Id": "1"}
BOB = {"X_Hasura_Role": "user", "X_Hasura_User_Id": "2"}


def test_a_filter_uses_session_variables(blog: Engine) -> None:
    query = "{ article(order_by: {id: asc}) { title } }"
    assert [each["title"] for each in blog.data(query, **ADA)["article"]] == ["Engines", "Notes"]
    assert [each["title"] for each in blog.data(query, **BOB)["article"]] == ["Engines", "Bread"]


def test_a_session_variable_that_is_missing_is_named(blog: Engine) -> None:
    error = blog.error("{ article { id } }", X_Hasura_Role="user")
    assert error == ("not-found", "$", 'missing session variable: "x-hasura-user-id"')


def test_a_column_that_is_not_permitted_does_not_exist(blog: Engine) -> None:
    code, path, message = blog.error("{ author { rating } }", **ADA)
    assert (code, path) == ("validation-failed", "$.selectionSet.author.selectionSet.rating")
    assert message == "field 'rating' not found in type: 'author'"
    code, path, _ = blog.error("{ author(where: {rating: {_gt: 1}}) { id } }", **ADA)
    assert (code, path) == ("validation-failed", "$.selectionSet.author.args.where.rating")


def test_a_filter_holds_through_relationships(blog: Engine) -> None:
    query = "{ author(order_by: {id: asc}) { name articles { title } } }"
    found = blog.data(query, **BOB)
    assert found["author"][0] == {"name": "Ada", "articles": [{"title": "Engines"}]}
    hidden = blog.data('{ author(where: {articles: {title: {_eq: "Notes"}}}) { id } }', **BOB)
    assert hidden == {"author": []}


def test_a_limit_counts_for_rows_but_not_for_aggregates(blog: Engine) -> None:
    blog.data('mutation { insert_article(objects: [{title: "n", author_id: 1}]) { affected_rows } }')
    assert len(blog.data("{ article { id } }", **ADA)["article"]) == 2
    assert len(blog.data("{ article(limit: 1) { id } }", **ADA)["article"]) == 1
    found = blog.data("{ article_aggregate { aggregate { count } nodes { id } } }", **ADA)["article_aggregate"]
    assert found["aggregate"]["count"] == 4
    assert len(found["nodes"]) == 2


def test_aggregates_need_to_be_allowed(blog: Engine) -> None:
    code, _, message = blog.error("{ author_aggregate { aggregate { count } } }", **ADA)
    assert (code, message) == ("validation-failed", "field 'author_aggregate' not found in type: 'query_root'")


def test_a_preset_is_set_and_can_not_be_given(blog: Engine) -> None:
    found = blog.data('mutation { insert_article_one(object: {title: "P"}) { author_id } }', **BOB)
    assert found == {"insert_article_one": {"author_id": 2}}
    code, path, _ = blog.error('mutation { insert_article_one(object: {title: "P", author_id: 1}) { id } }', **BOB)
    assert (code, path) == ("validation-failed", "$.selectionSet.insert_article_one.args.object.author_id")


def test_a_failed_check_inserts_nothing(blog: Engine) -> None:
    error = blog.error(
        'mutation { insert_article(objects: [{title: "ok"}, {title: "too many", likes: 100}]) { affected_rows } }',
        **BOB,
    )
    assert error == (
        "permission-error",
        "$.selectionSet.insert_article.args.objects",
        "check constraint of an insert/update permission has failed",
    )
    found = blog.data('{ article_aggregate(where: {title: {_eq: "ok"}}) { aggregate { count } } }')
    assert found["article_aggregate"]["aggregate"]["count"] == 0


def test_update_and_delete_reach_the_filtered_rows_only(blog: Engine) -> None:
    update = "mutation { update_article(where: {}, _set: {likes: 1}) { affected_rows } }"
    assert blog.data(update, **BOB) == {"update_article": {"affected_rows": 1}}
    delete = "mutation { delete_article(where: {}) { affected_rows } }"
    assert blog.data(delete, **BOB) == {"delete_article": {"affected_rows": 1}}
    assert len(blog.data("{ article { id } }")["article"]) == 2


def test_an_update_is_checked_after_it(blog: Engine) -> None:
    code, path, _ = blog.error("mutation { update_article(where: {}, _inc: {likes: 95}) { affected_rows } }", **BOB)
    assert (code, path) == ("permission-error", "$")
    assert blog.data("{ article_by_pk(id: 3) { likes } }") == {"article_by_pk": {"likes": 5}}


def test_the_update_filter_holds_on_conflict(blog: Engine) -> None:
    upsert = """mutation { insert_article(objects: {id: 1, title: "Taken over"},
      on_conflict: {constraint: article_pkey, update_columns: [title]}) { affected_rows } }"""
    assert blog.data(upsert, **BOB) == {"insert_article": {"affected_rows": 0}}
    assert blog.data(upsert, **ADA) == {"insert_article": {"affected_rows": 1}}


def test_a_role_without_permissions_sees_nothing(blog: Engine) -> None:
    assert blog.data("{ no_queries_available }", X_Hasura_Role="nobody") == {"no_queries_available": None}
    error = blog.error("mutation { delete_article(where: {}) { affected_rows } }", X_Hasura_Role="nobody")
    assert error == ("validation-failed", "$", "no mutations exist")


def test_what_is_for_back_ends_needs_to_be_asked_for(blog: Engine) -> None:
    insert = 'mutation { insert_author(objects: {id: 40, name: "Ivy"}) { affected_rows } }'
    assert blog.error(insert, X_Hasura_Role="backend")[2] == "no mutations exist"
    found = blog.data(insert, X_Hasura_Role="backend", X_Hasura_Use_Backend_Only_Permissions="true")
    assert found == {"insert_author": {"affected_rows": 1}}


def test_a_role_sees_its_own_types_only(blog: Engine) -> None:
    query = '{ __type(name: "author") { fields { name } } __schema { mutationType { fields { name } } } }'
    found = blog.data(query, **ADA)
    assert [field["name"] for field in found["__type"]["fields"]] == ["articles", "articles_aggregate", "id", "name"]
    names = {field["name"] for field in found["__schema"]["mutationType"]["fields"]}
    assert "insert_author" not in names
    assert "insert_article_one" in names

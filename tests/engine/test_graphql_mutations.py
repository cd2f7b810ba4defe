"""Mutations over HTTP: what they change, what they show of it, and that they happen whole or not at all."""

from __future__ import annotations

from tests.engine.conftest import Engine

COUNT = "{ article_aggregate { aggregate { count } } author_aggregate { aggregate { count } } }"


def counts(blog: Engine) -> tuple[int, ...]:
    found = blog.data(COUNT)
    return tuple(found[f"{table}_aggregate"]["aggregate"]["count"] for table in ("article", "author"))


def test_insert_shows_the_rows_and_what_is_related(blog: Engine) -> None:
    found = blog.data(
        'mutation { insert_article(objects: [{title: "A", author_id: 2}, {title: "B", author_id: 3, likes: 9}])'
        " { affected_rows returning { title likes author { name articles_aggregate { aggregate { count } } } } } }"
    )
    assert found["insert_article"] == {
        "affected_rows": 2,
        "returning": [
            {"title": "A", "likes": 0, "author": {"name": "Bob", "articles_aggregate": {"aggregate": {"count": 2}}}},
            {"title": "B", "likes": 9, "author": {"name": "Cid", "articles_aggregate": {"aggregate": {"count": 1}}}},
        ],
    }


def test_insert_of_nothing_affects_nothing(blog: Engine) -> None:
    found = blog.data("mutation { insert_article(objects: []) { affected_rows returning { id } } }")
    assert found == {"insert_article": {"affected_rows": 0, "returning": []}}


def test_insert_takes_variables_of_each_type(blog: Engine) -> None:
    row = {
        "id": 7,
        "name": "Dee",
        "rating": 2.5,
        "born": "1999-09-09",
        "big": 2**60,
        "tags": ["a,b", '"', "{}"],
        "profile": {"deep": [1, {"x": None}]},
    }
    query = (
        "mutation ($row: author_insert_input!) { insert_author_one(object: $row)"
        " { id name rating born big tags profile } }"
    )
    assert blog.data(query, {"row": row}) == {"insert_author_one": row}


def test_on_conflict_updates_the_columns_named(blog: Engine) -> None:
    query = """mutation ($name: String!) {
      insert_author_one(object: {id: 1, name: $name, rating: 1},
        on_conflict: {constraint: author_pkey, update_columns: [name]}) { name rating }
    }"""
    assert blog.data(query, {"name": "Eve"}) == {"insert_author_one": {"name": "Eve", "rating": 4.5}}


def test_on_conflict_without_columns_does_nothing(blog: Engine) -> None:
    found = blog.data(
        'mutation { insert_author(objects: {id: 1, name: "Eve"},'
        " on_conflict: {constraint: author_pkey, update_columns: []}) { affected_rows } }"
    )
    assert found == {"insert_author": {"affected_rows": 0}}
    assert blog.data("{ author_by_pk(id: 1) { name } }") == {"author_by_pk": {"name": "Ada"}}


def test_on_conflict_updates_only_where_its_condition_holds(blog: Engine) -> None:
    query = """mutation ($least: numeric!) {
      insert_author(objects: {id: 1, name: "Eve"}, on_conflict:
        {constraint: author_pkey, update_columns: name, where: {rating: {_gt: $least}}}) { affected_rows }
    }"""
    assert blog.data(query, {"least": 9}) == {"insert_author": {"affected_rows": 0}}
    assert blog.data(query, {"least": 1}) == {"insert_author": {"affected_rows": 1}}


def test_a_nested_insert_goes_both_ways(blog: Engine) -> None:
    found = blog.data(
        'mutation { insert_author(objects: {id: 8, name: "Flo", articles: {data: [{title: "X"}, {title: "Y"}]}})'
        " { affected_rows returning { articles(order_by: {title: asc}) { title author_id } } }"
        ' insert_article_one(object: {title: "Z", author: {data: {id: 9, name: "Gus"}}}) { author { name } } }'
    )
    assert found["insert_author"]["affected_rows"] == 3
    assert found["insert_author"]["returning"][0]["articles"] == [
        {"title": "X", "author_id": 8},
        {"title": "Y", "author_id": 8},
    ]
    assert found["insert_article_one"] == {"author": {"name": "Gus"}}


def test_a_nested_insert_that_fails_leaves_nothing(blog: Engine) -> None:
    before = counts(blog)
    code, _, _ = blog.error(
        'mutation { insert_author_one(object: {id: 8, name: "Flo", articles: {data: [{title: "X"}, {likes: 1}]}})'
        " { id } }"
    )
    assert code == "constraint-violation"
    assert counts(blog) == before


def test_update_sets_and_increments(blog: Engine) -> None:
    found = blog.data(
        "mutation { update_article(where: {author_id: {_eq: 1}}, _set: {published: true}, _inc: {likes: 2})"
        " { affected_rows returning { likes published author { name } } } }"
    )
    assert found["update_article"] == {
        "affected_rows": 2,
        "returning": [
            {"likes": 12, "published": True, "author": {"name": "Ada"}},
            {"likes": 5, "published": True, "author": {"name": "Ada"}},
        ],
    }


def test_update_changes_json(blog: Engine) -> None:
    def profile(change: str) -> object:
        found = blog.data(f"mutation {{ update_author_by_pk(pk_columns: {{id: 1}}, {change}) {{ profile }} }}")
        return found["update_author_by_pk"]["profile"]

    assert profile("_append: {profile: {age: 36}}") == {"city": {"name": "London"}, "age": 36}
    assert profile('_delete_key: {profile: "age"}') == {"city": {"name": "London"}}
    assert profile('_delete_at_path: {profile: ["city", "name"]}') == {"city": {}}
    assert profile("_set: {profile: [1, 2]}") == [1, 2]
    assert profile("_prepend: {profile: [0]}") == [0, 1, 2]
    assert profile("_delete_elem: {profile: 1}") == [0, 2]


def test_update_many_answers_each_update(blog: Engine) -> None:
    found = blog.data(
        "mutation { update_article_many(updates: [{where: {id: {_eq: 1}}, _set: {likes: 1}},"
        " {where: {id: {_gt: 1}}, _inc: {likes: 1}}]) { affected_rows } }"
    )
    assert found == {"update_article_many": [{"affected_rows": 1}, {"affected_rows": 2}]}


def test_update_of_a_missing_key_gives_null(blog: Engine) -> None:
    found = blog.data("mutation { update_author_by_pk(pk_columns: {id: 99}, _set: {rating: 1}) { id } }")
    assert found == {"update_author_by_pk": None}


def test_update_needs_something_to_change(blog: Engine) -> None:
    code, path, message = blog.error("mutation { update_article(where: {}) { affected_rows } }")
    assert (code, path) == ("validation-failed", "$.selectionSet.update_article.args")
    assert message == "at least any one of _inc, _set is expected"


def test_delete_shows_what_was_there(blog: Engine) -> None:
    found = blog.data(
        "mutation { delete_article(where: {author_id: {_eq: 1}}) { affected_rows returning { id author { name } } }"
        " delete_article_by_pk(id: 3) { title } }"
    )
    assert found["delete_article"]["affected_rows"] == 2
    assert found["delete_article"]["returning"][0]["author"] == {"name": "Ada"}
    assert found["delete_article_by_pk"] == {"title": "Bread"}


def test_fields_of_one_mutation_happen_together_or_not_at_all(blog: Engine) -> None:
    before = counts(blog)
    code, path, _ = blog.error(
        "mutation { delete_article(where: {}) { affected_rows }"
        ' insert_author_one(object: {id: 1, name: "Dup"}) { id } }'
    )
    assert (code, path) == ("constraint-violation", "$.selectionSet.insert_author_one.args.object")
    assert counts(blog) == before


def test_violations_are_told_apart(blog: Engine) -> None:
    cases = {
        'insert_author_one(object: {id: 1, name: "x"})': "Uniqueness violation. ",
        'insert_article_one(object: {title: "x", author_id: 77})': "Foreign key violation. ",
        "insert_article_one(object: {author_id: 1})": "Not-NULL violation. ",
    }
    for field, words in cases.items():
        code, path, message = blog.error(f"mutation {{ {field} {{ id }} }}")
        assert code == "constraint-violation"
        assert path == f"$.selectionSet.{field.partition('(')[0]}.args.object"
        assert message.startswith(words)


def test_an_insert_may_have_more_rows_than_a_statement_has_parameters(blog: Engine) -> None:
    query = "mutation ($rows: [article_insert_input!]!) { insert_article(objects: $rows) { affected_rows } }"
    rows = [{"title": f"t{number}", "likes": number, "author_id": 1} for number in range(11_000)]
    assert blog.data(query, {"rows": rows}) == {"insert_article": {"affected_rows": 11_000}}
    before = counts(blog)
    assert blog.error(query, {"rows": [*rows, {"title": "x", "author_id": 77}]})[0] == "constraint-violation"
    assert counts(blog) == before


def test_an_update_that_sets_no_column_changes_nothing(blog: Engine) -> None:
    update = (
        "mutation ($set: author_set_input) { update_author(where: {}, _set: $set) { affected_rows returning { id } } }"
    )
    assert blog.data(update, {"set": {}}) == {"update_author": {"affected_rows": 0, "returning": []}}
    by_key = "mutation { update_author_by_pk(pk_columns: {id: 1}, _set: {}) { id articles { id } } }"
    assert blog.data(by_key) == {"update_author_by_pk": None}
    code, path, message = blog.error(update, {"set": None})
    assert (code, path) == ("validation-failed", "$.selectionSet.update_author.args._set")
    assert message == "expected an object for type 'author_set_input', but found null"


def test_a_column_has_one_operator_only(blog: Engine) -> None:
    update = "mutation { update_article(where: {}, _set: {likes: 1}, _inc: {likes: 1}) { affected_rows } }"
    assert blog.error(update) == (
        "validation-failed",
        "$.selectionSet.update_article.args",
        "Column found in multiple operators: ['likes'].",
    )


def test_an_update_of_nothing_many_times_answers_an_empty_list(blog: Engine) -> None:
    assert blog.data("mutation { update_article_many(updates: []) { affected_rows } }") == {"update_article_many": []}


def test_a_path_of_one_step_needs_no_list(blog: Engine) -> None:
    found = blog.data(
        'mutation { update_author_by_pk(pk_columns: {id: 1}, _delete_at_path: {profile: "city"}) { profile } }'
    )
    assert found == {"update_author_by_pk": {"profile": {}}}


def test_null_appended_to_json_makes_it_null(blog: Engine) -> None:
    found = blog.data("mutation { update_author_by_pk(pk_columns: {id: 1}, _append: {profile: null}) { profile } }")
    assert found == {"update_author_by_pk": {"profile": None}}


def test_a_null_key_is_refused_where_it_stands(blog: Engine) -> None:
    for field, place in (
        ("update_author_by_pk(pk_columns: {id: null}, _set: {})", "args.pk_columns.id"),
        ("delete_author_by_pk(id: null)", "args.id"),
    ):
        path = f"$.selectionSet.{field.partition('(')[0]}.{place}"
        message = "unexpected null value for type 'Int'"
        assert blog.error(f"mutation {{ {field} {{ id }} }}") == ("validation-failed", path, message)


def test_a_null_default_does_not_make_a_variable_fit_where_null_may_not_be(blog: Engine) -> None:
    insert = "mutation ($author: author_insert_input%s) { insert_author_one(object: $author) { id } }"
    given = {"author": {"id": 9, "name": "Zoe"}}
    code, path, _ = blog.error(insert % " = null", given)
    assert (code, path) == ("validation-failed", "$.selectionSet.insert_author_one.args.object")
    assert blog.data(insert % " = {id: 8}", given) == {"insert_author_one": {"id": 9}}


def test_a_role_that_sees_nothing_may_still_change_all_that_it_may(blog: Engine) -> None:
    own = {"filter": {"author_id": "X-Hasura-User-Id"}}
    kinds = {"update": {**own, "columns": ["likes"]}, "delete": own}
    for kind, permission in kinds.items():
        args = {"table": "article", "role": "blind", "permission": permission}
        blog.metadata(f"pg_create_{kind}_permission", args)
    blind = {"x_hasura_role": "blind", "x_hasura_user_id": "1"}
    update = "mutation { update_article(where: %s, _set: {likes: 0}) { affected_rows } }"
    assert blog.data(update % "{}", **blind) == {"update_article": {"affected_rows": 2}}
    many = "mutation { update_article_many(updates: [{where: {}, _inc: {likes: 1}}]) { affected_rows } }"
    assert blog.data(many, **blind) == {"update_article_many": [{"affected_rows": 2}]}
    assert blog.error(update % "{id: {_eq: 1}}", **blind)[2] == "field 'id' not found in type: 'article_bool_exp'"
    assert blog.error("mutation { delete_article_by_pk(id: 1) { id } }", **blind)[0] == "validation-failed"
    assert blog.data("mutation { delete_article(where: {}) { affected_rows } }", **blind) == {
        "delete_article": {"affected_rows": 2}
    }
    for kind in kinds:
        blog.metadata(f"pg_drop_{kind}_permission", {"table": "article", "role": "blind"})


def test_a_column_may_be_named_twice_in_what_a_conflict_updates(blog: Engine) -> None:
    query = """mutation { insert_author_one(
      object: {id: 1, name: "Augusta"}, on_conflict: {constraint: author_pkey, update_columns: [name, name]}
    ) { name } }"""
    assert blog.data(query) == {"insert_author_one": {"name": "Augusta"}}

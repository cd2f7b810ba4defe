"""Queries over HTTP: what is chosen, in which order, and what is shown of it."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Engine


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("{}", ["Ada", "Bob", "Cid"]),
        ("{id: {_eq: 2}}", ["Bob"]),
        ("{id: {_neq: 2}}", ["Ada", "Cid"]),
        ("{id: {_gt: 1, _lte: 3}}", ["Bob", "Cid"]),
        ("{id: {_in: [1, 3]}}", ["Ada", "Cid"]),
        ("{id: {_in: []}}", []),
        ("{id: {_nin: [1, 3]}}", ["Bob"]),
        ('{name: {_like: "%d%"}}', ["Ada", "Cid"]),
        ('{name: {_ilike: "a%"}}', ["Ada"]),
        ('{name: {_nlike: "%d%"}}', ["Bob"]),
        ('{name: {_similar: "(Ada|Bob)"}}', ["Ada", "Bob"]),
        ('{name: {_iregex: "^[ab]"}}', ["Ada", "Bob"]),
        ("{rating: {_is_null: true}}", ["Bob"]),
        ("{rating: {_is_null: false}}", ["Ada", "Cid"]),
        ("{rating: {_gte: 4.5}}", ["Ada"]),
        ('{born: {_lt: "1900-01-01"}}', ["Ada"]),
        ("{big: {_eq: 9007199254740993}}", ["Ada"]),
        ('{big: {_eq: "9007199254740993"}}', ["Ada"]),
        ('{tags: {_contains: ["math"]}}', ["Ada"]),
        ("{tags: {_eq: []}}", ["Bob"]),
        ('{profile: {_has_key: "city"}}', ["Ada", "Bob"]),
        ('{profile: {_contains: {city: {name: "London"}}}}', ["Ada"]),
        ('{profile: {_has_keys_any: ["x", "city"]}}', ["Ada", "Bob"]),
        ('{profile: {_cast: {String: {_like: "%London%"}}}}', ["Ada"]),
        ("{_or: [{id: {_eq: 1}}, {id: {_eq: 2}}]}", ["Ada", "Bob"]),
        ("{_or: []}", []),
        ("{_and: [{id: {_gt: 1}}, {id: {_lt: 3}}]}", ["Bob"]),
        ("{_not: {id: {_eq: 1}}}", ["Bob", "Cid"]),
        ("{articles: {published: {_eq: false}}}", ["Ada"]),
        ("{_not: {articles: {}}}", ["Cid"]),
        ("{articles_aggregate: {count: {predicate: {_gt: 1}}}}", ["Ada"]),
        ("{articles_aggregate: {count: {predicate: {_eq: 1}, filter: {published: {_eq: true}}}}}", ["Ada", "Bob"]),
    ],
)
def test_where_chooses_the_rows(blog: Engine, where: str, names: list[str]) -> None:
    found = blog.data(f"{{ author(where: {where}, order_by: {{id: asc}}) {{ name }} }}")
    assert [author["name"] for author in found["author"]] == names


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ("order_by: {id: desc}", [3, 2, 1]),
        ("order_by: [{rating: asc}]", [3, 1, 2]),
        ("order_by: {rating: desc}", [2, 1, 3]),
        ("order_by: {rating: desc_nulls_last}", [1, 3, 2]),
        ("order_by: {articles_aggregate: {count: desc}}", [1, 2, 3]),
        ("order_by: [{articles_aggregate: {max: {likes: asc_nulls_first}}}]", [3, 2, 1]),
        ("order_by: {id: asc}, limit: 1", [1]),
        ("order_by: {id: asc}, offset: 2", [3]),
        ("order_by: {id: asc}, limit: null, where: {id: {_lt: 3}}", [1, 2]),
    ],
)
def test_rows_come_in_the_order_asked_for(blog: Engine, arguments: str, ids: list[int]) -> None:
    found = blog.data(f"{{ author({arguments}) {{ id }} }}")
    assert [author["id"] for author in found["author"]] == ids


def test_an_order_goes_through_an_object_relationship(blog: Engine) -> None:
    found = blog.data("{ article(order_by: [{author: {name: desc}}, {id: asc}]) { id } }")
    assert [article["id"] for article in found["article"]] == [3, 1, 2]


def test_distinct_on_keeps_the_first_of_each(blog: Engine) -> None:
    found = blog.data("{ article(distinct_on: author_id, order_by: [{author_id: asc}, {likes: asc}]) { title } }")
    assert [article["title"] for article in found["article"]] == ["Notes", "Bread"]


def test_distinct_on_must_begin_the_order(blog: Engine) -> None:
    code, path, message = blog.error("{ article(distinct_on: author_id, order_by: {likes: asc}) { id } }")
    assert (code, path) == ("validation-failed", "$.selectionSet.article.args")
    assert message == '"distinct_on" columns must match initial "order_by" columns'


def test_relationships_nest_with_arguments_of_their_own(blog: Engine) -> None:
    found = blog.data(
        "{ author(where: {id: {_lt: 3}}, order_by: {id: asc})"
        " { name articles(order_by: {likes: desc}, limit: 1) { title author { id } } } }"
    )
    assert found == {
        "author": [
            {"name": "Ada", "articles": [{"title": "Engines", "author": {"id": 1}}]},
            {"name": "Bob", "articles": [{"title": "Bread", "author": {"id": 2}}]},
        ]
    }


def test_keys_of_the_answer_come_in_the_order_selected(blog: Engine) -> None:
    query = "{ z: author_by_pk(id: 1) { name id __typename } a: article(limit: 0) { id } }"
    answer = blog.post("/v1/graphql", {"query": query}).text
    assert answer == '{"data":{"z":{"name":"Ada","id":1,"__typename":"author"},"a":[]}}'


def test_a_key_that_nothing_has_gives_null(blog: Engine) -> None:
    assert blog.data("{ author_by_pk(id: 99) { id } }") == {"author_by_pk": None}


def test_aggregates_and_nodes(blog: Engine) -> None:
    found = blog.data(
        "{ article_aggregate(where: {author_id: {_eq: 1}}, order_by: {id: asc}) {"
        " aggregate { count n: count(columns: published, distinct: true) sum { likes } max { likes title }"
        " avg { likes } } nodes { id } } }"
    )
    assert found["article_aggregate"] == {
        "aggregate": {
            "count": 2,
            "n": 2,
            "sum": {"likes": 13},
            "max": {"likes": 10, "title": "Notes"},
            "avg": {"likes": 6.5},
        },
        "nodes": [{"id": 1}, {"id": 2}],
    }


def test_aggregates_of_a_relationship(blog: Engine) -> None:
    found = blog.data(
        "{ author(order_by: {id: asc})"
        " { articles_aggregate(where: {published: {_eq: true}}) { aggregate { count } } } }"
    )
    assert [each["articles_aggregate"]["aggregate"]["count"] for each in found["author"]] == [1, 1, 0]


def test_a_json_path_picks_a_part(blog: Engine) -> None:
    found = blog.data('{ author_by_pk(id: 1) { profile(path: "$.city.name") whole: profile } }')
    assert found["author_by_pk"] == {"profile": "London", "whole": {"city": {"name": "London"}}}


def test_numbers_stay_exact(blog: Engine) -> None:
    answer = blog.post("/v1/graphql", {"query": "{ author_by_pk(id: 1) { rating big } }"}).text
    assert answer == '{"data":{"author_by_pk":{"rating":4.50,"big":9007199254740993}}}'


def test_variables_fragments_aliases_and_directives(blog: Engine) -> None:
    query = """
      query ($where: author_bool_exp!, $full: Boolean!, $limit: Int = 5) {
        author(where: $where, limit: $limit) {
          ...names id @include(if: $full) ... on author { key: id @skip(if: $full) }
        }
      }
      fragment names on author { name }
    """
    variables = {"where": {"name": {"_in": ["Ada"]}}}
    assert blog.data(query, {**variables, "full": True}) == {"author": [{"name": "Ada", "id": 1}]}
    assert blog.data(query, {**variables, "full": False}) == {"author": [{"name": "Ada", "key": 1}]}


def test_one_document_serves_variables_of_every_shape(blog: Engine) -> None:
    query = (
        "query ($where: author_bool_exp, $order: [author_order_by!]) { author(where: $where, order_by: $order) { id } }"
    )
    shapes = [
        ({"where": {"id": {"_eq": 1}}}, [1]),
        ({"where": {"id": {"_eq": 2}}}, [2]),
        ({"where": {"id": {"_gt": 1}}, "order": [{"id": "asc"}]}, [2, 3]),
        ({"where": {"id": {"_gt": 1}}, "order": [{"id": "desc"}]}, [3, 2]),
        ({"where": {"_not": {"id": {"_in": [1, 2]}}}}, [3]),
        ({"where": {"rating": {"_is_null": True}}}, [2]),
        ({"where": {"rating": {"_is_null": False}}, "order": {"id": "asc"}}, [1, 3]),
    ]
    for _ in range(2):
        for variables, ids in shapes:
            found = blog.data(query, variables)
            assert [author["id"] for author in found["author"]] == ids


def test_fields_of_one_key_are_merged(blog: Engine) -> None:
    found = blog.data("{ a: author_by_pk(id: 1) { id } a: author_by_pk(id: 1) { name } }")
    assert found == {"a": {"id": 1, "name": "Ada"}}


def test_a_long_alias_is_not_cut(blog: Engine) -> None:
    alias = "x" * 100
    assert blog.data(f"{{ author_by_pk(id: 1) {{ {alias}: id }} }}") == {"author_by_pk": {alias: 1}}


def test_a_batch_gives_each_request_its_answer(blog: Engine) -> None:
    requests = [{"query": "{ author_by_pk(id: 1) { id } }"}, {"query": "{ nothing }"}]
    first, second = blog.post("/v1/graphql", requests).json()
    assert first == {"data": {"author_by_pk": {"id": 1}}}
    assert second["errors"][0]["message"] == "field 'nothing' not found in type: 'query_root'"


def test_hostile_text_is_only_text(blog: Engine) -> None:
    for text in ("'; drop table author; --", '"', "\\", "$1", "{}", "${x}", "%", "\u2028", "' || pg_sleep(9) || '"):
        query = "query ($t: String!) { author(where: {name: {_eq: $t}}) { id } }"
        assert blog.data(query, {"t": text}) == {"author": []}
        inserted = blog.data(
            "mutation ($t: String!) { insert_author_one(object: {id: 50, name: $t, profile: {k: $t}, tags: [$t]})"
            " { name profile tags } delete_author_by_pk(id: 50) { id } }",
            {"t": text},
        )
        assert inserted["insert_author_one"] == {"name": text, "profile": {"k": text}, "tags": [text]}


def test_an_aggregate_of_nothing_but_its_type_is_one_object(blog: Engine) -> None:
    name = {"__typename": "article_aggregate"}
    fields = {"aggregate": {"__typename": "article_aggregate_fields"}}
    assert blog.data("{ article_aggregate(limit: 3) { __typename } }") == {"article_aggregate": name}
    assert blog.data("{ article_aggregate { aggregate { __typename } } }") == {"article_aggregate": fields}
    found = blog.data("{ author(order_by: {id: asc}) { articles_aggregate(offset: 0) { __typename } } }")
    assert found == {"author": [{"articles_aggregate": name}] * 3}

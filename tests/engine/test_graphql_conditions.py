"""Conditions, orders and aggregates beyond plain columns: labels, JSON paths, aggregates of related rows, functions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.conftest import Engine, start_engine, stop_engine

TABLES = """
create extension ltree; create extension citext;
create table topic (path ltree primary key, word citext, doc jsonb);
insert into topic values
  ('Top', 'Top', null), ('Top.Science', 'SciEnce', '{"tags": [1, 5]}'), ('Top.Science.Stars', 'stars', '{"tags": []}');
create table shop (id integer primary key);
create table sale (id integer primary key, shop_id integer references shop (id), x float8, y float8, paid boolean);
insert into shop values (1), (2), (3);
insert into sale values (1, 1, 1, 2, true), (2, 1, 2, 4, false), (3, 2, 5, 1, true);
create function doubled(row_ sale) returns float8 language sql stable as 'select row_.x * 2';
create function plus(row_ sale, n integer default 1) returns float8 language sql stable as 'select row_.x + n';
create function sales_of(row_ shop) returns setof sale language sql stable as
  'select * from sale where shop_id = row_.id';
"""
METADATA = (
    *(("pg_track_table", {"table": table}) for table in ("topic", "shop", "sale")),
    (
        "pg_create_array_relationship",
        {
            "table": "shop",
            "name": "sales",
            "using": {"foreign_key_constraint_on": {"table": "sale", "column": "shop_id"}},
        },
    ),
    ("pg_add_computed_field", {"table": "sale", "name": "doubled", "definition": {"function": "doubled"}}),
    ("pg_add_computed_field", {"table": "sale", "name": "plus", "definition": {"function": "plus"}}),
    ("pg_add_computed_field", {"table": "shop", "name": "sold", "definition": {"function": "sales_of"}}),
    (
        "pg_create_select_permission",
        {
            "table": "sale",
            "role": "clerk",
            "permission": {
                "columns": ["id", "x"],
                "computed_fields": ["doubled"],
                "filter": {},
                "limit": 1,
                "allow_aggregations": True,
            },
        },
    ),
    (
        "pg_create_select_permission",
        {
            "table": "topic",
            "role": "clerk",
            "permission": {"columns": ["path"], "filter": {"path": {"_matches": "X-Hasura-Topics"}}},
        },
    ),
)


@pytest.fixture(scope="module")
def shop(module_database: str) -> Iterator[Engine]:
    engine = start_engine(module_database)
    engine.sql(TABLES)
    for kind, args in METADATA:
        engine.metadata(kind, args)
    yield engine
    assert "Traceback" not in stop_engine(engine)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('{path: {_ancestor: "Top.Science"}}', ["Top", "Top.Science"]),
        ('{path: {_ancestor_any: ["Top.Science"]}}', ["Top", "Top.Science"]),
        ('{path: {_descendant: "Top.Science"}}', ["Top.Science", "Top.Science.Stars"]),
        ('{path: {_descendant_any: ["Top.Science", "Top.Art"]}}', ["Top.Science", "Top.Science.Stars"]),
        ('{path: {_matches: "*.Stars"}}', ["Top.Science.Stars"]),
        ('{path: {_matches_any: ["Top", "*.Stars"]}}', ["Top", "Top.Science.Stars"]),
        ('{path: {_matches_fulltext: "Sci*"}}', ["Top.Science", "Top.Science.Stars"]),
        ('{doc: {_jsonb_path_exists: "$.tags[*] ? (@ > 4)"}}', ["Top.Science"]),
        ('{doc: {_jsonb_path_match: "$.tags.size() == 0"}}', ["Top.Science.Stars"]),
        ('{word: {_like: "SCI%"}}', ["Top.Science"]),
        ('{word: {_regex: "^TOP$"}}', ["Top"]),
    ],
)
def test_labels_json_paths_and_words_of_any_case(shop: Engine, where: str, found: list[str]) -> None:
    answer = shop.data(f"{{ topic(where: {where}, order_by: {{path: asc}}) {{ path }} }}")
    assert [row["path"] for row in answer["topic"]] == found


def test_a_permission_may_match_labels(shop: Engine) -> None:
    answer = shop.data("{ topic { path } }", x_hasura_role="clerk", x_hasura_topics="*.Stars")
    assert answer == {"topic": [{"path": "Top.Science.Stars"}]}


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        ("{count: {predicate: {_eq: 0}}}", [3]),
        ("{count: {arguments: x, distinct: true, predicate: {_gt: 1}}}", [1]),
        ("{avg: {arguments: x, predicate: {_gt: 2}}}", [2]),
        ("{sum: {arguments: x, filter: {paid: {_eq: true}}, predicate: {_lt: 2}}}", [1]),
        ("{bool_and: {arguments: paid, predicate: {_eq: true}}}", [2]),
        ("{bool_or: {arguments: paid, predicate: {_eq: true}}}", [1, 2]),
        ("{corr: {arguments: {X: x, Y: y}, predicate: {_gt: 0.5}}}", [1]),
    ],
)
def test_conditions_on_aggregates_of_related_rows(shop: Engine, predicate: str, found: list[int]) -> None:
    answer = shop.data(f"{{ shop(where: {{sales_aggregate: {predicate}}}, order_by: {{id: asc}}) {{ id }} }}")
    assert [row["id"] for row in answer["shop"]] == found


def test_one_aggregate_is_compared_at_a_time(shop: Engine) -> None:
    error = ("validation-failed", "$.selectionSet.shop.args.where.sales_aggregate")
    assert shop.error("{ shop(where: {sales_aggregate: {}}) { id } }")[:2] == error
    code, path, message = shop.error("{ shop(where: {sales_aggregate: {sum: {arguments: id}}}) { id } }")
    assert (code, path) == ("validation-failed", "$.selectionSet.shop.args.where.sales_aggregate.sum.predicate")
    assert message == "missing required field 'predicate'"


def test_aggregates_take_scalar_computed_fields(shop: Engine) -> None:
    query = "{ sale_aggregate { aggregate { sum { doubled plus(args: {n: 10}) } max { doubled } avg { doubled } } } }"
    assert shop.data(query)["sale_aggregate"]["aggregate"] == {
        "sum": {"doubled": 16, "plus": 38},
        "max": {"doubled": 10},
        "avg": {"doubled": 16 / 3},
    }


def test_a_role_with_a_limit_sees_computed_fields_of_its_nodes_and_aggregates_of_all(shop: Engine) -> None:
    query = "{ sale_aggregate(order_by: {id: asc}) { aggregate { sum { doubled } } nodes { id doubled } } }"
    assert shop.data(query, x_hasura_role="clerk")["sale_aggregate"] == {
        "aggregate": {"sum": {"doubled": 16}},
        "nodes": [{"id": 1, "doubled": 2}],
    }


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("{sold_aggregate: {count: desc}}", [1, 2, 3]),
        ("{sold_aggregate: {max: {x: asc_nulls_first}}}", [3, 1, 2]),
        ("[{sold_aggregate: {count: null}}, {id: desc}]", [3, 2, 1]),
    ],
)
def test_orders_by_aggregates_of_the_rows_that_a_computed_field_gives(
    shop: Engine, order: str, found: list[int]
) -> None:
    assert [row["id"] for row in shop.data(f"{{ shop(order_by: {order}) {{ id }} }}")["shop"]] == found

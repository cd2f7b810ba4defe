"""Root fields and types are named as a source customises them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Engine, start_engine, stop_engine

CUSTOMIZATION = {
    "root_fields": {"namespace": "shop", "prefix": "my_", "suffix": "_now"},
    "type_names": {"prefix": "Shop", "suffix": "Type"},
}


@pytest.fixture(scope="module")
def shop(module_database: str) -> Iterator[Engine]:
    engine = start_engine(module_database)
    engine.sql(
        """
        create table color (name text primary key);
        insert into color values ('red'), ('blue');
        create table maker (id int primary key, name text);
        create table item (
          id int primary key, color text references color, maker_id int references maker, r text
        );
        insert into maker values (1, 'Ada');
        insert into item values (1, 'red', 1, 'x');
        create function found(word text) returns setof item language sql stable
          as $$ select * from item where color = word $$;
        """
    )
    for table in ("color", "maker", "item"):
        engine.metadata("pg_track_table", {"table": table})
    engine.metadata("pg_set_table_is_enum", {"table": "color", "is_enum": True})
    engine.metadata("pg_track_function", {"function": "found"})
    engine.metadata(
        "pg_create_object_relationship",
        {"table": "item", "name": "maker", "using": {"foreign_key_constraint_on": "maker_id"}},
    )
    database: dict[str, Any] = {"from_env": "HASURA_GRAPHQL_DATABASE_URL"}
    engine.metadata(
        "pg_update_source",
        {
            "name": "default",
            "configuration": {"connection_info": {"database_url": database}},
            "customization": CUSTOMIZATION,
        },
    )
    yield engine
    assert "Traceback" not in stop_engine(engine)


def test_root_fields_are_below_the_namespace_with_prefix_and_suffix(shop: Engine) -> None:
    query = '{ all: shop { my_item_now { id __typename } my_found_now(args: {word: "red"}) { id } __typename } }'
    assert shop.data(query) == {
        "all": {
            "my_item_now": [{"id": 1, "__typename": "ShopitemType"}],
            "my_found_now": [{"id": 1}],
            "__typename": "Shopshop_queryType",
        }
    }


def test_mutations_are_below_the_namespace_and_run_in_one_transaction(shop: Engine) -> None:
    mutation = """mutation ($rows: [Shopmaker_insert_inputType!]!) {
      shop {
        my_insert_maker_now(objects: $rows) { affected_rows }
        my_delete_maker_now(where: {}) { affected_rows }
      }
    }"""
    code, path, _ = shop.error(mutation, {"rows": [{"id": 2, "name": "Bob"}]})
    assert (code, path) == ("constraint-violation", "$")
    assert shop.data("{ shop { my_maker_now { id } } }") == {"shop": {"my_maker_now": [{"id": 1}]}}
    one = (
        'mutation { shop { __typename my_update_maker_by_pk_now(pk_columns: {id: 1}, _set: {name: "Ada"}) { name } } }'
    )
    assert shop.data(one) == {
        "shop": {"__typename": "Shopshop_mutationType", "my_update_maker_by_pk_now": {"name": "Ada"}}
    }


def test_errors_name_the_customised_types_and_the_whole_path(shop: Engine) -> None:
    code, path, message = shop.error("{ shop { my_item_now { nope } } }")
    assert (code, path) == ("validation-failed", "$.selectionSet.shop.selectionSet.my_item_now.selectionSet.nope")
    assert message == "field 'nope' not found in type: 'ShopitemType'"
    assert shop.error("{ item { id } }")[2] == "field 'item' not found in type: 'query_root'"
    assert shop.error("{ shop }")[2] == "missing selection set for 'Shopshop_queryType'"


def test_variables_have_the_customised_types(shop: Engine) -> None:
    query = """query ($where: Shopitem_bool_expType, $by: [Shopitem_order_byType!], $color: Shopcolor_enumType) {
      shop { my_item_now(where: {_and: [$where, {color: {_eq: $color}}]}, order_by: $by) { color maker { name } } }
    }"""
    variables = {"where": {"maker": {"name": {"_eq": "Ada"}}}, "by": [{"maker": {"id": "asc"}}], "color": "red"}
    assert shop.data(query, variables) == {"shop": {"my_item_now": [{"color": "red", "maker": {"name": "Ada"}}]}}


def test_introspection_reaches_every_customised_type(shop: Engine) -> None:
    shown = shop.data("{ __schema { types { name fields { type { name ofType { name } } } } } }")
    names = {item["name"] for item in shown["__schema"]["types"]}
    assert {"Shopshop_queryType", "Shopshop_mutationType", "Shopshop_subscriptionType"} <= names
    assert {"Shopitem_aggregate_fieldsType", "Shopfound_argsType", "Shopcolor_enumType"} <= names
    assert {"Int_comparison_exp", "order_by", "Shopcolor_enumType_comparison_exp"} <= names
    assert not {name for name in names if name.startswith(("item", "maker", "color", "found"))}


def test_a_role_that_sees_nothing_of_the_source_does_not_see_its_namespace(shop: Engine) -> None:
    answer = shop.graphql("{ shop { __typename } }", X_Hasura_Role="stranger")
    assert answer["errors"][0]["message"] == "field 'shop' not found in type: 'query_root'"


@pytest.mark.parametrize("key", ["r", "t1", "q", "o", "row"])
def test_a_response_key_may_be_any_name(shop: Engine, key: str) -> None:
    query = f"{{ shop {{ my_item_now {{ {key}: r maker {{ {key}: name }} }} }} }}"
    assert shop.data(query) == {"shop": {"my_item_now": [{key: "x", "maker": {key: "Ada"}}]}}

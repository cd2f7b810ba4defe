"""Rows of one source show what is related to them in another."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Server
from tests.engine.conftest import Engine, start_engine, stop_engine

SHOP = """
create table buyer (id int primary key, name text, city_id bigint, price numeric);
insert into buyer values (1, 'Ada', 10, 1.50), (2, 'Bob', 20, 12345678901234567890.10), (3, 'Cid', 10, null),
  (4, 'Dan', null, 0);
create table note (id int primary key, buyer_id int references buyer, text text);
insert into note values (1, 1, 'first'), (2, 1, 'second'), (3, 2, 'third');
"""
WORLD = """
create table city (id int primary key, name text, secret text);
insert into city values (10, 'London', 'x'), (20, 'Paris', 'y');
create table visit (id int primary key, city_id int, buyer_id int, days numeric);
insert into visit values (1, 10, 1, 1.0), (2, 10, 2, 2), (3, 20, 1, 3.25);
"""


def related(name: str, kind: str, table: str, **mapping: str) -> dict[str, Any]:
    source = "world" if table in ("city", "visit") else "default"
    to_source = {"relationship_type": kind, "field_mapping": mapping, "source": source, "table": table}
    return {"name": name, "definition": {"to_source": to_source}}


@pytest.fixture(scope="module")
def world_database(postgres_server: Server) -> Iterator[str]:
    name = f"world_{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgres_server.url.rsplit("/", 1)[0] + f"/{name}"
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def shop(module_database: str, world_database: str) -> Iterator[Engine]:
    engine = start_engine(module_database)
    address = {"connection_info": {"database_url": world_database}}
    engine.metadata("pg_add_source", {"name": "world", "configuration": address})
    engine.sql(SHOP)
    engine.sql(WORLD, source="world")
    for source, table in (("default", "buyer"), ("default", "note"), ("world", "city"), ("world", "visit")):
        engine.metadata("pg_track_table", {"source": source, "table": table})
    key = {"foreign_key_constraint_on": {"table": "note", "column": "buyer_id"}}
    engine.metadata("pg_create_array_relationship", {"table": "buyer", "name": "notes", "using": key})
    for owner, table, relationship in (
        ("default", "buyer", related("city", "object", "city", city_id="id")),
        ("default", "buyer", related("visits", "array", "visit", id="buyer_id")),
        ("default", "buyer", related("stays", "array", "visit", id="buyer_id", city_id="city_id")),
        ("world", "visit", related("buyer", "object", "buyer", buyer_id="id")),
    ):
        args = {"source": owner, "table": table, **relationship}
        engine.metadata("pg_create_remote_relationship", args)
    yield engine
    assert "Traceback" not in stop_engine(engine)


def test_an_object_of_another_source_or_null(shop: Engine) -> None:
    found = shop.data("{ buyer(order_by: {id: asc}) { price city { name __typename } } }")["buyer"]
    london = {"name": "London", "__typename": "city"}
    assert [row["city"] for row in found] == [london, {"name": "Paris", "__typename": "city"}, london, None]


def test_numbers_and_the_order_of_keys_stay_as_they_are(shop: Engine) -> None:
    body = {"query": "{ buyer(order_by: {id: asc}, limit: 2) { price city { name id } id } }"}
    assert shop.post("/v1/graphql", body).text == (
        '{"data":{"buyer":[{"price":1.50,"city":{"name":"London","id":10},"id":1},'
        '{"price":12345678901234567890.10,"city":{"name":"Paris","id":20},"id":2}]}}'
    )


def test_rows_of_another_source_are_chosen_by_arguments(shop: Engine) -> None:
    query = """query ($days: numeric) { buyer(where: {id: {_lte: 3}}, order_by: {id: asc}) {
      all: visits(order_by: {days: desc}) { id } long: visits(where: {days: {_gt: $days}}, limit: 1) { id } stays { id }
    } }"""
    assert shop.data(query, {"days": 1})["buyer"] == [
        {"all": [{"id": 3}, {"id": 1}], "long": [{"id": 3}], "stays": [{"id": 1}]},
        {"all": [{"id": 2}], "long": [{"id": 2}], "stays": []},
        {"all": [], "long": [], "stays": []},
    ]


def test_aggregates_of_another_source(shop: Engine) -> None:
    query = """{ buyer(order_by: {id: asc}, limit: 3) {
      visits_aggregate { aggregate { count sum { days } } nodes { id buyer { name } } }
    } }"""
    found = [row["visits_aggregate"] for row in shop.data(query)["buyer"]]
    assert [row["aggregate"] for row in found] == [
        {"count": 2, "sum": {"days": 4.25}},
        {"count": 1, "sum": {"days": 2}},
        {"count": 0, "sum": {"days": None}},
    ]
    assert found[1]["nodes"] == [{"id": 2, "buyer": {"name": "Bob"}}]


def test_the_way_leads_there_and_back_and_through_local_relationships(shop: Engine) -> None:
    query = "{ visit(where: {id: {_eq: 1}}) { buyer { notes(order_by: {id: asc}) { text } visits { buyer { id } } } } }"
    assert shop.data(query)["visit"] == [
        {
            "buyer": {
                "notes": [{"text": "first"}, {"text": "second"}],
                "visits": [{"buyer": {"id": 1}}, {"buyer": {"id": 1}}],
            }
        }
    ]


def test_a_mutation_shows_what_is_related_elsewhere(shop: Engine) -> None:
    mutation = """mutation { update_buyer(where: {id: {_eq: 1}}, _set: {city_id: 20}) { returning { city { name } } }
      back: update_buyer_by_pk(pk_columns: {id: 1}, _set: {city_id: 10}) { city { name } } }"""
    assert shop.data(mutation) == {
        "update_buyer": {"returning": [{"city": {"name": "Paris"}}]},
        "back": {"city": {"name": "London"}},
    }


def test_a_role_sees_only_what_both_sources_allow(shop: Engine) -> None:
    def permit(source: str, table: str, role: str, columns: list[str], **more: Any) -> None:
        permission = {"columns": columns, "filter": {}, **more}
        args = {"source": source, "table": table, "role": role, "permission": permission}
        shop.metadata("pg_create_select_permission", args)

    permit("default", "buyer", "guest", ["id", "city_id"])
    permit("default", "buyer", "blind", ["id"])
    permit("world", "city", "guest", ["name"], filter={"name": {"_eq": "X-Hasura-City"}})
    permit("world", "city", "blind", ["name"])
    query = "{ buyer(order_by: {id: asc}, limit: 2) { city { name } } }"
    guest = {"X_Hasura_Role": "guest", "X_Hasura_City": "Paris"}
    assert shop.data(query, **guest)["buyer"] == [{"city": None}, {"city": {"name": "Paris"}}]
    assert shop.error("{ buyer { city { secret } } }", **guest)[2] == "field 'secret' not found in type: 'city'"
    assert shop.error("{ buyer { visits { id } } }", **guest)[2] == "field 'visits' not found in type: 'buyer'"
    assert shop.error(query, X_Hasura_Role="blind")[2] == "field 'city' not found in type: 'buyer'"


def test_a_definition_that_leads_nowhere_shows_no_field(shop: Engine) -> None:
    to_city = {"relationship_type": "object", "source": "world", "table": "city"}
    definitions: list[dict[str, Any]] = [
        {"to_source": {"relationship_type": "object"}},
        {"to_source": {**to_city, "field_mapping": {}}},
        {"to_source": {**to_city, "field_mapping": {"id": "id"}, "source": "no"}},
        {
            "to_source": {
                "relationship_type": "object",
                "field_mapping": {"id": "no"},
                "source": "world",
                "table": "city",
            }
        },
    ]
    for definition in definitions:
        args = {"table": "note", "name": "lost", "definition": definition}
        answer = shop.post("/v1/metadata", {"type": "pg_create_remote_relationship", "args": args})
        assert answer.json()["code"] == "invalid-configuration"
        assert shop.error("{ note { lost { id } } }")[2] == "field 'lost' not found in type: 'note'"


def test_a_relationship_to_a_remote_schema_is_kept_and_told_of(shop: Engine) -> None:
    definition = {"to_remote_schema": {"remote_schema": "x", "lhs_fields": ["id"], "remote_field": {}}}
    answer = shop.metadata("pg_create_remote_relationship", {"table": "note", "name": "far", "definition": definition})
    assert [warning["code"] for warning in answer["warnings"]] == ["not-supported"]
    assert shop.error("{ note { far { id } } }")[2] == "field 'far' not found in type: 'note'"
    shop.metadata("pg_delete_remote_relationship", {"table": "note", "name": "far"})


@pytest.mark.parametrize("key", ["o", "r", "q", "n", "v"])
def test_a_response_key_may_be_any_name(shop: Engine, key: str) -> None:
    query = f"{{ buyer_aggregate(where: {{id: {{_eq: 1}}}}) {{ nodes {{ {key}: city {{ {key}: name }} }} }} }}"
    assert shop.data(query) == {"buyer_aggregate": {"nodes": [{key: {key: "London"}}]}}

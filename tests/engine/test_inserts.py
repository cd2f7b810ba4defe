"""What an insert refuses, where it says so, and how it goes along relationships."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from tests.engine.conftest import Engine

TABLES = """
create table contact (id serial primary key, author_id integer unique references author (id), phone text not null);
create table slot (
  id integer primary key, room integer not null, price money, constraint "one room" unique (room),
  exclude using btree (price with =)
);
create function keep() returns trigger language plpgsql as $$ begin raise exception 'no price %', new.price; end $$;
create trigger keep before insert on slot for each row when (new.price = '13'::money) execute function keep();
"""
TRACKED = (
    ("pg_track_table", {"table": "contact"}),
    ("pg_track_table", {"table": "slot"}),
    (
        "pg_create_object_relationship",
        {
            "table": "author",
            "name": "contact",
            "using": {"foreign_key_constraint_on": {"table": "contact", "column": "author_id"}},
        },
    ),
)


@pytest.fixture(scope="module")
def shop_engine(blog_engine: Engine) -> Engine:
    blog_engine.sql(TABLES)
    for kind, args in TRACKED:
        blog_engine.metadata(kind, args)
    return blog_engine


@pytest.fixture
def shop(shop_engine: Engine, blog: Engine) -> Iterator[Engine]:
    yield blog
    shop_engine.sql("truncate slot, contact", check_metadata_consistency=False)


def insert_author(rows: str) -> str:
    return f"mutation {{ insert_author(objects: {rows}) {{ affected_rows }} }}"


AUTHORS = "$.selectionSet.insert_author.args.objects"


def test_null_is_refused_where_a_column_takes_none(shop: Engine) -> None:
    message = "unexpected null value for type 'String'"
    assert shop.error(insert_author("[{id: 7, name: null}]")) == ("validation-failed", f"{AUTHORS}[0].name", message)
    query = "mutation ($row: author_insert_input!) { insert_author_one(object: $row) { name } }"
    assert shop.data(query, {"row": {"id": 7, "name": "Gil"}}) == {"insert_author_one": {"name": "Gil"}}
    path = "$.selectionSet.insert_author_one.args.object.name"
    assert shop.error(query, {"row": {"id": 8, "name": None}}) == ("validation-failed", path, message)


def test_a_row_inserted_with_what_is_related_is_named_in_errors(shop: Engine) -> None:
    related = '{id: 8, name: "Flo", articles: {data: [{title: "X"}]}}'
    assert shop.error(insert_author(f'[{related}, {{id: 1, name: "Dup"}}]'))[1] == f"{AUTHORS}[1]"
    assert shop.error(insert_author('[{id: 7, name: "Gil"}, {id: 1, name: "Dup"}]'))[1] == AUTHORS
    bad = '[{id: 7, name: "Gil"}, {id: 8, name: "Flo", articles: {data: [{title: "X"}, {likes: 1}]}}]'
    assert shop.error(insert_author(bad))[1] == f"{AUTHORS}[1].articles.data"
    one = 'mutation { insert_author_one(object: {id: 8, name: "F", contact: {data: {}}}) { id } }'
    assert shop.error(one)[1] == "$.selectionSet.insert_author_one.args.object[0].contact.data"
    before = (
        'mutation { insert_article(objects: [{title: "X", author: {data: {id: 1, name: "Dup"}}}]) { affected_rows } }'
    )
    assert shop.error(before)[1] == "$.selectionSet.insert_article.args.objects[0].author.data"


def test_what_the_parent_fills_may_not_be_given(shop: Engine) -> None:
    message = 'cannot insert "author_id" columns as their values are already being determined by parent insert'
    rows = '[{id: 8, name: "Flo", contact: {data: {phone: "1", author_id: 8}}}]'
    assert shop.error(insert_author(rows)) == ("validation-failed", f"{AUTHORS}[0].contact.data[0]", message)
    rows = (
        '[{id: 8, name: "Flo", articles: {data: [{title: "X"}, {title: "Y", author: {data: {id: 9, name: "Gus"}}}]}}]'
    )
    assert shop.error(insert_author(rows)) == (
        "validation-failed",
        f"{AUTHORS}[0].articles.data[1].author",
        'cannot insert object relationship "author" as "author_id" column values are already determined',
    )


def test_what_relates_to_a_row_not_inserted_is_refused_whole(shop: Engine) -> None:
    ignore = "on_conflict: {constraint: author_pkey, update_columns: []}"
    row = '{id: 1, name: "Dup", articles: {data: [%s]}}'
    insert = "mutation { insert_author(objects: [%s], %s) { affected_rows } }"
    assert shop.error(insert % (row % '{title: "X"}', ignore)) == (
        "not-supported",
        f"{AUTHORS}[0]",
        'cannot proceed to insert array relations since insert to table "author" affects zero rows',
    )
    assert shop.data(insert % (row % "", ignore)) == {"insert_author": {"affected_rows": 0}}
    article = f'{{title: "X", author: {{data: {{id: 1, name: "Dup"}}, {ignore}}}}}'
    assert shop.error(f"mutation {{ insert_article(objects: [{article}]) {{ affected_rows }} }}") == (
        "not-supported",
        "$.selectionSet.insert_article.args.objects[0].author",
        'cannot proceed to insert object relation "author" since insert to table "author" affects zero rows',
    )


def test_nothing_may_be_null_in_on_conflict(shop: Engine) -> None:
    insert = 'mutation { insert_author_one(object: {id: 1, name: "Dup"}, on_conflict: %s) { id } }'
    path = "$.selectionSet.insert_author_one.args.on_conflict"
    found = "but found null"
    assert shop.error(insert % "null")[1:] == (path, f"expected an object for type 'author_on_conflict', {found}")
    where = "{constraint: author_pkey, update_columns: [name], where: null}"
    assert shop.error(insert % where)[1] == f"{path}.where"
    assert shop.error(insert % "{constraint: author_pkey, update_columns: null}")[1] == f"{path}.update_columns"


def test_errors_of_the_database_are_told_apart(shop: Engine) -> None:
    insert = "mutation { insert_slot(objects: [%s]) { affected_rows } }"
    assert shop.data(insert % '{id: 1, room: 1, price: 12.5}, {id: 2, room: 2, price: "7"}')
    path = "$.selectionSet.insert_slot.args.objects"
    code, found, message = shop.error(insert % "{id: 3, room: 3, price: 7}")
    assert (code, found) == ("constraint-violation", path)
    assert message.startswith("Exclusion violation. ")
    assert shop.error(insert % "{id: 4, room: 4, price: 13}") == ("unexpected", path, "database query error")


def test_a_constraint_that_graphql_cannot_name_is_left_out(shop: Engine) -> None:
    query = '{ __type(name: "slot_constraint") { enumValues { name } } }'
    assert shop.data(query) == {"__type": {"enumValues": [{"name": "slot_pkey"}]}}


async def test_a_storm_of_upserts_of_one_row_is_weathered(shop: Engine) -> None:
    upsert = """mutation ($n: Int!, $name: String!) {
      insert_author_one(object: {id: 50, name: $name, articles: {data: {title: "T", likes: $n}}},
        on_conflict: {constraint: author_pkey, update_columns: [name]}) { name }
    }"""
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:

        async def ask(number: int) -> Any:
            variables = {"n": number, "name": f"n{number}"}
            answer = await client.post("/v1/graphql", json={"query": upsert, "variables": variables})
            return answer.json()

        answers = await asyncio.gather(*(ask(number) for number in range(40)))
    assert answers == [{"data": {"insert_author_one": {"name": f"n{number}"}}} for number in range(40)]
    found = shop.data("{ author_by_pk(id: 50) { articles_aggregate { aggregate { count } } } }")
    assert found["author_by_pk"]["articles_aggregate"]["aggregate"]["count"] == 40


async def test_a_mutation_whose_client_goes_away_happens_whole_or_not_at_all(
    shop: Engine, module_database: str
) -> None:
    mutation = (
        'mutation { insert_author_one(object: {id: 60, name: "Gone"}) { id }'
        " update_article(where: {id: {_eq: 1}}, _inc: {likes: 1}) { affected_rows } }"
    )
    holder, watcher = await asyncpg.connect(module_database), await asyncpg.connect(module_database)
    try:
        async with httpx.AsyncClient(base_url=shop.url, timeout=None) as client:
            async with holder.transaction():
                await holder.execute("select from article where id = 1 for update")
                asked = asyncio.create_task(client.post("/v1/graphql", json={"query": mutation}))
                await seen(watcher, f"select exists({OTHERS} and wait_event_type = 'Lock')")
                asked.cancel()
                await asyncio.wait([asked])
            await seen(watcher, f"select not exists({OTHERS} and state <> 'idle')")
        likes = await watcher.fetchval("select likes from article where id = 1")
        was_added = await watcher.fetchval("select exists(select from author where id = 60)")
    finally:
        await holder.close()
        await watcher.close()
    assert asked.cancelled()
    assert likes == (11 if was_added else 10)


OTHERS = "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


async def seen(connection: Any, query: str) -> None:
    async with asyncio.timeout(30):
        while not await connection.fetchval(query):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

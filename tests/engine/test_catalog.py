"""The catalog of a real database, read in one query."""

from __future__ import annotations

import asyncpg
import pytest

from orchestrator.engine.catalog import CATALOG_SQL, Catalog, ForeignKey, Key, QualifiedName, catalog_of

SCHEMA = """
create domain email as text not null;
create table author (id serial primary key, name text, e email, tags text[],
  double int generated always as (1) stored, constraint named unique (name, e));
create table article (id bigint generated always as identity primary key, author_id int references author (id),
  code char(3));
create view names as select name from author;
create view counted as select count(*) from author;
create materialized view kept as select 1 as one;
comment on table author is 'who writes';
comment on column author.name is 'in full';
create function search(q text, most int default 3) returns setof article language sql stable
  as 'select * from article';
"""


@pytest.fixture
async def found(database: str) -> Catalog:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(SCHEMA)
        return catalog_of(await connection.fetchval(CATALOG_SQL))
    finally:
        await connection.close()


AUTHOR, ARTICLE = QualifiedName("public", "author"), QualifiedName("public", "article")


async def test_columns_keep_their_order_and_types(found: Catalog) -> None:
    columns = found.tables[AUTHOR].columns
    assert [(c.name, c.type, c.sql_type, c.nullable) for c in columns] == [
        ("id", "int4", "integer", False),
        ("name", "text", "text", True),
        ("e", "text", "text", False),
        ("tags", "_text", "text[]", True),
        ("double", "int4", "integer", True),
    ]
    assert [c.has_default for c in columns] == [True, False, False, False, False]
    assert [c.generated for c in columns] == [False, False, False, False, True]
    assert found.tables[AUTHOR].column["tags"].element == "text"
    assert found.tables[ARTICLE].column["id"].identity == "a"


async def test_a_cast_to_char_does_not_cut_the_value(found: Catalog) -> None:
    assert found.tables[ARTICLE].column["code"].sql_type == "bpchar"


async def test_keys(found: Catalog) -> None:
    author, article = found.tables[AUTHOR], found.tables[ARTICLE]
    assert author.primary_key == Key("author_pkey", ("id",))
    assert author.unique == (Key("named", ("name", "e")),)
    assert article.foreign_keys == (ForeignKey("article_author_id_fkey", ("author_id",), AUTHOR, ("id",)),)


async def test_views_say_whether_they_can_be_written(found: Catalog) -> None:
    writable = {str(name): table.insertable for name, table in found.tables.items()}
    assert writable == {"author": True, "article": True, "names": True, "counted": False, "kept": False}
    assert {str(name) for name, table in found.tables.items() if table.is_view} == {"names", "counted", "kept"}


async def test_comments(found: Catalog) -> None:
    author = found.tables[AUTHOR]
    assert (author.comment, author.column["name"].comment, author.column["id"].comment) == (
        "who writes",
        "in full",
        None,
    )


async def test_functions(found: Catalog) -> None:
    (search,) = found.functions[QualifiedName("public", "search")]
    assert search.returns_table == ARTICLE
    assert (search.returns_set, search.volatility) == (True, "s")
    assert [(a.name, a.type, a.has_default) for a in search.arguments] == [("q", "text", False), ("most", "int4", True)]

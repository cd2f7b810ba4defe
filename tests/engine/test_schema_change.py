import asyncpg
import pytest

from orchestrator.engine import commands
from orchestrator.engine.catalog import CATALOG_SQL, QualifiedName, catalog_of
from orchestrator.engine.commands import Call, Context
from orchestrator.engine.consistency import inconsistencies
from orchestrator.engine.errors import EngineError
from orchestrator.engine.inconsistency import Databases
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata import ForeignKey, Metadata, Source
from orchestrator.engine.schema_change import SchemaChange, follow

AUTHOR, ARTICLE = QualifiedName("public", "author"), QualifiedName("public", "article")
TABLES = """
create table author (id serial primary key, name text not null, age int);
create table article (id serial primary key, title text, author_id int not null references author (id));
"""
STEPS = (
    ("pg_track_table", {"table": "author", "configuration": {"column_config": {"name": {"custom_name": "Name"}}}}),
    ("pg_track_table", {"table": "article"}),
    (
        "pg_create_object_relationship",
        {"table": "article", "name": "author", "using": {"foreign_key_constraint_on": "author_id"}},
    ),
    (
        "pg_create_array_relationship",
        {
            "table": "author",
            "name": "articles",
            "using": {"manual_configuration": {"remote_table": "article", "column_mapping": {"id": "author_id"}}},
        },
    ),
    (
        "pg_create_select_permission",
        {
            "table": "article",
            "role": "user",
            "permission": {"columns": ["id", "title"], "filter": {"author": {"name": {"_eq": "X-Hasura-Name"}}}},
        },
    ),
    (
        "pg_create_update_permission",
        {
            "table": "author",
            "role": "user",
            "permission": {
                "columns": ["name"],
                "filter": {
                    "_or": [{"id": "X-Hasura-User-Id"}, {"_exists": {"_table": "article", "_where": {"id": 1}}}]
                },
                "set": {"age": 7},
            },
        },
    ),
)


@pytest.fixture
async def connection(database):
    connection = await asyncpg.connect(database)
    await connection.execute(TABLES)
    yield connection
    await connection.close()


async def read(connection):
    return catalog_of(await connection.fetchval(CATALOG_SQL))


def tracked(catalog):
    metadata = Metadata(sources={"default": Source("default")})
    for name, args in STEPS:
        context = Context(Databases({"default": catalog}))
        metadata = commands.find(name)(Call(metadata, JsonValue(args), context)).metadata
    return metadata


async def after(connection, sql, *, cascade=False):
    """The source after the SQL; its metadata must fit the database."""
    before = await read(connection)
    await connection.execute(sql)
    databases = Databases({"default": await read(connection)})
    metadata = follow(tracked(before), SchemaChange("default", before, databases), (), cascade=cascade)
    assert inconsistencies(metadata, databases) == ()
    return metadata.sources["default"]


async def test_sql_that_changes_nothing_leaves_everything(connection):
    before = tracked(await read(connection))
    assert await after(connection, "insert into author (name) values ('a')") == before.sources["default"]


async def test_a_renamed_column_is_followed_everywhere(connection):
    source = await after(
        connection,
        """alter table author rename name to full_name; alter table author rename age to years;
        alter table article rename author_id to writer; alter table author rename id to key""",
    )
    author, article = source.tables[AUTHOR], source.tables[ARTICLE]
    assert list(author.configuration.column_config) == ["full_name"]
    assert article.object_relationships["author"].using == ForeignKey(("writer",))
    assert author.array_relationships["articles"].using.column_mapping == {"key": "writer"}
    assert article.select_permissions["user"].filter == {"author": {"full_name": {"_eq": "X-Hasura-Name"}}}
    permission = author.update_permissions["user"]
    assert (permission.columns, permission.set) == (("full_name",), {"years": 7})
    assert permission.filter["_or"][0] == {"key": "X-Hasura-User-Id"}
    assert permission.filter["_or"][1]["_exists"]["_where"] == {"id": 1}


async def test_a_renamed_table_is_followed_everywhere(connection):
    source = await after(connection, "create schema press; alter table article set schema press")
    moved = QualifiedName("press", "article")
    assert list(source.tables) == [AUTHOR, moved]
    assert source.tables[moved].name == moved
    assert source.tables[AUTHOR].array_relationships["articles"].using.remote_table == moved
    exists = source.tables[AUTHOR].update_permissions["user"].filter["_or"][1]["_exists"]
    assert exists["_table"] == {"schema": "press", "name": "article"}


async def test_table_and_column_may_be_renamed_at_once(connection):
    source = await after(
        connection, "alter table author rename to writer; alter table writer rename column name to title"
    )
    writer = source.tables[QualifiedName("public", "writer")]
    assert writer.update_permissions["user"].columns == ("title",)
    assert source.tables[ARTICLE].select_permissions["user"].filter == {"author": {"title": {"_eq": "X-Hasura-Name"}}}


async def test_a_dropped_table_that_others_depend_on_needs_cascade(connection):
    with pytest.raises(EngineError) as caught:
        await after(connection, "drop table article")
    assert (caught.value.code, caught.value.path) == ("dependency-error", "$.args")
    assert caught.value.message == (
        "cannot drop due to the following dependent objects: "
        'permission author.user.update in source "default", relationship author.articles in source "default"'
    )


async def test_a_dropped_table_takes_its_dependents_along_with_cascade(connection):
    source = await after(connection, "drop table article", cascade=True)
    assert list(source.tables) == [AUTHOR]
    assert not source.tables[AUTHOR].array_relationships
    assert not source.tables[AUTHOR].update_permissions


async def test_a_dropped_column_takes_its_custom_name_along(connection):
    source = await after(connection, "alter table author drop name", cascade=True)
    assert source.tables[AUTHOR].configuration.column_config == {}


async def test_a_dropped_column_that_a_permission_names_needs_cascade(connection):
    with pytest.raises(EngineError) as caught:
        await after(connection, "alter table article drop title")
    assert caught.value.message.endswith('permission article.user.select in source "default"')


async def test_a_table_made_anew_under_an_old_name_is_the_tracked_one(connection):
    source = await after(
        connection,
        "drop table article; create table article (id int primary key, title text, author_id int references author)",
    )
    assert list(source.tables) == [AUTHOR, ARTICLE]

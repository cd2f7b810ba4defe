import asyncpg
import pytest

from orchestrator.engine import commands
from orchestrator.engine.catalog import CATALOG_SQL, QualifiedName, catalog_of
from orchestrator.engine.commands import Call, Context
from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.consistency.inconsistency import Databases
from orchestrator.engine.consistency.schema_change import SchemaChange, follow
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import ForeignKey, Metadata, Source

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


def tracked(catalog, more=()):
    metadata = Metadata(sources={"default": Source("default")})
    for name, args in (*STEPS, *more):
        context = Context(Databases({"default": catalog}))
        metadata = commands.find(name)(Call(metadata, JsonValue(args), context)).metadata
    return metadata


async def after(connection, sql, *, cascade=False, more=()):
    """The source after the SQL; its metadata must fit the database."""
    before = await read(connection)
    await connection.execute(sql)
    databases = Databases({"default": await read(connection)})
    metadata = follow(tracked(before, more), SchemaChange("default", before, databases), (), cascade=cascade)
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


async def refused(connection, sql):
    with pytest.raises(EngineError) as caught:
        await after(connection, sql)
    return caught.value.code, caught.value.path, caught.value.message


async def test_a_columns_type_stays_while_a_permission_holds_a_value_of_it(connection):
    assert await refused(connection, "alter table author alter age type text") == (
        "dependency-error",
        "$.args",
        (
            'cannot change type of column "age" in table "author" because of the following dependencies: '
            'permission author.user.update in source "default"'
        ),
    )
    by_existence = await refused(connection, "alter table article alter id type bigint")
    assert by_existence[2].endswith('dependencies: permission author.user.update in source "default"')


async def test_a_columns_type_may_change_where_only_session_variables_are_compared_with_it(connection):
    source = await after(connection, "alter table author alter name type varchar(9)")
    assert source.tables[AUTHOR].update_permissions


async def test_a_column_does_not_take_a_relationships_name(connection):
    assert await refused(connection, "alter table author add column articles int") == (
        "already-exists",
        "$.args",
        'cannot add column "articles" in table "author" as a relationship with the name already exists',
    )


FUNCTIONS = """
create function latest() returns setof article language sql stable as 'select * from article';
create function full_name(a author) returns text language sql stable as 'select a.name';
"""


@pytest.fixture
async def with_functions(connection):
    await connection.execute(FUNCTIONS)
    return connection


MORE = (
    ("pg_track_function", {"function": "latest"}),
    ("pg_add_computed_field", {"table": "author", "name": "full", "definition": {"function": "full_name"}}),
)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "create function latest(n int) returns setof article language sql stable as 'select * from article'",
            "the following tracked function(s) cannot be overloaded: latest",
        ),
        (
            "alter function latest volatile",
            'type of function "latest" is altered to "VOLATILE" which is not supported now',
        ),
        (
            "create function full_name(a author, b int) returns text language sql stable as 'select a.name'",
            'The function "full_name" associated with computed field"full" of table "author" is being overloaded',
        ),
        (
            "alter function full_name volatile",
            (
                'The type of function "full_name" associated with computed field "full" of table "author" '
                'is being altered to "VOLATILE"'
            ),
        ),
    ],
)
async def test_a_function_that_is_used_stays_what_it_is(with_functions, sql, message):
    with pytest.raises(EngineError) as caught:
        await after(with_functions, sql, more=MORE)
    assert (caught.value.code, caught.value.path, caught.value.message) == ("not-supported", "$.args", message)


async def test_functions_that_are_dropped_take_what_they_give_along(with_functions):
    source = await after(with_functions, "drop function latest; drop function full_name", more=MORE)
    assert not source.functions
    assert not source.tables[AUTHOR].computed_fields


async def test_a_computed_field_that_a_permission_needs_goes_with_cascade_only(with_functions):
    permission = {"columns": ["id"], "computed_fields": ["full"], "filter": {}}
    select = ("pg_create_select_permission", {"table": "author", "role": "user", "permission": permission})
    with pytest.raises(EngineError, match=r"permission author\.user\.select"):
        await after(with_functions, "drop function full_name", more=(*MORE, select))
    await with_functions.execute("create function full_name(a author) returns text language sql stable as 'select 1'")
    source = await after(with_functions, "drop function full_name", cascade=True, more=(*MORE, select))
    assert not source.tables[AUTHOR].select_permissions

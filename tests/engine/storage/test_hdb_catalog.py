import asyncpg
import pytest

from orchestrator.engine.errors import EngineError
from orchestrator.engine.metadata.model import Metadata
from orchestrator.engine.storage import hdb_catalog, storage

# As Hasura v2.48 leaves it, with what its CLI has written.
OF_HASURA = """
create schema hdb_catalog;
create function hdb_catalog.gen_hasura_uuid() returns uuid as 'select gen_random_uuid()' language sql;
create table hdb_catalog.hdb_version (
  hasura_uuid uuid primary key default hdb_catalog.gen_hasura_uuid(), version text not null,
  upgraded_on timestamptz not null, cli_state jsonb default '{}' not null, console_state jsonb default '{}' not null,
  ee_client_id text, ee_client_secret text);
create unique index hdb_version_one_row on hdb_catalog.hdb_version ((version is not null));
create table hdb_catalog.hdb_metadata (
  id integer primary key, metadata json not null, resource_version integer default 1 not null unique);
create table hdb_catalog.hdb_schema_notifications (
  id integer not null check (id = 1) primary key, notification json not null,
  resource_version integer not null default 1, instance_id uuid not null, updated_at timestamptz default now());
insert into hdb_catalog.hdb_version (version, upgraded_on, cli_state)
values ('48', '2024-01-01Z', '{"migrations": {"default": {"1": false}}}');
insert into hdb_catalog.hdb_metadata values (1, '{"version": 3, "sources": []}', 7);
"""


@pytest.fixture
async def connection(database):
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def test_preparing_twice_keeps_what_is_there(connection):
    await hdb_catalog.prepare(connection)
    await storage.save(connection, Metadata(), based_on=0)
    await hdb_catalog.prepare(connection)
    assert await storage.load(connection) == storage.Stored(Metadata(), 1)
    assert await connection.fetchval("select count(*) from hdb_catalog.hdb_version") == 1


async def test_all_tables_of_hasuras_are_there(connection):
    await hdb_catalog.prepare(connection)
    found = await connection.fetch("select relname from pg_class where relnamespace = 'hdb_catalog'::regnamespace")
    assert {
        "hdb_action_log",
        "hdb_cron_events",
        "hdb_cron_event_invocation_logs",
        "hdb_metadata",
        "hdb_scheduled_events",
        "hdb_scheduled_event_invocation_logs",
        "hdb_schema_notifications",
        "hdb_version",
    } <= {row["relname"] for row in found}


async def test_the_catalogue_of_a_real_hasura_is_taken_over(connection):
    await connection.execute(OF_HASURA)
    before = await connection.fetchrow("select * from hdb_catalog.hdb_version")
    await hdb_catalog.prepare(connection)
    assert await connection.fetchrow("select * from hdb_catalog.hdb_version") == before
    assert await storage.load(connection) == storage.Stored(Metadata(), 7)
    assert (await storage.catalog_state(connection))["cli_state"] == {"migrations": {"default": {"1": False}}}


async def test_the_catalogue_of_an_earlier_v2_is_upgraded(connection):
    await connection.execute(OF_HASURA)
    await connection.execute(
        "update hdb_catalog.hdb_version set version = '47'; alter table hdb_catalog.hdb_version drop ee_client_id"
    )
    await hdb_catalog.prepare(connection)
    row = await connection.fetchrow("select version, ee_client_id from hdb_catalog.hdb_version")
    assert tuple(row) == ("48", None)
    assert await storage.load(connection) == storage.Stored(Metadata(), 7)


@pytest.mark.parametrize(
    ("version", "words"),
    [("49", "a newer version of graphql-engine"), ("41", "Hasura v1"), ("0.8", "Hasura v1"), ("x", "no version")],
)
async def test_the_catalogue_of_another_hasura_is_refused_and_left_alone(connection, version, words):
    await connection.execute(OF_HASURA)
    await connection.execute("update hdb_catalog.hdb_version set version = $1", version)
    with pytest.raises(EngineError) as caught:
        await hdb_catalog.prepare(connection)
    assert caught.value.code == "not-supported"
    assert words in caught.value.message
    assert await connection.fetchval("select version from hdb_catalog.hdb_version") == version
    assert await connection.fetchval("select to_regclass('hdb_catalog.hdb_cron_events')") is None

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest

from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Metadata, Source
from orchestrator.engine.metadata.reader import read_table
from orchestrator.engine.storage import hdb_catalog, storage

CONNECTION = {
    "connection_info": {
        "database_url": "postgres://localhost/db",
        "isolation_level": "read-committed",
        "use_prepared_statements": False,
    }
}
METADATA = Metadata(sources={"default": Source("default", configuration=CONNECTION)})


@pytest.fixture
async def connection(database):
    connection = await asyncpg.connect(database)
    await hdb_catalog.prepare(connection)
    yield connection
    await connection.close()


async def test_an_empty_database_has_no_metadata(connection):
    assert await storage.load(connection) == storage.Stored(Metadata(), 0)


async def test_what_is_saved_is_announced_with_who_saved_it(connection):
    me = uuid4()
    await storage.save(connection, METADATA, based_on=0, instance=me)
    await storage.save(connection, METADATA, based_on=1, instance=me)
    row = await connection.fetchrow(
        "select id, resource_version, instance_id from hdb_catalog.hdb_schema_notifications"
    )
    assert tuple(row) == (1, 2, me)


async def test_each_save_counts_the_resource_version_up(connection):
    assert await storage.save(connection, METADATA, based_on=0) == 1
    assert await storage.save(connection, Metadata(), based_on=1) == 2
    assert await storage.load(connection) == storage.Stored(Metadata(), 2)


async def test_a_decimal_in_a_permission_is_stored_as_it_was_written(connection):
    permission = {"role": "user", "permission": {"columns": "*", "filter": {"rating": {"_gt": Decimal("3.50")}}}}
    table = read_table(JsonValue({"table": "author", "select_permissions": [permission]}))
    source = replace(METADATA.sources["default"], tables={table.name: table})
    await storage.save(connection, METADATA.with_source(source), based_on=0)
    assert "3.50" in await connection.fetchval("select metadata::text from hdb_catalog.hdb_metadata")


@pytest.mark.parametrize("based_on", [0, 1, 3])
async def test_a_save_that_is_not_based_on_the_latest_is_refused(connection, based_on):
    await storage.save(connection, METADATA, based_on=0)
    await storage.save(connection, METADATA, based_on=1)
    with pytest.raises(EngineError) as caught:
        await storage.save(connection, Metadata(), based_on=based_on)
    message = f"metadata resource version referenced ({based_on}) did not match current version"
    assert (caught.value.status, caught.value.code, caught.value.message) == (409, "conflict", message)
    assert await storage.load(connection) == storage.Stored(METADATA, 2)


async def test_the_cli_and_the_console_each_keep_a_state(connection):
    await storage.set_catalog_state(connection, JsonValue({"type": "cli", "state": {"migrations": {"1": False}}}))
    await storage.set_catalog_state(connection, JsonValue({"type": "console", "state": {"onboarding": True}}))
    state = await storage.catalog_state(connection)
    assert state["cli_state"] == {"migrations": {"1": False}}
    assert state["console_state"] == {"onboarding": True}
    assert len(state["id"]) == 36


async def test_another_state_is_refused(connection):
    with pytest.raises(EngineError) as caught:
        await storage.set_catalog_state(connection, JsonValue({"type": "x", "state": {}}, "$.args"))
    assert (caught.value.code, caught.value.path) == ("parse-failed", "$.args.type")

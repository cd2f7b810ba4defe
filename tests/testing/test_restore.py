"""A database is brought back to its template, whatever a test did to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from orchestrator.testing.database import lost
from orchestrator.testing.restore import Template

SCHEMA = """
CREATE TABLE owners (id serial PRIMARY KEY, name text UNIQUE);
CREATE TABLE pets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id integer NOT NULL REFERENCES owners ON DELETE CASCADE,
    name text,
    loud text GENERATED ALWAYS AS (upper(name)) STORED,
    weight double precision,
    tags jsonb
);
CREATE TABLE "Odd ""name" ("a column" text) PARTITION BY LIST ("a column");
CREATE TABLE "Odd part" PARTITION OF "Odd ""name" FOR VALUES IN ('x', 'y');
CREATE TABLE audit (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit VALUES (TG_OP); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON pets FOR EACH ROW EXECUTE FUNCTION note();
CREATE SEQUENCE tickets START 100 INCREMENT 5;
INSERT INTO owners (name) VALUES ('Ada'), ('Bob'), (E'tab\\t, new\\nline and \\\\');
INSERT INTO pets (owner_id, name, weight, tags) VALUES (1, 'Rex', 0.1, '{"a": [1, null]}'), (2, NULL, 1e300, NULL);
INSERT INTO "Odd ""name" VALUES ('x');
SELECT nextval('tickets');
"""
DUMP = """
SELECT (SELECT json_agg(o ORDER BY id) FROM owners o)::text, (SELECT json_agg(p ORDER BY id) FROM pets p)::text,
       (SELECT json_agg(o) FROM "Odd ""name" o)::text, (SELECT json_agg(a) FROM audit a)::text,
       nextval('tickets'), nextval('owners_id_seq'), nextval('pets_id_seq'),
       to_regclass('added')::text, (SELECT count(*) FROM pg_proc WHERE proname = 'note'), current_setting('work_mem')
"""
AS_TEMPLATE_PLUS_ONE = (105, 4, 3)


@pytest_asyncio.fixture
async def template(database: str, tmp_path: Path) -> AsyncIterator[Template]:
    await run(database, SCHEMA)
    template = await Template.take(database, database.rpartition("/")[2], tmp_path)
    yield template
    await template.close()
    await run(database.rpartition("/")[0] + "/postgres", f"DROP DATABASE {template.name}_template WITH (FORCE)")


async def run(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def dump(url: str) -> tuple[Any, ...]:
    """All that can be seen, the next values of the sequences included, which are used up by it."""
    connection = await asyncpg.connect(url)
    try:
        return tuple(await connection.fetchrow(DUMP))
    finally:
        await connection.close()


ROWS = (
    "INSERT INTO owners (name) VALUES ('Carl')",
    "UPDATE pets SET name = 'Max' WHERE id = 1",
    "UPDATE owners SET name = name",
    "DELETE FROM owners WHERE id = 1",
    "DELETE FROM pets; INSERT INTO pets (owner_id, name) VALUES (3, 'Another'), (3, 'One more')",
    "TRUNCATE owners, pets, audit RESTART IDENTITY",
    'INSERT INTO "Odd ""name" VALUES (\'y\')',
    "BEGIN; INSERT INTO pets (owner_id) VALUES (1); ROLLBACK",
    "SELECT setval('tickets', 5)",
    "SELECT nextval('owners_id_seq')",
)
SCHEMA_CHANGES = (
    "CREATE TABLE added (id int); INSERT INTO added VALUES (1)",
    "DROP TABLE pets",
    "DROP TABLE pets; CREATE TABLE pets (id int)",
    "ALTER TABLE pets ADD COLUMN age int",
    "ALTER TABLE pets ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE owners RENAME TO people",
    "DROP FUNCTION note CASCADE",
    "ALTER TABLE pets ENABLE ALWAYS TRIGGER noted; DELETE FROM pets",
    "GRANT SELECT ON pets TO PUBLIC",
    "CREATE MATERIALIZED VIEW added AS SELECT 1 AS one",
)


@pytest.mark.parametrize(
    ("changes", "outcome"), [(("SELECT 1",), "nothing"), (ROWS, "rows"), (SCHEMA_CHANGES, "everything")]
)
async def test_it_is_as_before_whatever_was_done(template: Template, changes: tuple[str, ...], outcome: str) -> None:
    before = await dump(template.url)
    assert before[4:7] == AS_TEMPLATE_PLUS_ONE
    await template.put_back()
    for statements in changes:
        await run(template.url, statements)
        assert await template.put_back() == outcome, statements
        assert await dump(template.url) == before, statements
        assert await template.put_back() == "rows"  # The sequences were asked.
        assert await template.put_back() == "nothing"


async def test_what_was_put_back_once_is_put_back_again(template: Template) -> None:
    before = await dump(template.url)
    for _ in range(3):
        await template.put_back()
        await run(template.url, "DELETE FROM owners; INSERT INTO owners (id, name) VALUES (1, 'Dan')")
        await template.put_back()
        assert await dump(template.url) == before


async def test_a_test_that_still_writes_is_waited_for(template: Template) -> None:
    connection = await asyncpg.connect(template.url)
    await connection.execute("BEGIN; INSERT INTO owners (name) VALUES ('late')")
    putting_back = asyncio.create_task(template.put_back())
    await asyncio.sleep(0.05)
    await connection.execute("COMMIT")
    await connection.close()
    assert await putting_back == "rows"
    await run(template.url, "INSERT INTO owners (name) VALUES ('late')")  # It is unique.


async def test_a_transaction_that_was_left_open_is_ended(template: Template) -> None:
    connection = await asyncpg.connect(template.url)
    await connection.execute("BEGIN; DELETE FROM owners")
    assert await template.put_back() == "nothing"
    with pytest.raises(lost()):
        await connection.fetchval("SELECT 1")
    connection.terminate()


async def test_it_comes_back_when_its_connection_was_lost(template: Template) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    before = await dump(template.url)
    await run(template.url, f"DELETE FROM owners; {others} AND pid <> pg_backend_pid()")
    assert await template.put_back() == "rows"
    assert await dump(template.url) == before

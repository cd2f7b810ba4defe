"""The engine's connections to PostgreSQL."""

from __future__ import annotations

import pytest

from orchestrator.engine.db import UNLIMITED, Database
from orchestrator.engine.errors import EngineError


async def test_a_statement_that_takes_too_long_is_stopped_and_the_connection_serves_on(module_database: str) -> None:
    database = Database(module_database, connections=1, seconds=1)
    try:
        with pytest.raises(EngineError) as caught:
            await database.fetch_row("select pg_sleep(600)::text", ())
        assert caught.value.code == "time-limit-exceeded"
        assert (await database.fetch_row("select $1::text", ("1",)))[0] == "1"
    finally:
        await database.close()


async def test_whoever_lifts_the_limit_has_it_back_after_a_reset(module_database: str) -> None:
    database = Database(module_database, connections=1)
    try:
        async with database.connection() as connection:
            await connection.execute(UNLIMITED)
            assert await connection.fetchval("show statement_timeout") == "0"
            await connection.reset()
            assert await connection.fetchval("show statement_timeout") == "1min"
    finally:
        await database.close()

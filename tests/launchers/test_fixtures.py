"""The fixtures that every room's tests build on."""

from __future__ import annotations

import asyncpg


async def test_a_database_is_real_empty_and_utf8(database: str) -> None:
    connection = await asyncpg.connect(database)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    encoding = await connection.fetchval("SHOW server_encoding")
    await connection.close()
    assert (tables, encoding) == ([], "UTF8")


async def test_a_database_with_an_open_connection_can_be_dropped(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE left_behind ()")
    connection.terminate()

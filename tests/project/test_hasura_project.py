"""Tests for the Hasura CLI project as a whole, this repository's own among them."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from orchestrator.errors import StackError
from orchestrator.project import hasura_project, metadata_apply, migrate
from orchestrator.project.hasura import Hasura
from orchestrator.project.hasura_project import Project

from .conftest import OWN, Write
from .hasura_server import HasuraServer


def test_our_own_project_is_applied_and_a_second_time_changes_nothing(
    own_project: Project, hasura: Hasura, server: HasuraServer
) -> None:
    assert server.metadata == own_project.metadata.document
    assert migrate.apply(hasura, own_project.migrations) == ()
    assert metadata_apply.apply(hasura, own_project.metadata) is False


def test_our_own_migrations_can_be_taken_back(own_project: Project, hasura: Hasura, server: HasuraServer) -> None:
    for migration in reversed(own_project.migrations):
        hasura.run_sql(migration.source, migration.down or "")
    assert server.query("select relname from pg_class where relnamespace = 'public'::regnamespace") == []
    assert server.query("select proname from pg_proc where pronamespace = 'public'::regnamespace") == []


def test_anonymous_may_see_neither_e_mail_nor_user_name() -> None:
    [source] = hasura_project.read(OWN).metadata.sources
    seen = {
        (table["table"]["name"], column)
        for table in source["tables"]
        for permission in table.get("select_permissions", [])
        if permission["role"] == "anonymous"
        for column in permission["permission"]["columns"]
    }
    assert seen == {("public_profiles", column) for column in ("id", "display_name", "avatar_url")}


def test_only_users_with_a_display_name_have_a_public_profile(
    own_project: Project, hasura: Hasura, server: HasuraServer
) -> None:
    hasura.run_sql(
        "default", "insert into users (id, username, display_name) values ('1', 'a', 'Ada'), ('2', 'b', null)"
    )
    assert server.query("select id, display_name, avatar_url from public_profiles") == [("1", "Ada", None)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", ""),
        ("display_name", ""),
        ("display_name", "   "),
        ("display_name", "x" * 81),
        ("avatar_url", "javascript:alert(1)"),
        ("avatar_url", "https://" + "x" * 2048),
    ],
)
def test_the_users_table_refuses(own_project: Project, server: HasuraServer, column: str, value: str) -> None:
    async def insert() -> None:
        connection = await asyncpg.connect(server.database)
        try:
            row = {"id": "1", "username": "ada", column: value}
            names = ", ".join(row)
            values = ", ".join(f"${number}" for number in range(1, len(row) + 1))
            await connection.execute(f"insert into users ({names}) values ({values})", *row.values())
        finally:
            await connection.close()

    with pytest.raises(asyncpg.CheckViolationError):
        asyncio.run(insert())


def test_updated_at_moves_with_a_change_only(own_project: Project, hasura: Hasura, server: HasuraServer) -> None:
    hasura.run_sql("default", "insert into users (id, username, updated_at) values ('1', 'ada', 'epoch')")
    hasura.run_sql("default", "update users set username = 'ada'")
    assert server.query("select updated_at = 'epoch' from users") == [(True,)]
    hasura.run_sql("default", "update users set username = 'grace'")
    assert server.query("select updated_at = 'epoch' from users") == [(False,)]


def test_migrations_of_no_source_are_told(write: Write) -> None:
    root = write(
        {
            "config.yaml": "version: 3\n",
            "metadata/version.yaml": "version: 3\n",
            "metadata/databases/databases.yaml": "- name: main\n",
            "migrations/default/100_a/up.sql": "",
        }
    )
    with pytest.raises(StackError, match=r"migrations/default belongs to no source .* of their source: main"):
        hasura_project.read(root)

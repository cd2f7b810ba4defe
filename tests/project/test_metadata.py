"""Tests for reading the metadata folder and applying it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import StackError
from orchestrator.project import inconsistencies, metadata, metadata_apply
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.metadata import Metadata

from .conftest import Write
from .hasura_server import HasuraServer

FILES = {
    "metadata/version.yaml": "version: 3\n",
    "metadata/databases/databases.yaml": (
        "- name: default\n"
        "  kind: postgres\n"
        "  configuration:\n"
        "    connection_info:\n"
        "      database_url:\n"
        "        from_env: PG_DATABASE_URL\n"
        '  tables: "!include default/tables/tables.yaml"\n'
    ),
    "metadata/databases/default/tables/tables.yaml": '- "!include public_users.yaml"\n- table: posts\n',
    "metadata/databases/default/tables/public_users.yaml": (
        "table:\n"
        "  name: users\n"
        "  schema: public\n"
        "object_relationships:\n"
        "  - name: profile\n"
        "    using: {foreign_key_constraint_on: profile_id}\n"
        "select_permissions:\n"
        "  - role: anonymous\n"
        "    permission: {columns: [name], filter: {}}\n"
        "  - role: user\n"
        "    permission:\n"
        "      columns:\n"
        "        - gone\n"
        "      filter: {}\n"
        "update_permissions:\n"
        "  - role: user\n"
        "    permission: {columns: [name], filter: {}}\n"
    ),
}
USERS = {"name": "users", "schema": "public"}


def read(root: Path) -> Metadata:
    return metadata.read(root / "metadata", root)


def test_the_folder_is_one_document(write: Write) -> None:
    files = {
        "metadata/actions.yaml": "actions: []\ncustom_types:\n  enums: []\n  objects: []\n",
        "metadata/allow_list.yaml": "- collection: allowed\n",
        "metadata/network.yaml": "{}\n",
        "metadata/cron_triggers.yaml": "",
    }
    document = read(write(FILES | files)).document
    assert set(document) == {"version", "sources", "allowlist"}
    assert document["allowlist"] == [{"collection": "allowed"}]
    [source] = read(write({})).sources
    assert [table["table"] for table in source["tables"]] == [USERS, "posts"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"metadata/version.yaml": "version: 2\n"}, "metadata/version.yaml:1: the metadata must have `version: 3`"),
        ({"metadata/version.yaml": "- 3\n"}, "metadata/version.yaml:1: a mapping is expected"),
        (
            {"metadata/actions.yaml": "custom_types: {}\nactions:\n- name: a\n"},
            "metadata/actions.yaml:3: the action a needs a `definition`",
        ),
        ({"metadata/databases/databases.yaml": "a: 1\n"}, "databases.yaml:1: a list of sources"),
        ({"metadata/databases/databases.yaml": "- kind: postgres\n"}, "databases.yaml:1: a source needs a `name`"),
        ({"metadata/databases/default/tables/public_users.yaml": "tabel: x\n"}, "public_users.yaml:1: a table needs"),
        ({"metadata/databases/default/tables/tables.yaml": '- "!include gone.yaml"\n'}, "tables.yaml:1 includes"),
    ],
)
def test_a_file_of_the_wrong_shape_is_named(write: Write, files: dict[str, str], message: str) -> None:
    with pytest.raises(StackError, match=message):
        read(write(FILES | files))


def test_a_folder_without_version_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"No version.yaml in .*/metadata. Write `version: 3`"):
        read(tmp_path)


def test_a_missing_source_is_added_without_its_tables(write: Write, hasura: Hasura, server: HasuraServer) -> None:
    server.sources = ()
    assert metadata_apply.ensure_sources(hasura, read(write(FILES))) == ("default",)
    assert metadata_apply.ensure_sources(hasura, read(write(FILES))) == ()
    assert server.commands.count("pg_add_source") == 1


def test_the_whole_document_replaces_the_metadata(write: Write, hasura: Hasura, server: HasuraServer) -> None:
    found = read(write(FILES))
    assert metadata_apply.apply(hasura, found) is True
    assert server.metadata == found.document


def test_the_same_metadata_is_applied_again_only_where_it_became_inconsistent(
    write: Write, hasura: Hasura, server: HasuraServer
) -> None:
    found = read(write(FILES))
    metadata_apply.apply(hasura, found)
    assert metadata_apply.apply(hasura, found) is False
    server.inconsistent = {"internal": [{"type": "table", "definition": USERS, "reason": "dropped by hand"}]}
    with pytest.raises(StackError, match="dropped by hand"):
        metadata_apply.apply(hasura, found)


@pytest.mark.parametrize(
    ("inconsistent", "told"),
    [
        (
            {"type": "table", "definition": USERS, "reason": "no such table"},
            "metadata/databases/default/tables/public_users.yaml:1: table public.users: no such table",
        ),
        (
            {"type": "table", "definition": "posts", "reason": "no such table"},
            "metadata/databases/default/tables/tables.yaml:2: table public.posts: no such table",
        ),
        (
            {
                "type": "select_permission",
                "definition": {"source": "default", "table": USERS, "role": "user", "permission": {}},
                "reason": 'Inconsistent object: in table "users": no column "gone"',
            },
            'public_users.yaml:13: select permission user of public.users: in table "users": no column "gone"',
        ),
        (
            {
                "type": "update_permission",
                "definition": {"table": "users", "role": "user"},
                "reason": "no",
            },
            "public_users.yaml:16: update permission user of public.users: no",
        ),
        (
            {
                "type": "object_relation",
                "definition": {"table": USERS, "name": "profile", "using": {}},
                "reason": "no foreign constraint",
            },
            "public_users.yaml:5: object relation profile of public.users: no foreign constraint",
        ),
        (
            {"type": "source", "definition": "default", "reason": "refused", "message": {"message": "password"}},
            "metadata/databases/databases.yaml:1: source default: refused: password",
        ),
        (
            {
                "type": "remote_schema",
                "name": "remote_schema weather",
                "definition": {"name": "weather"},
                "reason": "x",
            },
            "metadata/version.yaml:1: remote schema remote_schema weather: x",
        ),
    ],
)
def test_an_inconsistent_object_is_told_with_its_file_and_reason(
    write: Write, hasura: Hasura, server: HasuraServer, inconsistent: dict[str, Any], told: str
) -> None:
    server.inconsistent = {"internal": [inconsistent]}
    with pytest.raises(StackError) as caught:
        metadata_apply.apply(hasura, read(write(FILES)))
    assert told in caught.value.message
    assert server.metadata is None


def test_every_inconsistent_object_is_told(write: Write, hasura: Hasura, server: HasuraServer) -> None:
    tables = [{"type": "table", "definition": name, "reason": "gone"} for name in (USERS, "posts")]
    server.inconsistent = {"internal": {"inconsistent_objects": tables}}
    with pytest.raises(StackError) as caught:
        metadata_apply.apply(hasura, read(write(FILES)))
    assert len([line for line in caught.value.message.splitlines() if line.endswith(": gone")]) == 2


def test_a_mistake_in_the_documents_shape_is_found_by_hasuras_path(write: Write) -> None:
    answer = {
        "error": 'key "columns" not found',
        "code": "parse-failed",
        "path": "$.args.metadata.sources[0].tables[0]['select_permissions'][1].permission",
    }
    error = inconsistencies.refused(read(write(FILES)), HasuraError(answer))
    assert error.message == (
        'metadata/databases/default/tables/public_users.yaml:11: Hasura refused the metadata. key "columns" not found'
    )

"""The project applied to the embedded engine, a process of its own, over a real PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers.ports import free_ports
from orchestrator.project import catalogue, metadata, metadata_apply, metadata_files, migrate, migrations, seeds
from orchestrator.project import hasura as hasura_client
from orchestrator.project.hasura import Hasura
from orchestrator.project.hasura_project import Project

from .conftest import OWN, Write

SECRET = "an admin secret"
ADA = "00000000-0000-4000-8000-000000000001"
GRACE = "00000000-0000-4000-8000-000000000002"


@pytest.fixture
def hasura(database: str, tmp_path: Path) -> Iterator[Hasura]:
    """The engine, in the place of the small server of the other tests."""
    log = tmp_path / "engine.log"
    environment = {
        **os.environ,
        "PG_DATABASE_URL": database,
        "HASURA_GRAPHQL_METADATA_DATABASE_URL": database,
        "HASURA_GRAPHQL_ADMIN_SECRET": SECRET,
        "HASURA_GRAPHQL_UNAUTHORIZED_ROLE": "anonymous",
    }
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "orchestrator.engine", "serve", "--server-port", str(port)]
    with log.open("wb") as out, subprocess.Popen(argv, env=environment, stdout=out, stderr=out) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            with hasura_client.connect(url, SECRET) as client:
                yield client
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    with httpx.Client(base_url=url) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if client.get("/healthz").is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
    raise AssertionError(log.read_text())


def ask(hasura: Hasura, query: str, **session: str) -> Any:
    """The data of a query, asked as a role with these session variables; the errors where there are some."""
    headers = {f"x-hasura-{name.replace('_', '-')}": value for name, value in session.items()}
    answer = hasura.client.post("/v1/graphql", json={"query": query}, headers=headers).json()
    return answer["errors"] if "errors" in answer else answer["data"]


def test_our_own_metadata_exports_as_the_files_it_was_read_from(own_project: Project, hasura: Hasura) -> None:
    exported = hasura.metadata("export_metadata")
    files = metadata_files.files(exported)
    folder = own_project.config.metadata
    on_disk = {file.relative_to(folder): file.read_text() for file in folder.rglob("*") if file.is_file()}
    assert files == on_disk
    assert metadata_apply.apply(hasura, own_project.metadata) is False


def test_a_user_reads_and_edits_only_the_own_row(own_project: Project, hasura: Hasura) -> None:
    seeds.apply(hasura, seeds.read(OWN / "seeds", OWN))
    ada = {"role": "user", "user_id": ADA}
    assert ask(hasura, "{ users { username email public_profile { display_name } } }", **ada) == {
        "users": [{"username": "ada", "email": "ada@example.com", "public_profile": {"display_name": "Ada Lovelace"}}]
    }
    rename = 'mutation { update_users(where: {}, _set: {display_name: "A"}) { affected_rows } }'
    assert ask(hasura, rename, **ada) == {"update_users": {"affected_rows": 1}}
    assert ask(hasura, "{ public_profiles(order_by: {id: asc}) { display_name user { email } } }", **ada) == {
        "public_profiles": [
            {"display_name": "A", "user": {"email": "ada@example.com"}},
            {"display_name": "Grace Hopper", "user": None},
        ]
    }


def test_a_user_may_do_nothing_else(own_project: Project, hasura: Hasura) -> None:
    for query in (
        'mutation { update_users(where: {}, _set: {email: "x@example.com"}) { affected_rows } }',
        'mutation { insert_users_one(object: {id: "x", username: "x"}) { id } }',
        "mutation { delete_users(where: {}) { affected_rows } }",
    ):
        [error] = ask(hasura, query, role="user", user_id=ADA)
        assert error["extensions"]["code"] == "validation-failed"


def test_anonymous_sees_public_profiles_only(own_project: Project, hasura: Hasura) -> None:
    seeds.apply(hasura, seeds.read(OWN / "seeds", OWN))
    assert ask(hasura, "{ public_profiles(order_by: {id: asc}) { id display_name } }", role="anonymous") == {
        "public_profiles": [{"id": ADA, "display_name": "Ada Lovelace"}, {"id": GRACE, "display_name": "Grace Hopper"}]
    }
    for query in ("{ users { id } }", "{ public_profiles { user { email } } }"):
        [error] = ask(hasura, query, role="anonymous")
        assert error["extensions"]["code"] == "validation-failed"


def test_a_failing_migration_is_told_with_its_line_and_rolled_back(
    write: Write, hasura: Hasura, own_project: Project
) -> None:
    root = write(
        {
            "migrations/default/1767225700000_notes/up.sql": (
                "create table notes (id int);\n\nalter table notes\n  add column owner text references nobody;\n"
            )
        }
    )
    found = migrations.read(root / "migrations", root)
    with pytest.raises(StackError) as caught:
        migrate.apply(hasura, found)
    assert caught.value.message == (
        'migrations/default/1767225700000_notes/up.sql:4: relation "nobody" does not exist (42P01).'
    )
    assert catalogue.recorded(hasura) == {"default": {own_project.migrations[0].version: False}}
    write({"migrations/default/1767225700000_notes/up.sql": "create table notes (id int);"})
    assert [each.name for each in migrate.apply(hasura, migrations.read(root / "migrations", root))] == ["notes"]


def test_metadata_that_names_what_is_missing_is_told_with_its_line_and_not_applied(
    write: Write, hasura: Hasura, own_project: Project
) -> None:
    folder = own_project.config.metadata
    files = {str(file.relative_to(OWN)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    users = "metadata/databases/default/tables/public_users.yaml"
    before = hasura.metadata("export_metadata")
    for old, new, told in (
        ("        - email\n", "        - e_mail\n", "select permission user of public.users"),
        ("  name: users\n", "  name: persons\n", "table public.persons"),
        ("          id: id\n", "          id: key\n", "object relation public_profile of public.users"),
    ):
        line = files[users].partition(old)[0].count("\n") + 1
        root = write({**files, users: files[users].replace(old, new, 1)})
        with pytest.raises(StackError, match=f"{users}:{line}: {told}: "):
            metadata_apply.apply(hasura, metadata.read(root / "metadata", root))
    assert hasura.metadata("export_metadata") == before


def test_what_the_engine_keeps_without_acting_on_it_is_applied_and_told(
    write: Write, own_project: Project, hasura: Hasura
) -> None:
    folder = own_project.config.metadata
    files = {str(file.relative_to(OWN)): file.read_text() for file in folder.rglob("*") if file.is_file()}
    cron = "- name: nightly\n  webhook: http://x\n  schedule: 0 0 * * *\n  include_in_metadata: true\n"
    root = write({**files, "metadata/cron_triggers.yaml": cron})
    found = metadata.read(root / "metadata", root)
    assert metadata_apply.apply(hasura, found) is True
    assert metadata_apply.without_effect(hasura) == ("cron trigger nightly",)
    assert metadata_apply.apply(hasura, found) is False
    metadata_apply.apply(hasura, own_project.metadata)
    assert metadata_apply.without_effect(hasura) == ()

"""The users table on a disk without room: a tablespace on a small file system in memory, which root may mount."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestrator.testing import Database, SignIn, Stack
from tests.cli.conftest import Project as Cli
from tests.sync.conftest import RowOf, create, log_of
from tests.sync.failing import EMAIL, repaired


@pytest.fixture
def ballast(stack: Stack, database: Database, tmp_path: Path) -> Iterator[Path]:
    """What fills the disk of the users table until it is removed."""
    if stack.backend != "embedded":
        pytest.skip("PostgreSQL does not run on this machine's file systems.")
    disk = tmp_path / "disk"
    disk.mkdir()
    with ExitStack() as undo:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "none", disk], capture_output=True, text=True
        )
        if mounted.returncode != 0:
            pytest.skip(f"A small file system can't be mounted: {mounted.stderr.strip()}")
        undo.callback(subprocess.run, ["umount", "--lazy", disk], check=True)
        owner = (stack.layout.state / "postgres").stat()
        os.chown(disk, owner.st_uid, owner.st_gid)
        database.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        undo.callback(database.execute, "DROP TABLESPACE small")
        # No page with room for a row is taken along.
        database.execute("TRUNCATE users; ALTER TABLE users SET TABLESPACE small")
        undo.callback(database.execute, "ALTER TABLE users SET TABLESPACE pg_default")
        ballast = disk / "ballast"
        undo.callback(ballast.unlink, missing_ok=True)
        with ballast.open("wb") as file:
            left = os.statvfs(disk)
            os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_frsize)
        yield ballast


def test_a_full_disk_lets_the_user_sign_in_and_users_sync_repairs_the_row_when_there_is_room(
    ballast: Path, stack: Stack, sign_in: SignIn, database: Database, cli: Cli, row: RowOf
) -> None:
    sub = create(stack, EMAIL)
    assert sign_in(EMAIL).sub == sub
    assert database.rows("SELECT id FROM users") == []
    assert "Hasura refused the mutation: database query error: could not extend file" in log_of(stack, sub)[0]["error"]
    assert "No space left on device" in cli.fails("users", "sync")
    ballast.unlink()
    assert repaired(cli, row, sub)

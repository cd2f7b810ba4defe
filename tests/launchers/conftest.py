"""Children of the test's own, and small real services for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.launchers.child import Children
from orchestrator.services.postgres import PostgresBinaries
from orchestrator.services.spec import DataDirectory

from .services import PASSWORD


@pytest.fixture(autouse=True)
def no_leftovers(tmp_path: Path) -> Iterator[None]:
    """pytest keeps temporary folders of several runs, and a data directory has 40 MB."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    stack = Children(tmp_path / "state")
    yield stack
    stack.close()


@pytest.fixture
def data(tmp_path: Path, binaries: PostgresBinaries) -> DataDirectory:
    return DataDirectory(
        path=tmp_path / "state" / "postgres",
        binaries=binaries.bin,
        version=binaries.version,
        superuser="postgres",
        password=PASSWORD,
        databases=("app",),
    )

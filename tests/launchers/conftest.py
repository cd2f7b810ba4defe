"""Children of the test's own, and small real services for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.launchers.child import Children


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    stack = Children(tmp_path / "state")
    yield stack
    stack.close()

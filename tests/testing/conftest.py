"""A project to run pytest on: that of the examples."""

from __future__ import annotations

import shutil
from pathlib import Path

# pytester forgets the modules that a run in this process was the first to load. httpx loads httpcore late and remembers
# its errors: forgotten and loaded anew, they would be other ones for all tests after.
import httpcore  # noqa: F401
import pytest

from tests.examples.conftest import PROJECT


@pytest.fixture
def todos(pytester: pytest.Pytester) -> Path:
    """The folder that pytest is to run in, which is a project; to be changed at will."""
    shutil.copytree(PROJECT, pytester.path, dirs_exist_ok=True)
    return pytester.path

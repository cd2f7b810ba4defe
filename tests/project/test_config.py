"""Tests for the project's config.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import config

from .conftest import Write


def test_the_folders_are_those_of_the_hasura_cli(write: Write) -> None:
    root = write({"config.yaml": "version: 3\nmetadata_directory: hasura/metadata\n"})
    assert config.read(root) == config.Config(
        root=root,
        metadata=root / "hasura/metadata",
        migrations=root / "migrations",
        seeds=root / "seeds",
        endpoint="http://localhost:8080",
    )


def test_the_root_is_found_from_a_folder_inside(write: Write) -> None:
    root = write({"config.yaml": "version: 3\n", "lambdas/user_sync/app.py": ""})
    assert config.find_root(root / "lambdas" / "user_sync") == root


def test_a_missing_config_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=f"No config.yaml found: looked in {tmp_path}"):
        config.find_root(tmp_path)
    with pytest.raises(StackError, match=f"No config.yaml in {tmp_path}"):
        config.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 2\n", "config.yaml:1: only `version: 3`"),
        ("", "config.yaml:1: config.yaml must be a mapping"),
        ("version: 3\nmetadata_directory: [a]\n", "config.yaml:2: metadata_directory must be a text"),
        ("version: 3\n\tendpoint: x\n", r"config.yaml:2 is not YAML: .* YAML allows no tab"),
    ],
)
def test_a_mistake_in_config_is_told_with_its_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(StackError, match=message):
        config.read(write({"config.yaml": text}))

"""Tests for the project's config.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.project import config
from orchestrator.project.trust import Trust

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


def test_the_variables_of_the_hasura_cli_beat_the_file_and_those_of_the_process_beat_env(write: Write) -> None:
    root = write(
        {
            "config.yaml": 'version: "3"\nmetadata_directory: a\nseeds_directory: /a\n',
            ".env": "HASURA_GRAPHQL_METADATA_DIRECTORY=b\nHASURA_GRAPHQL_MIGRATIONS_DIRECTORY=b\n",
        }
    )
    read = config.read(root, {"HASURA_GRAPHQL_METADATA_DIRECTORY": "c"})
    assert (read.metadata, read.migrations, read.seeds) == (root / "c", root / "b", root / "a")


@pytest.mark.parametrize(
    "text",
    ["admin_secret: the secret\naccess_key: old", "access_key: the secret", "admin_secrets: [the secret, another]"],
)
def test_each_way_to_write_the_admin_secret_counts(write: Write, text: str) -> None:
    assert config.read(write({"config.yaml": f"version: 3\n{text}\n"})).admin_secret == "the secret"


def test_who_is_trusted_is_read(write: Write) -> None:
    root = write({"config.yaml": "version: 3\ncertificate_authority: certs/ca.pem\n"})
    assert config.read(root, {}).trust == Trust(root / "certs/ca.pem")
    assert config.read(root, {"HASURA_GRAPHQL_INSECURE_SKIP_TLS_VERIFY": "true"}).trust.anyone


def test_what_is_the_default_anyway_is_no_mistake(write: Write) -> None:
    text = "version: 3\napi_paths: {v1_metadata: v1/metadata, query: v1/query}\nactions: {kind: synchronous}\nmine: 1\n"
    assert config.read(write({"config.yaml": text}), {})


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
        (
            "version: 3\nmetadata_file: m.json\n",
            r"config.yaml:2: metadata in one file \(metadata_file\) is not supported",
        ),
        ("version: 3\nmigration_directory: m\n", "config.yaml:2: unknown key migration_directory"),
        (
            "version: 3\napi_paths:\n  v1_metadata: other\n",
            "config.yaml:3: v1_metadata can't be another than v1/metadata",
        ),
        ("version: 3\nadmin_secrets: s\n", "config.yaml:2: admin_secrets must be a list"),
        ("version: 3\n\tendpoint: x\n", r"config.yaml:2 is not YAML: .* YAML allows no tab"),
    ],
)
def test_a_mistake_in_config_is_told_with_its_line(write: Write, text: str, message: str) -> None:
    with pytest.raises(StackError, match=message):
        config.read(write({"config.yaml": text}))

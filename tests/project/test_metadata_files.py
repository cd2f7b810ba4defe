"""Tests for metadata as the files of the Hasura CLI."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from orchestrator.errors import StackError
from orchestrator.project import metadata, metadata_files

OWN = Path(__file__).parents[2] / "metadata"


def test_our_own_folder_is_what_an_export_writes() -> None:
    files = metadata_files.files(metadata.read(OWN, OWN.parent).document)
    on_disk = {file.relative_to(OWN): file.read_text() for file in OWN.rglob("*") if file.is_file()}
    assert files == on_disk


def test_functions_and_quoted_names_have_files_of_their_own() -> None:
    source = {
        "name": "main",
        "kind": "postgres",
        "tables": [{"table": {"name": "Order Items", "schema": "app"}}, {"table": "plain"}],
        "functions": [{"function": {"name": "search", "schema": "public"}}],
        "configuration": {"connection_info": {}},
    }
    files = metadata_files.files({"version": 3, "sources": [source]})
    assert files[Path("databases/databases.yaml")] == (
        "- name: main\n"
        "  kind: postgres\n"
        "  configuration:\n"
        "    connection_info: {}\n"
        '  tables: "!include main/tables/tables.yaml"\n'
        '  functions: "!include main/functions/functions.yaml"\n'
    )
    assert files[Path("databases/main/tables/tables.yaml")] == (
        '- "!include app_Order Items.yaml"\n- "!include public_plain.yaml"\n'
    )
    assert files[Path("databases/main/tables/app_Order Items.yaml")] == "table:\n  name: Order Items\n  schema: app\n"
    assert files[Path("databases/main/functions/public_search.yaml")] == (
        "function:\n  name: search\n  schema: public\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("X-Hasura-User-Id", "X-Hasura-User-Id"),
        ("", '""'),
        ("*", "'*'"),
        ("true", '"true"'),
        ("yes", '"yes"'),
        ("n", '"n"'),
        ("12", '"12"'),
        ("2012-10-17", '"2012-10-17"'),
        ("null", '"null"'),
        ("a: b", "'a: b'"),
        ("it's", "it's"),
        ("grün", "grün"),
        ("x" * 200 + " y", "x" * 200 + " y"),
        ("one\ntwo", "|-\n  one\n  two"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
    ],
)
def test_scalars_are_quoted_as_the_hasura_cli_does(value: object, text: str) -> None:
    files = metadata_files.files({"network": {"a": value}})
    assert files[Path("network.yaml")] == f"a: {text}\n"
    assert yaml.safe_load(files[Path("network.yaml")]) == {"a": value}


def test_only_files_that_differ_are_written(tmp_path: Path) -> None:
    document = {"version": 3, "sources": []}
    assert tmp_path / "version.yaml" in metadata_files.write(tmp_path, document)
    assert metadata_files.write(tmp_path, document) == ()
    (tmp_path / "network.yaml").write_text("tls_allowlist: []\n")
    assert metadata_files.write(tmp_path, document) == (tmp_path / "network.yaml",)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    document = metadata.read(OWN, OWN.parent).document
    metadata_files.write(tmp_path / "metadata", document)
    assert metadata.read(tmp_path / "metadata", tmp_path).document == document


def test_actions_are_refused() -> None:
    with pytest.raises(StackError, match="Actions cannot be exported here"):
        metadata_files.files({"actions": [{"name": "a"}]})

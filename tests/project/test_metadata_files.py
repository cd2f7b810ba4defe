"""Tests for metadata as the files of the Hasura CLI."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.project import metadata, metadata_export, metadata_files, yaml_tree

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


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    document = metadata.read(OWN, OWN.parent).document
    metadata_export.write(tmp_path / "metadata", tmp_path, document)
    assert metadata.read(tmp_path / "metadata", tmp_path).document == document


def test_two_tables_of_one_file_name_keep_a_file_each() -> None:
    tables = [{"table": {"schema": schema, "name": name}} for schema, name in (("a", "b_c"), ("a_b", "c"))]
    files = metadata_files.files({"sources": [{"name": "main", "tables": tables}]})
    assert files[Path("databases/main/tables/tables.yaml")] == '- "!include a_b_c.yaml"\n- "!include a_b_c_2.yaml"\n'
    assert files[Path("databases/main/tables/a_b_c_2.yaml")] == "table:\n  schema: a_b\n  name: c\n"


def test_a_remote_schema_is_written_with_its_keys_in_the_clis_order_and_its_roles_schema_printed() -> None:
    schema = "type Query { rain(at: String): Int }  schema { query: Query }"
    remote = {
        "comment": "where it rains",
        "definition": {"url": "http://weather"},
        "name": "weather",
        "permissions": [{"role": "user", "definition": {"schema": schema}}],
    }
    files = metadata_files.files({"remote_schemas": [remote]})
    assert (
        files[Path("remote_schemas.yaml")]
        == """\
- name: weather
  definition:
    url: http://weather
  comment: where it rains
  permissions:
    - role: user
      definition:
        schema: |
          schema {
            query: Query
          }
          type Query {
            rain(at: String): Int
          }
"""
    )


SCALARS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30),
    st.from_regex(r"[-+.0-9eExo_:~!]{1,8}", fullmatch=True),
    st.sampled_from(["yes", "on", "~", "null", "0o17", "1e3", ".5", "a\tb", "- a", "# a", "a: b"]),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
KEYS = st.text("ab_-$", min_size=1)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(VALUES)
@example("one\n  two\n")
@example("\n")
@example(" one\ntwo")
@example("one \ntwo\n\n")
@example("\x85")
@example("one\r\ntwo\u2028")
def test_whatever_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    file = tmp_path_factory.getbasetemp() / "network.yaml"
    text = metadata_files.files({"network": {"a": value}})[Path("network.yaml")]
    file.write_text(text, encoding="utf-8")
    assert yaml_tree.read(file, file.parent).value == {"a": value}

"""Tests for YAML with places and includes."""

from __future__ import annotations

import pytest

from orchestrator.errors import StackError
from orchestrator.project import yaml_tree

from .conftest import Write


@pytest.mark.parametrize("form", ['"!include tables/users.yaml"', "!include tables/users.yaml"])
def test_both_forms_of_include_are_followed(write: Write, form: str) -> None:
    root = write({"all.yaml": f"tables: {form}\n", "tables/users.yaml": "table:\n  name: users\n"})
    tree = yaml_tree.read(root / "all.yaml", root)
    assert tree.value == {"tables": {"table": {"name": "users"}}}
    assert str(tree.place(("tables", "table", "name"))) == "tables/users.yaml:2"
    assert str(tree.place(("tables",))) == "tables/users.yaml:1"


def test_an_include_is_relative_to_the_file_that_has_it(write: Write) -> None:
    root = write(
        {
            "a.yaml": '"!include deep/b.yaml"\n',
            "deep/b.yaml": '- "!include c.yaml"\n',
            "deep/c.yaml": "5\n",
        }
    )
    assert yaml_tree.read(root / "a.yaml", root).value == [5]


def test_a_place_that_is_not_noted_is_the_nearest_around(write: Write) -> None:
    root = write({"a.yaml": "one:\n  two: 2\n"})
    assert yaml_tree.read(root / "a.yaml", root).place(("one", "three", 4)).line == 1


def test_scalars_are_read_as_the_hasura_cli_reads_them(write: Write) -> None:
    text = "[yes, on, 2012-10-17, 12:30, true, null, 0x10, 1.5, '1', 08, ~]\n"
    value = yaml_tree.read(write({"a.yaml": text}) / "a.yaml", write({})).value
    assert value == ["yes", "on", "2012-10-17", "12:30", True, None, 16, 1.5, "1", "08", None]


def test_anchors_and_merges_are_followed(write: Write) -> None:
    root = write({"a.yaml": "base: &base {a: 1, b: 2}\nmore:\n  <<: *base\n  b: 3\n"})
    assert yaml_tree.read(root / "a.yaml", root).value == {"base": {"a": 1, "b": 2}, "more": {"a": 1, "b": 3}}


def test_a_tag_is_short_for_a_key_and_keeps_the_lines_inside(write: Write) -> None:
    root = write({"a.yaml": "x: !Join\n  - ','\n  - - a\n    - !Ref B\n"})
    tree = yaml_tree.read(root / "a.yaml", root, tags={"!Join": "Fn::Join", "!Ref": "Ref"})
    assert tree.value == {"x": {"Fn::Join": [",", ["a", {"Ref": "B"}]]}}
    assert tree.place(("x", "Fn::Join", 1, 1, "Ref")).line == 4


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.yaml": "a: 1\nb: 2\na: 3\n"}, "a.yaml:3: the key 'a' is written twice"),
        ({"a.yaml": "a:\n\t- b\n"}, "a.yaml:2 is not YAML: .* YAML allows no tab as indentation"),
        ({"a.yaml": "a:\n  b: 1\n\tc: 2\n"}, "a.yaml:3 is not YAML: .* YAML allows no tab as indentation"),
        ({"a.yaml": "a: [1\n"}, "a.yaml:2 is not YAML"),
        ({"a.yaml": "a: 1\n---\nb: 2\n"}, "a.yaml:2 is not YAML"),
        ({"a.yaml": "a: !Nope x\n"}, "a.yaml:1: the tag !Nope means nothing here"),
        ({"a.yaml": 'x: 1\na: "!include b.yaml"\n'}, "a.yaml:2 includes b.yaml, which does not exist"),
        (
            {"a.yaml": "- !include b.yaml\n", "b.yaml": "- !include a.yaml\n"},
            "b.yaml:1: the includes form a cycle: a.yaml → b.yaml → a.yaml",
        ),
        ({"a.yaml": "- !include b.yaml\n", "b.yaml": "x: 1\nx: 2\n"}, "b.yaml:2: the key 'x' is written twice"),
        ({"a.yaml": "a: &a\n  b: *a\n"}, "a.yaml:1: the anchor contains itself"),
        ({"a.yaml": "a: !!int b\n"}, "a.yaml:1: 'b' does not fit its tag"),
        ({"a.yaml": "? [a, b]\n: 1\n"}, "a.yaml:1: a key must be a plain text"),
        ({"a.yaml": "<<: 5\n"}, "a.yaml:1: `<<` merges mappings only"),
    ],
)
def test_what_cannot_be_read_is_told_with_file_and_line(write: Write, files: dict[str, str], message: str) -> None:
    root = write(files)
    with pytest.raises(StackError, match=message):
        yaml_tree.read(root / "a.yaml", root)


def test_an_empty_file_is_nothing(write: Write) -> None:
    root = write({"a.yaml": "tables: !include b.yaml\n", "b.yaml": "# nothing yet\n"})
    tree = yaml_tree.read(root / "a.yaml", root)
    assert tree.value == {"tables": None}
    assert str(tree.place(("tables",))) == "b.yaml:1"

"""Tests for writing metadata into the folder, and for what is left of a user's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import StackError
from orchestrator.project import metadata, metadata_diff, metadata_export


def document(*tables: str) -> dict[str, Any]:
    source = {"name": "default", "tables": [{"table": {"name": name, "schema": "public"}} for name in tables]}
    return {"version": 3, "sources": [source]}


def write(root: Path, *tables: str) -> metadata_export.Export:
    return metadata_export.write(root / "metadata", root, document(*tables))


def test_only_files_that_differ_are_written(tmp_path: Path) -> None:
    assert Path("version.yaml") in write(tmp_path).written
    assert write(tmp_path) == metadata_export.Export((), ())
    (tmp_path / "metadata/network.yaml").write_text("tls_allowlist: []\n")
    assert write(tmp_path).written == (Path("network.yaml"),)


def test_the_files_of_what_is_gone_are_removed_and_others_are_let_be(tmp_path: Path) -> None:
    write(tmp_path, "posts", "users")
    folder = tmp_path / "metadata/databases/default/tables"
    (folder / "notes.yaml").write_text("mine: true\n")
    (folder / "public_posts.yaml").write_text("# what they wrote\n" + (folder / "public_posts.yaml").read_text())
    done = write(tmp_path, "users")
    assert done.uncommented == done.removed
    assert done.removed == (Path("databases/default/tables/public_posts.yaml"),)
    assert sorted(each.name for each in folder.iterdir()) == ["notes.yaml", "public_users.yaml", "tables.yaml"]


def test_a_folder_that_is_left_empty_is_removed(tmp_path: Path) -> None:
    both = {"version": 3, "sources": [*document("users")["sources"], {"name": "other", "tables": []}]}
    metadata_export.write(tmp_path / "metadata", tmp_path, both)
    assert (tmp_path / "metadata/databases/other/tables/tables.yaml").is_file()
    write(tmp_path, "users")
    assert not (tmp_path / "metadata/databases/other").exists()


def test_a_commented_file_stays_while_it_says_the_same_and_is_told_of_when_it_does_not(tmp_path: Path) -> None:
    write(tmp_path, "users")
    file = tmp_path / "metadata/databases/default/tables/public_users.yaml"
    file.write_text("# who signs in\n" + file.read_text())
    assert write(tmp_path, "users").written == ()
    file.write_text(file.read_text() + "is_enum: true\n")
    done = write(tmp_path, "users")
    assert done.written == done.uncommented == (Path("databases/default/tables/public_users.yaml"),)


def test_a_number_sign_inside_a_text_is_no_comment(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "metadata/network.yaml").write_text("a: '# b'\n")
    assert write(tmp_path).uncommented == ()


def test_what_cannot_be_read_is_overwritten_and_nothing_is_removed(tmp_path: Path) -> None:
    write(tmp_path, "posts")
    (tmp_path / "metadata/network.yaml").write_text("a: [\n")
    done = write(tmp_path)
    assert Path("network.yaml") in done.written
    assert done.removed == ()


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"leads out of .*metadata"):
        write(tmp_path, "a/../../../../../../x")
    assert list(tmp_path.iterdir()) == []


def test_the_order_of_keys_and_tables_makes_no_difference(tmp_path: Path) -> None:
    theirs = document("posts", "users")
    ours = {
        "sources": [
            {"tables": [{"table": {"schema": "public", "name": n}} for n in ("users", "posts")], "name": "default"}
        ],
        "version": 3,
    }
    assert metadata_diff.diff(theirs, ours) == {}


def test_a_difference_is_told_from_the_server_to_the_project() -> None:
    found = metadata_diff.diff(document("posts", "users"), document("users", "notes"))
    assert [str(name) for name in found] == [
        f"databases/default/tables/{name}.yaml" for name in ("public_notes", "public_posts", "tables")
    ]
    assert found[Path("databases/default/tables/tables.yaml")][2:] == (
        "@@ -1,2 +1,2 @@",
        '-- "!include public_posts.yaml"',
        ' - "!include public_users.yaml"',
        '+- "!include public_notes.yaml"',
    )


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    write(tmp_path, "posts", "users")
    assert metadata.read(tmp_path / "metadata", tmp_path).document == document("posts", "users")

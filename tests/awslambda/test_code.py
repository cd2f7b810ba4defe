from __future__ import annotations

import io
import os
import zipfile

import pytest

from orchestrator.awslambda.code import BadArchive, fingerprint, unpack, weigh


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "package" / "part.py").write_text("22")
    return tmp_path


CHANGES = {
    "longer": lambda folder: (folder / "app.py").write_text("123"),
    "touched": lambda folder: os.utime(folder / "app.py", (1, 1)),
    "in a package": lambda folder: (folder / "package" / "part.py").write_text("x"),
    "added": lambda folder: (folder / "new.json").write_text("{}"),
    "removed": lambda folder: (folder / "app.py").unlink(),
    "renamed": lambda folder: (folder / "app.py").rename(folder / "main.py"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_changes_the_fingerprint(folder, change):
    before = fingerprint(folder)
    CHANGES[change](folder)
    assert fingerprint(folder) != before


def test_what_python_and_editors_leave_behind_is_no_change(folder):
    before = fingerprint(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "app.pyc").write_text("")
    (folder / ".app.py.swp").write_text("")
    assert fingerprint(folder) == before


def test_links_that_lead_nowhere_or_back_are_no_trouble(folder):
    (folder / "back").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "gone")
    assert {path for path, _, _ in fingerprint(folder)} >= {str(folder / "app.py"), str(folder / "package" / "part.py")}


def test_a_folder_that_is_not_there_has_no_files(tmp_path):
    assert fingerprint(tmp_path / "gone") == ()


def test_the_weight_is_of_the_contents(folder):
    size, digest = weigh(fingerprint(folder))
    assert size == 3
    os.utime(folder / "app.py", (1, 1))
    assert weigh(fingerprint(folder)) == (size, digest)
    (folder / "app.py").write_text("3")
    assert weigh(fingerprint(folder)) != (size, digest)


def archive(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for name, text in files.items():
            target.writestr(name, text)
    return content.getvalue()


def test_an_archive_is_unpacked(tmp_path):
    unpack(archive(**{"app.py": "1", "package/part.py": "2"}), tmp_path / "code")
    assert (tmp_path / "code" / "package" / "part.py").read_text() == "2"


def test_an_archive_cannot_write_outside_its_folder(tmp_path):
    unpack(archive(**{"../evil.py": "1", "/etc/evil.py": "2"}), tmp_path / "code")
    assert not (tmp_path / "evil.py").exists()
    assert (tmp_path / "code" / "evil.py").exists()


@pytest.mark.parametrize("content", [b"", b"PK", archive(a="1" * 100)[:50]], ids=["empty", "not one", "cut off"])
def test_what_is_no_archive_is_told(tmp_path, content):
    with pytest.raises(BadArchive, match="Could not unzip uploaded file"):
        unpack(content, tmp_path / "code")

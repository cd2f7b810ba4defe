"""The same files are the same archive, and anything else is another one."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from orchestrator.aws.deploy.archive import digest, zipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "one" / "sync", ("app.py", "a = 1\n"), ("lib/part.py", ""), ("lib/data.json", "{}"))


def written(folder: Path, *files: tuple[str, str]) -> Path:
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_order_of_writing_and_the_time_do_not_matter(folder: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "two" / "sync", ("lib/data.json", "{}"), ("lib/part.py", ""), ("app.py", "a = 1\n"))
    os.utime(other / "app.py", (1, 1))
    assert zipped(folder) == zipped(other)
    assert digest([folder]) == digest([other])


def test_the_umask_does_not_matter(folder: Path) -> None:
    before = digest([folder]), zipped(folder)
    (folder / "app.py").chmod(0o600)
    assert (digest([folder]), zipped(folder)) == before


def test_what_python_and_tools_leave_is_not_in_it(folder: Path) -> None:
    before = digest([folder]), zipped(folder)
    written(folder, ("__pycache__/app.cpython-311.pyc", "x"), ("lib/__pycache__/a.pyc", "x"), (".DS_Store", "x"))
    assert (digest([folder]), zipped(folder)) == before


def test_every_user_of_lambda_may_read_the_files_and_run_the_executable_ones(folder: Path) -> None:
    written(folder, ("tool", "#!/bin/sh\n"))
    (folder / "tool").chmod(0o700)
    with zipfile.ZipFile(io.BytesIO(zipped(folder))) as archive:
        assert {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()} == {
            "app.py": 0o644,
            "lib/data.json": 0o644,
            "lib/part.py": 0o644,
            "tool": 0o755,
        }
        assert archive.read("app.py") == b"a = 1\n"


@pytest.mark.parametrize("change", ["content", "name", "mode", "folder", "boundary"])
def test_anything_else_is_another_digest(folder: Path, change: str) -> None:
    before = digest([folder])
    match change:
        case "content":
            written(folder, ("app.py", "a = 2\n"))
        case "name":
            (folder / "app.py").rename(folder / "main.py")
        case "mode":
            (folder / "app.py").chmod(0o755)
        case "folder":
            folder = folder.rename(folder.with_name("other"))
        case "boundary":
            written(folder, ("app.py", "a = "), ("lib/data.json", "1\n{}"))
    assert digest([folder]) != before

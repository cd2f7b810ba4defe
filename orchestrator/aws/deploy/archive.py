"""A function's folder as the zip that Lambda takes: the same files give the same bytes, whenever and wherever."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

# The first moment that a zip can tell.
TIME = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = ("__pycache__", ".DS_Store", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def files_of(folder: Path) -> list[tuple[str, int, bytes]]:
    """Each file of a function as (name, mode, content), sorted by name, without what Python and tools leave there."""
    paths = (
        path
        for path in folder.rglob("*")
        if path.is_file() and not {*path.relative_to(folder).parts} & {*LEFT_OUT} and path.suffix != ".pyc"
    )
    return sorted(
        (path.relative_to(folder).as_posix(), 0o755 if path.stat().st_mode & 0o100 else 0o644, path.read_bytes())
        for path in paths
    )


def zipped(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, mode, content in files_of(folder):
            info = zipfile.ZipInfo(name, TIME)
            info.create_system = 3  # Unix, on whichever system: the modes are its.
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, content)
    return archive.getvalue()


def digest(folders: Iterable[Path]) -> str:
    """16 hex digits that tell the content of these folders from any other.

    Of the files and not of the zips: how well they are compressed depends on the machine's zlib.
    """
    told = hashlib.sha256()
    for folder in folders:
        for name, mode, content in files_of(folder):
            told.update(f"{folder.name}/{name}\0{mode:o}\0{len(content)}\0".encode() + content)
    return told.hexdigest()[:16]


def digest_of(text: str) -> str:
    """The same for a text.

    >>> len(digest_of("AWSTemplateFormatVersion"))
    16
    """
    return hashlib.sha256(text.encode()).hexdigest()[:16]

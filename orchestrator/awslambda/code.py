"""A function's code on disk: has it changed, what does it weigh, and unpacking an uploaded archive."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UNZIPPED_BYTES = 262_144_000

Fingerprint = tuple[tuple[str, int, int], ...]


class BadArchive(ValueError):
    """The uploaded bytes are not a zip file that Lambda takes."""


def fingerprint(folder: Path) -> Fingerprint:
    """Path, time of change and size of every file; empty for a folder that is not there."""
    return tuple(sorted(_stamps(str(folder))))


def _stamps(folder: str) -> Iterator[tuple[str, int, int]]:
    # What is gone between listing and looking is simply not there: the next look sees what took its place.
    entries: list[os.DirEntry[str]] = []
    with suppress(OSError), os.scandir(folder) as listing:
        entries = [entry for entry in listing if entry.name != "__pycache__" and not entry.name.startswith(".")]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _stamps(entry.path)
            continue
        with suppress(OSError):
            stat = entry.stat()
            yield entry.path, stat.st_mtime_ns, stat.st_size


def weigh(files: Fingerprint) -> tuple[int, str]:
    """Size in bytes and SHA-256 in base64 of the code, as if it were one archive."""
    digest = hashlib.sha256()
    for path, _, _ in files:
        digest.update(Path(path).name.encode(errors="surrogateescape") + b"\0")
        try:
            digest.update(Path(path).read_bytes())
        except OSError:
            continue
    return sum(size for _, _, size in files), base64.b64encode(digest.digest()).decode()


def unpack(archive: bytes, folder: Path) -> None:
    """Unpack a zip file into this new folder. Raises BadArchive."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            if sum(info.file_size for info in files.infolist()) > UNZIPPED_BYTES:
                raise BadArchive(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")
            folder.mkdir(parents=True)
            files.extractall(folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadArchive("Could not unzip uploaded file. Please check your file, then try to upload again.") from error

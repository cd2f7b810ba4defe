"""Writing Hasura's metadata into the project's folder, without a needless change to what the user wrote there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import StackError
from orchestrator.project import metadata, metadata_files


@dataclass(frozen=True)
class Export:
    """What an export changed, by the files' paths in the metadata folder.

    `uncommented` are those of them whose comments are gone.
    """

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    uncommented: tuple[Path, ...] = ()


def write(directory: Path, root: Path, document: Mapping[str, Any]) -> Export:
    """Makes the metadata folder say what `document` (from `export_metadata`) says.

    A file with comments that says the same already stays as it is. The files of objects that are no more, and the
    folders which that leaves empty, are removed; files that the metadata never included are let be.
    """
    files = metadata_files.files(document)
    for name in files:
        _check_inside(directory, name)
    stale = tuple(sorted(_included(directory, root) - {_resolved(directory, name) for name in files}))
    written: list[Path] = []
    uncommented: list[Path] = []
    for name, text in files.items():
        before = _text(directory / name)
        if before == text or (before and _has_comments(before) and _same(name, before, text)):
            continue
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
        written.append(name)
        if before and _has_comments(before):
            uncommented.append(name)
    removed = tuple(file.relative_to(directory.resolve()) for file in stale)
    for name in removed:
        if _has_comments(_text(directory / name) or ""):
            uncommented.append(name)
        _remove(_resolved(directory, name), directory.resolve())
    return Export(tuple(written), removed, tuple(uncommented))


def _resolved(directory: Path, name: Path) -> Path:
    return (directory / name).resolve()


def _check_inside(directory: Path, name: Path) -> None:
    # The names come from a server; one with `..` in it must not write elsewhere.
    if not _resolved(directory, name).is_relative_to(directory.resolve()):
        raise StackError(f"The name of an object leads out of {directory}: {name}.", "Rename it in the database.")


def _included(directory: Path, root: Path) -> set[Path]:
    """The files which the folder's metadata consists of so far, none if it cannot be read."""
    try:
        found = metadata.read(directory, root).tree.places.values()
    except StackError:
        return set()
    inside = directory.resolve() / "databases"
    return {file for place in found if (file := (root / place.file).resolve()).is_relative_to(inside)}


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None


def _has_comments(text: str) -> bool:
    """Whether a YAML text has comments: a `#` that is part of no value."""
    try:
        tokens = list(yaml.scan(text))
    except yaml.YAMLError:
        return "#" in text
    kept = list(text)
    for token in tokens:
        if isinstance(token, yaml.ScalarToken):
            kept[token.start_mark.index : token.end_mark.index] = " " * (token.end_mark.index - token.start_mark.index)
    return "#" in "".join(kept)


def _same(name: Path, one: str, other: str) -> bool:
    if name.suffix != ".yaml":
        return _without_comments(one) == _without_comments(other)
    try:
        return bool(yaml.safe_load(one) == yaml.safe_load(other))
    except yaml.YAMLError:
        return False


def _without_comments(graphql: str) -> list[str]:
    return [line.strip() for line in graphql.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _remove(file: Path, directory: Path) -> None:
    file.unlink()
    for folder in file.parents:
        if folder == directory or any(folder.iterdir()):
            return
        folder.rmdir()

"""Migrations: the folders of `migrations/<source>`, read and made."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project import text_file
from orchestrator.project.yaml_tree import shown

FOLDER = re.compile(r"(?P<version>[0-9]+)_(?P<name>[^\s]+)")
NAME = re.compile(r"[^\s/\\.][^\s/\\]*")
# Where `hasura migrate squash` puts what it made one of.
SQUASHED = re.compile(r"squashed_[0-9]+_to_[0-9]+")
LARGEST_VERSION = 2**63 - 1


@dataclass(frozen=True)
class Migration:
    """One migration: its SQL, and the folder as a reader of the project would write it."""

    source: str
    version: int
    name: str
    folder: Path
    up: str
    down: str | None

    @property
    def up_file(self) -> Path:
        return self.folder / "up.sql"

    @property
    def down_file(self) -> Path:
        return self.folder / "down.sql"


def read(directory: Path, root: Path, source: str = "default") -> tuple[Migration, ...]:
    """The migrations of a source, oldest first; `directory` is the project's `migrations` folder.

    Raises StackError which names the folder for a bad name, a missing `up.sql` or two migrations of one version.
    """
    here = directory / source
    if not here.is_dir():
        return ()
    folders = sorted(entry for entry in here.iterdir() if entry.is_dir() and not _is_aside(entry.name))
    migrations = sorted((_migration(folder, root, source) for folder in folders), key=lambda each: each.version)
    for one, two in itertools.pairwise(migrations):
        if one.version == two.version:
            raise StackError(f"{one.folder} and {two.folder} have the same version.", "Give one of them another.")
    return tuple(migrations)


def _is_aside(name: str) -> bool:
    return name.startswith(".") or SQUASHED.fullmatch(name) is not None


def _migration(folder: Path, root: Path, source: str) -> Migration:
    place = shown(folder, root)
    match = FOLDER.fullmatch(folder.name)
    if not match or not 0 < int(match["version"]) <= LARGEST_VERSION:
        raise StackError(
            f"{place} is no name for a migration.", "Name it <13-digit milliseconds>_<name>, without spaces."
        )
    if not (folder / "up.sql").is_file():
        raise StackError(f"{place} has no up.sql.", "Write it, or remove the folder.")
    down = folder / "down.sql"
    return Migration(
        source=source,
        version=int(match["version"]),
        name=match["name"],
        folder=place,
        up=text_file.read(folder / "up.sql", place / "up.sql"),
        down=text_file.read(down, place / "down.sql") if down.is_file() else None,
    )


def sources(directory: Path) -> tuple[str, ...]:
    """The sources which have a folder of migrations."""
    if not directory.is_dir():
        return ()
    return tuple(sorted(each.name for each in directory.iterdir() if each.is_dir() and not each.name.startswith(".")))


def create(directory: Path, root: Path, source: str, name: str, *, at: int, up: str, down: str) -> Migration:
    """Writes a new migration whose version is the time `at` in milliseconds, or the next one that is free.

    Raises StackError for a name that the Hasura CLI could not read back.
    """
    if not NAME.fullmatch(name):
        raise StackError(f"{name!r} is no name for a migration.", "Take one without spaces and slashes: create_users.")
    taken = {each.version for each in read(directory, root, source)}
    version = next(each for each in itertools.count(at) if each not in taken)
    folder = directory / source / f"{version}_{name}"
    folder.mkdir(parents=True)
    (folder / "up.sql").write_text(up, encoding="utf-8")
    (folder / "down.sql").write_text(down, encoding="utf-8")
    return _migration(folder, root, source)


def delete(root: Path, migration: Migration) -> None:
    """Deletes the folder of a migration."""
    shutil.rmtree(root / migration.folder)

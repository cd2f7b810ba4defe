"""The Hasura CLI project as one value, read from its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project import config, metadata, migrations
from orchestrator.project.config import Config
from orchestrator.project.metadata import Metadata
from orchestrator.project.migrations import Migration
from orchestrator.project.yaml_tree import shown


@dataclass(frozen=True)
class Project:
    """What `config.yaml` leads to: every source's migrations, oldest first, and the metadata."""

    config: Config
    migrations: tuple[Migration, ...]
    metadata: Metadata


def read(root: Path) -> Project:
    """The project in the folder `root`. Raises StackError that names the file for whatever cannot be read."""
    found = config.read(root)
    document = metadata.read(found.metadata, found.root)
    sources = [str(source["name"]) for source in document.sources]
    _check_folders(found, sources)
    every = [each for source in sources for each in migrations.read(found.migrations, found.root, source)]
    return Project(found, tuple(every), document)


def _check_folders(found: Config, sources: list[str]) -> None:
    if not found.migrations.is_dir():
        return
    for folder in sorted(found.migrations.iterdir()):
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in sources:
            raise StackError(
                f"{shown(folder, found.root)} belongs to no source of metadata/databases/databases.yaml.",
                f"Migrations stand in a folder of their source: {', '.join(sources) or 'default'}.",
            )

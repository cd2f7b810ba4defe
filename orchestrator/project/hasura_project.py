"""The Hasura CLI project as one value: read from its files, then applied to a Hasura server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project import config, metadata, migrations
from orchestrator.project.config import Config
from orchestrator.project.hasura import Hasura
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


def apply(
    hasura: Hasura, project: Project, applied: Callable[[Migration], None] = lambda _: None
) -> tuple[Migration, ...]:
    """Brings Hasura up to the project: its sources, then the migrations it lacks, then the metadata.

    Returns the migrations that were run, `applied` is told of each. Raises StackError as `migrations.apply` and
    `metadata.apply` do; what was done before stays.
    """
    metadata.ensure_sources(hasura, project.metadata)
    done = migrations.apply(hasura, project.migrations, applied)
    metadata.apply(hasura, project.metadata)
    return done


def _check_folders(found: Config, sources: list[str]) -> None:
    if not found.migrations.is_dir():
        return
    for folder in sorted(found.migrations.iterdir()):
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in sources:
            raise StackError(
                f"{shown(folder, found.root)} belongs to no source of metadata/databases/databases.yaml.",
                f"Migrations stand in a folder of their source: {', '.join(sources) or 'default'}.",
            )

"""Puts the project into Hasura: sources, then migrations, then metadata, in the order in which each can work."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.project import catalogue, config, hasura_project, metadata_apply, migrate, migrations
from orchestrator.project.hasura import connect


@dataclass(frozen=True)
class Step:
    """What was applied, how it came out (`2 applied`, `up to date`), and the seconds it took."""

    what: str
    outcome: str
    seconds: float


def fingerprint(root: Path) -> str:
    """The same for two states of the project's files exactly if applying them gives the same."""
    paths = config.read(root)
    digest = hashlib.sha256()
    for folder in (paths.migrations, paths.metadata):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def lacks_migration(root: Path, url: str, admin_secret: str) -> bool:
    """Whether a migration of the project is not applied, or was interrupted."""
    paths = config.read(root)
    with connect(url, admin_secret) as hasura:
        recorded = catalogue.recorded(hasura)
    return any(
        recorded.get(source, {}).get(each.version) is not False
        for source in migrations.sources(paths.migrations)
        for each in migrations.read(paths.migrations, paths.root, source)
    )


def apply_project(root: Path, url: str, admin_secret: str) -> Iterator[Step]:
    """Applies everything that is not applied yet; `url` is Hasura's. Raises StackError at what fails."""
    project = hasura_project.read(root)
    with connect(url, admin_secret) as hasura:
        begin = time.monotonic()
        metadata_apply.ensure_sources(hasura, project.metadata)
        done = migrate.apply(hasura, project.migrations)
        yield Step("migrations", f"{len(done)} applied" if done else "up to date", time.monotonic() - begin)
        begin = time.monotonic()
        changed = metadata_apply.apply(hasura, project.metadata)
        outcome = "applied" if changed else "up to date"
        idle = metadata_apply.without_effect(hasura)
        if idle:
            outcome += f", but without effect in this engine: {', '.join(idle)}"
        yield Step("metadata", outcome, time.monotonic() - begin)


@dataclass(frozen=True)
class Unready:
    """What of changed migrations `apply_project` would do no good to: `empty` ones would be recorded as applied before
    they say anything, and `applied` ones are not run again."""

    empty: tuple[Path, ...]
    applied: tuple[Path, ...]


def unready(root: Path, changed: Collection[Path], url: str, admin_secret: str) -> Unready:
    """Which migrations are being written still, and which of the `changed` files are those of applied ones."""
    project = hasura_project.read(root)
    with connect(url, admin_secret) as hasura:
        recorded = catalogue.recorded(hasura)
    done = {each for each in project.migrations if recorded.get(each.source, {}).get(each.version) is False}
    return Unready(
        empty=tuple(each.up_file for each in project.migrations if each not in done and not each.up.strip()),
        applied=tuple(each.up_file for each in done if each.up_file in changed),
    )

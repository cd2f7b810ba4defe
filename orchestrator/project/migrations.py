"""Migrations: the folders of `migrations/<source>`, what Hasura's catalogue says of them, and applying the rest."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestrator.errors import StackError
from orchestrator.project import sql_errors, text_file
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.sql_text import statements
from orchestrator.project.yaml_tree import shown

FOLDER = re.compile(r"(?P<version>[0-9]+)_(?P<name>[^\s]+)")
LARGEST_VERSION = 2**63 - 1
DUPLICATES = {"42P06", "42P07", "42701", "42710", "42723"}  # schema, table or view, column, object, function
CREATES = re.compile(r"\s*create\s+(?!or\s+replace\b)(?!(?:\w+\s+){1,3}if\s+not\s+exists\b)", re.IGNORECASE)


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


@dataclass(frozen=True)
class Status:
    """A migration's state: `dirty` began and was never recorded as finished, `missing` has no folder here."""

    source: str
    version: int
    name: str
    state: Literal["pending", "applied", "dirty", "missing"]


def read(directory: Path, root: Path, source: str = "default") -> tuple[Migration, ...]:
    """The migrations of a source, oldest first; `directory` is the project's `migrations` folder.

    Raises StackError which names the folder for a bad name, a missing `up.sql` or two migrations of one version.
    """
    here = directory / source
    if not here.is_dir():
        return ()
    folders = sorted(entry for entry in here.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    migrations = sorted((_migration(folder, root, source) for folder in folders), key=lambda each: each.version)
    for one, two in itertools.pairwise(migrations):
        if one.version == two.version:
            raise StackError(f"{one.folder} and {two.folder} have the same version.", "Give one of them another.")
    return tuple(migrations)


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


def status(
    migrations: Iterable[Migration], recorded: Mapping[int, bool], source: str = "default"
) -> tuple[Status, ...]:
    """Each version known here or in the catalogue, oldest first; `recorded` is what `recorded_versions` returns.

    >>> status([users, posts], {1767225600000: False})
    (Status('default', 1767225600000, 'create_users', 'applied'), Status('default', 1767225700000, 'posts', 'pending'))
    """
    names = {each.version: each.name for each in migrations}
    return tuple(
        Status(source, version, names.get(version, ""), _state(version in names, recorded.get(version)))
        for version in sorted({*names, *recorded})
    )


def _state(known: bool, dirty: bool | None) -> Literal["pending", "applied", "dirty", "missing"]:
    if dirty is None:
        return "pending"
    if dirty:
        return "dirty"
    return "applied" if known else "missing"


def recorded_versions(hasura: Hasura, source: str = "default") -> dict[int, bool]:
    """The versions in the catalogue where the Hasura CLI keeps them, and whether each is dirty."""
    versions = _cli_state(hasura).get("migrations", {}).get(source) or {}
    return {int(version): bool(dirty) for version, dirty in versions.items()}


def apply(
    hasura: Hasura, migrations: Iterable[Migration], applied: Callable[[Migration], None] = lambda _: None
) -> tuple[Migration, ...]:
    """Runs what is not recorded yet, oldest first, each in a transaction of its own; returns what was run.

    `applied` is told of each one. Raises StackError with the file, the line and PostgreSQL's words when one fails:
    it is rolled back, the ones before it stay, and the next call goes on from there.
    """
    done: list[Migration] = []
    recorded: dict[str, dict[int, bool]] = {}
    for migration in migrations:
        if migration.source not in recorded:
            recorded[migration.source] = recorded_versions(hasura, migration.source)
        versions = recorded[migration.source]
        if versions.get(migration.version) is False or _took_effect(hasura, migration, versions):
            continue
        _run(hasura, migration)
        done.append(migration)
        applied(migration)
    return tuple(done)


def _run(hasura: Hasura, migration: Migration) -> None:
    _record(hasura, migration, dirty=True)
    try:
        if migration.up.strip():
            hasura.run_sql(migration.source, migration.up)
    except HasuraError as error:
        # Refused means rolled back; any other failure leaves the mark, since nobody knows what became of it.
        _forget(hasura, migration)
        failure = sql_errors.locate(hasura, migration.source, migration.up, error)
        raise StackError(*failure.words(migration.up_file)) from error
    _record(hasura, migration, dirty=False)


def _took_effect(hasura: Hasura, migration: Migration, versions: Mapping[int, bool]) -> bool:
    """Whether a migration that was interrupted (by a kill, a lost connection) had been committed, told by a trial.

    What creates something fails the second time as a duplicate, and passes only where the first time left nothing.
    Raises StackError when the trial tells neither.
    """
    if migration.version not in versions:
        return False
    creating = [each for each in statements(migration.up) if CREATES.match(each.bare)]
    trial = sql_errors.attempt(hasura, migration.source, migration.up) if creating else None
    if trial and trial.statement == creating[0] and trial.code in DUPLICATES:
        _record(hasura, migration, dirty=False)
        return True
    if trial and not trial.statement:
        return False
    raise StackError(
        f"{migration.folder} was interrupted the last time, and it is not known whether it took effect.",
        "Look at the database. If it did, `hasura migrate apply --skip-execution --version "
        f"{migration.version}` says so; if not, the same with `--type down` forgets it. Or `hasura-cognito reset`.",
    )


def _record(hasura: Hasura, migration: Migration, *, dirty: bool) -> None:
    _change(hasura, migration.source, lambda versions: {**versions, str(migration.version): dirty})


def _forget(hasura: Hasura, migration: Migration) -> None:
    gone = str(migration.version)
    _change(hasura, migration.source, lambda versions: {key: dirty for key, dirty in versions.items() if key != gone})


def _change(hasura: Hasura, source: str, change: Callable[[dict[str, bool]], dict[str, bool]]) -> None:
    # set_catalog_state replaces the whole state, other sources and the CLI's settings included.
    state = _cli_state(hasura)
    migrations = state.get("migrations") or {}
    changed = {
        "isStateCopyCompleted": True,
        "settings": {"migration_mode": "true"},
        **state,
        "migrations": {**migrations, source: change(migrations.get(source) or {})},
    }
    hasura.metadata("set_catalog_state", {"type": "cli", "state": changed})


def _cli_state(hasura: Hasura) -> dict[str, Any]:
    state: dict[str, Any] = hasura.metadata("get_catalog_state").get("cli_state") or {}
    return state

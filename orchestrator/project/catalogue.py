"""Which migrations Hasura's catalogue says were applied, kept where the Hasura CLI keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.project.hasura import Hasura
from orchestrator.project.migrations import Migration


@dataclass(frozen=True)
class Status:
    """A migration's state: `dirty` began and was never recorded as finished, `missing` has no folder here."""

    source: str
    version: int
    name: str
    state: Literal["pending", "applied", "dirty", "missing"]

    @property
    def is_here(self) -> bool:
        """Whether the project has a folder of it."""
        return bool(self.name)


def status(
    migrations: Iterable[Migration], recorded: Mapping[int, bool], source: str = "default"
) -> tuple[Status, ...]:
    """Each version known here or in the catalogue, oldest first; `recorded` is what the
    catalogue has of the source.

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


def recorded(hasura: Hasura) -> dict[str, dict[int, bool]]:
    """Of each source, the versions in the catalogue, where the Hasura CLI keeps them, and whether each is dirty."""
    sources = _cli_state(hasura).get("migrations") or {}
    return {
        source: {int(version): bool(dirty) for version, dirty in (versions or {}).items()}
        for source, versions in sources.items()
    }


def record(hasura: Hasura, source: str, version: int, *, dirty: bool = False) -> None:
    """Notes a version: begun and not known to be done (`dirty`), or applied."""
    _change(hasura, source, lambda versions: {**versions, str(version): dirty})


def forget(hasura: Hasura, source: str, versions: Iterable[int]) -> None:
    """Takes versions out: they are as if never applied."""
    gone = {str(version) for version in versions}
    _change(hasura, source, lambda known: {key: dirty for key, dirty in known.items() if key not in gone})


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

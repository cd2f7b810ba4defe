"""Which migrations to run, in which order and direction: choices over what is here and what is recorded, no effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.errors import StackError
from orchestrator.project.migrations import Migration

Direction = Literal["up", "down"]
Recorded = Mapping[int, bool]


@dataclass(frozen=True)
class Step:
    """One version to apply or to take back; `migration` is None where it has no folder here.

    `dirty` says that it was begun before, and that nobody knows what became of it.
    """

    source: str
    version: int
    direction: Direction
    migration: Migration | None
    dirty: bool = False

    @property
    def name(self) -> str:
        return self.migration.name if self.migration else ""

    @property
    def title(self) -> str:
        return f"{self.version}_{self.name}" if self.migration else f"{self.version}"


def up(migrations: Iterable[Migration], recorded: Recorded, count: int | None = None) -> tuple[Step, ...]:
    """The oldest `count` of those not applied yet, all for None; a dirty one counts as not applied."""
    wanted = [each for each in migrations if recorded.get(each.version) is not False]
    return tuple(Step(each.source, each.version, "up", each, each.version in recorded) for each in wanted[:count])


def down(
    source: str, migrations: Iterable[Migration], recorded: Recorded, count: int | None = None
) -> tuple[Step, ...]:
    """The newest `count` of those applied, newest first; all for None."""
    here = {each.version: each for each in migrations}
    versions = sorted(recorded, reverse=True)
    return tuple(Step(source, version, "down", here.get(version), recorded[version]) for version in versions[:count])


def goto(source: str, migrations: Iterable[Migration], recorded: Recorded, version: int) -> tuple[Step, ...]:
    """Up to `version`, or back to it: it is the newest applied one in the end. Raises StackError for an unknown one."""
    here = tuple(migrations)
    _require(source, here, recorded, version)
    if version >= max(recorded, default=0):
        return up([each for each in here if each.version <= version], recorded)
    return tuple(step for step in down(source, here, recorded) if step.version > version)


def only(
    source: str, migrations: Iterable[Migration], recorded: Recorded, version: int, direction: Direction
) -> tuple[Step, ...]:
    """That version alone; nothing where it is so already. Raises StackError for an unknown one."""
    here = tuple(migrations)
    _require(source, here, recorded, version)
    if (recorded.get(version) is False) if direction == "up" else (version not in recorded):
        return ()
    found = next((each for each in here if each.version == version), None)
    return (Step(source, version, direction, found, recorded.get(version, False)),)


def _require(source: str, here: Iterable[Migration], recorded: Recorded, version: int) -> None:
    if version not in {*(each.version for each in here), *recorded}:
        raise StackError(
            f"The source {source} has no migration of version {version}.", "See `hasura-cognito migrate status`."
        )

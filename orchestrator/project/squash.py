"""Making one migration of several, as `hasura migrate squash` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.project import migrations
from orchestrator.project.migrations import Migration


def chosen(here: Sequence[Migration], recorded: Mapping[int, bool], first: int, last: int | None) -> list[Migration]:
    """The migrations from version `first` to `last`, or to the newest.

    Raises StackError for a version that is not here, for fewer than two, and where only some of them are applied.
    """
    versions = [each.version for each in here]
    for version in (first, last):
        if version is not None and version not in versions:
            raise StackError(
                f"There is no migration of version {version} here.", "See `hasura-cognito migrate status`."
            )
    found = [each for each in here if first <= each.version <= (last or max(versions))]
    if len(found) < 2:
        raise StackError("There are no two migrations to make one of.", "--from is the first of them, --to the last.")
    applied = [recorded.get(each.version) is False for each in found]
    odd = next((each for each, is_applied in zip(found, applied, strict=True) if is_applied != applied[0]), None)
    if odd or any(recorded.get(each.version) for each in found):
        raise StackError(
            f"Only some of them are applied{f': {odd.folder} differs from the first' if odd else ', or one is dirty'}.",
            "Apply all of them, or take all of them back.",
        )
    return found


def squash(directory: Path, root: Path, found: Sequence[Migration], name: str) -> tuple[Migration, Path]:
    """Writes the one migration, of the last one's version, and puts the others aside; returns it and where they are."""
    source = directory / found[0].source
    aside = source / f"squashed_{found[0].version}_to_{found[-1].version}"
    aside.mkdir()
    for each in found:
        (root / each.folder).rename(aside / each.folder.name)
    up, down = _joined(found, [each.up for each in found]), _joined(found[::-1], [each.down for each in found[::-1]])
    made = migrations.create(directory, root, found[0].source, name, at=found[-1].version, up=up, down=down)
    return made, aside


def _joined(found: Sequence[Migration], texts: Sequence[str | None]) -> str:
    parts = zip(found, texts, strict=True)
    return "\n".join(f"-- {each.version}_{each.name}\n{(text or '').rstrip()}\n" for each, text in parts)

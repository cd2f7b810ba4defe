"""What differs between users of the pool and rows of the table (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestrator.stack.users.columns import DELETED_AT, KEY, SYNCED_AT, Row


@dataclass(frozen=True)
class Missing:
    """A user without a row."""

    row: Row


@dataclass(frozen=True)
class Changed:
    """A user whose row says something else: `was` has the columns that differ, as the table has them."""

    row: Row
    was: Mapping[str, Any]


@dataclass(frozen=True)
class Orphaned:
    """A row without a user."""

    row: Row

    @property
    def marked(self) -> bool:
        """Whether the table knows already that the user is gone: that is no difference any more."""
        return self.row[DELETED_AT] is not None


Difference = Missing | Changed | Orphaned


def compare(
    confirmed: Iterable[Row], unconfirmed: Iterable[Row], table: Mapping[str, Row], *, asked_at: datetime
) -> Iterator[Missing | Changed]:
    """The differences between what the pool said at `asked_at` and the rows of the table by their key.

    A row is made when a user confirms: none is missing before. A row that was written after the pool was asked
    knows better, and one that is marked as deleted differs: its user is there.
    """
    for row in confirmed:
        if row[KEY] not in table:
            yield Missing(row)
    for row in (*confirmed, *unconfirmed):
        there = table.get(row[KEY])
        if there is None:
            continue
        was = {name: there[name] for name, value in row.items() if there[name] != value}
        if there[DELETED_AT] is not None:
            was[DELETED_AT] = there[DELETED_AT]
        if was and datetime.fromisoformat(there[SYNCED_AT]) <= asked_at:
            yield Changed(row, was)

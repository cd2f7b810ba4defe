"""The pool beside the table, batch by batch: what differs, how it is repaired, and which rows have no user."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from orchestrator.stack.users.columns import KEY, USERNAME, Row
from orchestrator.stack.users.comparison import Changed, Missing, Orphaned, compare
from orchestrator.stack.users.pool import Page, TokenExpired
from orchestrator.stack.users.sides import Sides
from orchestrator.stack.users.table import Rejected
from orchestrator.stack.users.walk import Tally, Walk

# Pages of the pool that are compared, and repaired, in one go: 480 users.
PAGES = 8
# How many orphaned rows are marked in one go.
MARKED = 100

Item = TypeVar("Item")


@dataclass(frozen=True)
class Batch:
    """The users of some pages, by their keys. The first page's time decides: what was written since knows better."""

    confirmed: Mapping[str, Row]
    unconfirmed: Mapping[str, Row]
    asked_at: datetime

    @classmethod
    def of(cls, pages: Sequence[Page]) -> Batch:
        confirmed = {row[KEY]: row for page in pages for row in page.confirmed}
        unconfirmed = {row[KEY]: row for page in pages for row in page.unconfirmed}
        return cls(confirmed, unconfirmed, pages[0].asked_at)

    def without(self, keys: Collection[str]) -> Batch:
        return replace(self, confirmed={key: row for key, row in self.confirmed.items() if key not in keys})


@dataclass(frozen=True)
class Step:
    """What differed in a batch and, with a repair, is written now; and what the table did not take."""

    differences: Sequence[Missing | Changed]
    rejected: Sequence[Rejected] = ()

    @property
    def missing(self) -> int:
        return sum(isinstance(each, Missing) for each in self.differences)

    def __add__(self, other: Step) -> Step:
        return Step([*self.differences, *other.differences], [*self.rejected, *other.rejected])


def steps(sides: Sides, walk: Walk, *, repair: bool = False) -> Iterator[Step]:
    """Goes through the pool from where the walk stands. With `repair`, what differs is written before a step is done.

    A pagination token of an interrupted walk that Cognito does not take any more starts the walk anew.
    """
    try:
        yield from _steps(sides, walk, repair=repair)
    except TokenExpired:
        walk.start_anew(sides.pool.clock())
        yield from _steps(sides, walk, repair=repair)


def _steps(sides: Sides, walk: Walk, *, repair: bool) -> Iterator[Step]:
    all_missing = False
    for pages in batched(sides.pool.pages(sides.columns, walk.stage.token), PAGES):
        batch = Batch.of(pages)
        step = inserted(sides, batch) if repair and all_missing else compared(sides, batch, repair=repair)
        all_missing = step.missing == len(batch.confirmed)
        walk.come_to([*batch.confirmed, *batch.unconfirmed], pages[-1].token, counted(walk.stage.tally, batch, step))
        yield step


def counted(before: Tally, batch: Batch, step: Step) -> Tally:
    return Tally(
        users=before.users + len(batch.confirmed) + len(batch.unconfirmed),
        unconfirmed=before.unconfirmed + len(batch.unconfirmed),
        missing=before.missing + step.missing,
        changed=before.changed + len(step.differences) - step.missing,
        rejected=before.rejected + len(step.rejected),
    )


def compared(sides: Sides, batch: Batch, *, repair: bool) -> Step:
    """Compares first, and with `repair` writes what differs."""
    keys = [*batch.confirmed, *batch.unconfirmed]
    rows = sides.table.rows(keys) if keys else {}
    found = list(compare(batch.confirmed.values(), batch.unconfirmed.values(), rows, asked_at=batch.asked_at))
    if not repair:
        return Step(found)
    rejected = sides.table.upsert([each.row for each in found], at=batch.asked_at)
    refused = {each.row[KEY] for each in rejected}
    return Step([each for each in found if each.row[KEY] not in refused], rejected)


def inserted(sides: Sides, batch: Batch) -> Step:
    """Inserts the users without a row, and compares only the others.

    For a table that is being filled: until it is analyzed, PostgreSQL keeps the plan for the comparison that was good
    when the table was small, and reads the whole table each time.
    """
    new, rejected = sides.table.insert(list(batch.confirmed.values()), at=batch.asked_at)
    others = batch.without(new | {each.row[KEY] for each in rejected})
    return Step([Missing(batch.confirmed[key]) for key in new], rejected) + compared(sides, others, repair=True)


def orphans(sides: Sides, walk: Walk) -> Iterator[Orphaned]:
    """The rows whose users a finished walk has not met, also those that are marked as deleted already."""
    return (Orphaned(row) for rows in sides.table.pages() for row in walk.orphaned(rows))


@dataclass(frozen=True)
class Marking:
    """A batch of orphaned rows: how many were looked at, and how many of them are now marked as deleted."""

    rows: int
    marked: int


def mark(sides: Sides, orphaned: Iterable[Orphaned]) -> Iterator[Marking]:
    """Marks the rows as deleted whose users are really gone: each user is looked up once more."""
    for batch in batched((each.row for each in orphaned if not each.marked), MARKED):
        at = sides.pool.clock()
        gone = [row[KEY] for row in batch if not sides.pool.has(row[KEY], row.get(USERNAME) or row[KEY])]
        yield Marking(len(batch), sides.table.mark(gone, at=at))


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """
    >>> list(batched("abc", 2))
    [['a', 'b'], ['c']]
    """
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch

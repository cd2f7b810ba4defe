"""users sync."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import output as out
from orchestrator.cli.users_diff import name_of, number_of, tell_left_alone, users_of
from orchestrator.cli.users_progress import Progress
from orchestrator.project.config import find_root
from orchestrator.stack.plan import Layout
from orchestrator.stack.record import locked
from orchestrator.stack.users import sides as both
from orchestrator.stack.users import sync as syncing
from orchestrator.stack.users import walk
from orchestrator.stack.users.columns import KEY
from orchestrator.stack.users.sides import Sides
from orchestrator.stack.users.table import Rejected
from orchestrator.stack.users.walk import Tally, Walk


@click.command()
@click.option("--delete", is_flag=True, help="Mark the rows without a user as deleted (deleted_at); asks first.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Write nothing, only say how much there is to do.")
@out.formats("text", "json")
@click.pass_obj
def sync(project: Path, delete: bool, yes: bool, dry_run: bool, output: out.Format) -> None:
    """Bring the table users to what the user pool says.

    Users without a row get one, rows that say something else are corrected, a user who is back is not marked as deleted
    any more. No trigger tells of such users: those that were there before, that an administrator made, changed or
    deleted. A row that a sign-in has written meanwhile stays as the sign-in wrote it. `users diff` shows each of them.

    An interrupted run goes on where it stopped when it is started again within an hour.

    \b
    Examples:
      hasura-cognito users sync
      hasura-cognito users sync --delete --yes
    """
    layout = Layout(find_root(project))
    with both.of_stack(layout.root, os.environ) as sides, locked(layout.state / "users-sync.lock"):
        tell_left_alone(sides)
        with walk_of(sides, layout, dry_run=dry_run) as walked:
            rejected = repaired(sides, walked, dry_run=dry_run)
            result = Result(walked.stage.tally, rejected, dry_run)
            if output == "text":
                click.echo(result.words)
            result = replace(result, orphaned=sum(not each.marked for each in syncing.orphans(sides, walked)))
            if result.orphaned and delete and not dry_run and (yes or agreed(sides, result.orphaned)):
                result = replace(result, marked=marked(sides, walked, result.orphaned))
    if output == "json":
        out.print_json(result.facts)
    elif result.orphaned:
        click.echo(result.words_of_orphans)
    if result.tally.rejected:
        raise click.exceptions.Exit(1)


@dataclass(frozen=True)
class Result:
    """What came of a sync, or with `dry_run` would. `rejected` are this run's; `marked` is None if none were to be."""

    tally: Tally
    rejected: Sequence[Rejected]
    dry_run: bool
    orphaned: int = 0
    marked: int | None = None

    @property
    def words(self) -> str:
        """
        >>> Result(Tally(users=9, missing=2), (), False).words
        'Inserted 2 rows, corrected 0, for 9 users.'
        """
        users = users_of(self.tally)
        if not (self.tally.missing or self.tally.changed or self.tally.rejected):
            return f"Nothing to repair: {users}."
        did = ("Would insert", "correct") if self.dry_run else ("Inserted", "corrected")
        rows = f"{did[0]} {number_of('row', self.tally.missing)}, {did[1]} {self.tally.changed:,}"
        rejected = f", {self.tally.rejected:,} that the table did not take" if self.tally.rejected else ""
        return f"{rows}{rejected}, for {users}."

    @property
    def words_of_orphans(self) -> str:
        if self.marked is not None:
            others = self.orphaned - self.marked
            why = f" {others:,} have a user after all, or were written meanwhile." if others else ""
            return f"Marked {number_of('row', self.marked)} as deleted.{why}"
        return f"Rows without a user in the pool: {self.orphaned:,}. `users sync --delete` marks them as deleted."

    @property
    def facts(self) -> Mapping[str, Any]:
        return {
            "users": self.tally.users,
            "unconfirmed": self.tally.unconfirmed,
            "inserted": self.tally.missing,
            "corrected": self.tally.changed,
            "rejected": [{KEY: each.row[KEY], "reason": each.reason} for each in self.rejected],
            "orphaned": self.orphaned,
            "marked": self.marked or 0,
            "dry_run": self.dry_run,
        }


def walk_of(sides: Sides, layout: Layout, *, dry_run: bool) -> AbstractContextManager[Walk]:
    now = sides.pool.clock()
    return walk.passing(now) if dry_run else walk.resumable(layout.state / "users-sync.sqlite", sides.name, now)


def repaired(sides: Sides, walked: Walk, *, dry_run: bool) -> Sequence[Rejected]:
    """Goes through the pool; names the users whom the table does not take, and returns them."""
    rejected: list[Rejected] = []
    begin = walked.stage.tally.users
    if begin:
        click.echo(f"Going on after {begin:,} users, where a run was interrupted.", err=True)
    try:
        with Progress("syncing", sides.estimated, begin=begin) as progress:
            for step in syncing.steps(sides, walked, repair=not dry_run):
                for each in step.rejected:
                    progress.tell(f"{name_of(each.row)}: {each.reason}")
                rejected += step.rejected
                progress.come_to(walked.stage.tally.users)
    except BaseException:
        if walked.stage.token and not dry_run:
            done = number_of("user", walked.stage.tally.users)
            click.echo(f"Stopped after {done}: `users sync` goes on there within an hour.", err=True)
        raise
    return rejected


def agreed(sides: Sides, count: int) -> bool:
    question = f"Mark {number_of('row', count)} as deleted, whose users are not in the pool {sides.pool.id}?"
    return click.confirm(question, err=True)


def marked(sides: Sides, walked: Walk, count: int) -> int:
    looked_at = done = 0
    with Progress("marking", count) as progress:
        for batch in syncing.mark(sides, syncing.orphans(sides, walked)):
            looked_at, done = looked_at + batch.rows, done + batch.marked
            progress.come_to(looked_at)
    return done

"""Applying migrations and taking them back: each file is one request, and so one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from orchestrator.errors import StackError
from orchestrator.project import catalogue, sql_errors, steps
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.migrations import Migration
from orchestrator.project.sql_text import statements
from orchestrator.project.steps import Step

DUPLICATES = {"42P06", "42P07", "42701", "42710", "42723"}  # schema, table or view, column, object, function
CREATES = re.compile(r"\s*create\s+(?!or\s+replace\b)(?!(?:\w+\s+){1,3}if\s+not\s+exists\b)", re.IGNORECASE)

Told = Callable[[Step], None]


def apply(hasura: Hasura, migrations: Sequence[Migration], told: Told = lambda _: None) -> tuple[Step, ...]:
    """Runs what is not recorded yet, oldest first in each source; returns what was run. See `run`."""
    recorded = catalogue.recorded(hasura)
    sources = dict.fromkeys(each.source for each in migrations)
    wanted = [
        step
        for source in sources
        for step in steps.up([each for each in migrations if each.source == source], recorded.get(source, {}))
    ]
    return run(hasura, wanted, told)


def run(
    hasura: Hasura, wanted: Iterable[Step], told: Told = lambda _: None, *, execute: bool = True
) -> tuple[Step, ...]:
    """Takes the steps, each in a transaction of its own; returns those taken. `told` is told of each one.

    Without `execute` they are only recorded. Raises StackError with the file, the line and PostgreSQL's words when one
    fails: it is rolled back, the ones before it stay, and the next call goes on from there.
    """
    wanted = tuple(wanted)
    if execute:
        for step in wanted:
            _check(step)
    done = []
    for step in wanted:
        if not execute:
            _note(hasura, step)
        elif not (_up if step.direction == "up" else _down)(hasura, step):
            continue
        done.append(step)
        told(step)
    return tuple(done)


def _check(step: Step) -> None:
    forget = f"`hasura-cognito migrate apply --skip-execution --type down --version {step.version}` forgets it."
    if step.migration is None:
        raise StackError(
            f"The version {step.version} of {step.source} is applied, but has no folder here.",
            f"Get its folder back to undo it; {forget}",
        )
    if step.direction == "down" and not (step.migration.down or "").strip():
        what = "has no down.sql" if step.migration.down is None else "has an empty down.sql"
        raise StackError(
            f"{step.migration.folder} {what}, so that it can't be taken back.",
            f"Write it; or undo it yourself: {forget}",
        )


def _note(hasura: Hasura, step: Step) -> None:
    if step.direction == "up":
        catalogue.record(hasura, step.source, step.version)
    else:
        catalogue.forget(hasura, step.source, [step.version])


def _up(hasura: Hasura, step: Step) -> bool:
    migration = step.migration
    assert migration
    if step.dirty and _took_effect(hasura, migration):
        return False
    catalogue.record(hasura, step.source, step.version, dirty=True)
    try:
        if migration.up.strip():
            hasura.run_sql(migration.source, migration.up)
    except HasuraError as error:
        # Refused means rolled back; any other failure leaves the mark, since nobody knows what became of it.
        catalogue.forget(hasura, step.source, [step.version])
        failure = sql_errors.locate(hasura, migration.source, migration.up, error)
        raise StackError(*failure.words(migration.up_file)) from error
    catalogue.record(hasura, step.source, step.version)
    return True


def _down(hasura: Hasura, step: Step) -> bool:
    migration = step.migration
    assert migration
    assert migration.down
    if step.dirty:
        raise _interrupted(migration)
    catalogue.record(hasura, step.source, step.version, dirty=True)
    try:
        hasura.run_sql(migration.source, migration.down)
    except HasuraError as error:
        catalogue.record(hasura, step.source, step.version)
        failure = sql_errors.locate(hasura, migration.source, migration.down, error)
        raise StackError(*failure.words(migration.down_file)) from error
    catalogue.forget(hasura, step.source, [step.version])
    return True


def _took_effect(hasura: Hasura, migration: Migration) -> bool:
    """Whether a migration that was interrupted (by a kill, a lost connection) had been committed, told by a trial.

    What creates something fails the second time as a duplicate, and passes only where the first time left nothing.
    Raises StackError when the trial tells neither.
    """
    creating = [each for each in statements(migration.up) if CREATES.match(each.bare)]
    trial = sql_errors.attempt(hasura, migration.source, migration.up) if creating else None
    if trial and trial.statement == creating[0] and trial.code in DUPLICATES:
        catalogue.record(hasura, migration.source, migration.version)
        return True
    if trial and not trial.statement:
        return False
    raise _interrupted(migration)


def _interrupted(migration: Migration) -> StackError:
    return StackError(
        f"{migration.folder} was interrupted the last time, and it is not known whether it took effect.",
        "Look at the database. If it did, `hasura-cognito migrate apply --skip-execution --version "
        f"{migration.version}` says so; if not, the same with `--type down` forgets it.",
    )

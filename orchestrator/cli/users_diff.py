"""users diff."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import output as out
from orchestrator.cli.users_progress import Progress
from orchestrator.project.config import find_root
from orchestrator.stack.users import sides as both
from orchestrator.stack.users import sync, walk
from orchestrator.stack.users.columns import KEY, USERNAME, Row
from orchestrator.stack.users.comparison import Changed, Difference, Missing, Orphaned
from orchestrator.stack.users.sides import Sides
from orchestrator.stack.users.walk import Tally, Walk

MARKED = "marked"
COLOURS = {"missing": "green", "changed": "yellow", "orphaned": "red"}


@click.command()
@click.option("--exit-code", is_flag=True, help="Fail when there is a difference.")
@out.formats("text", "json")
@click.pass_obj
def diff(project: Path, exit_code: bool, output: out.Format) -> None:
    """Show how the table users differs from the user pool.

    \b
    missing   a user without a row; whoever has not confirmed the sign-up yet needs none
    changed   a row that says something else than the pool, or is marked as deleted though its user is there
    orphaned  a row without a user

    Compared are the columns of SYNC_COLUMNS that hold the user's name or the attribute of the same name (a column
    `plan` holds `custom:plan`); what only a sign-in tells is not. `users sync` repairs what this shows.

    \b
    Examples:
      hasura-cognito users diff
      hasura-cognito users diff -o json | jq -r '.differences[] | select(.kind == "missing").id'
    """
    show = show_as_json if output == "json" else show_as_text
    with both.of_stack(find_root(project), os.environ) as sides, walk.passing(sides.pool.clock()) as walked:
        tell_left_alone(sides)
        counts = show(sides, walked)
    if exit_code and any(counts[kind] for kind in COLOURS):
        raise click.exceptions.Exit(1)


def tell_left_alone(sides: Sides) -> None:
    for line in sides.columns.left_alone:
        click.echo(f"SYNC_COLUMNS: {line}.", err=True)


def differences(sides: Sides, walked: Walk, progress: Progress) -> Iterator[Difference]:
    for step in sync.steps(sides, walked):
        yield from step.differences
        progress.come_to(walked.stage.tally.users)
    yield from sync.orphans(sides, walked)


def show_as_text(sides: Sides, walked: Walk) -> Counter[str]:
    """Prints each difference as it is found, and how many there are, which it returns."""
    counts: Counter[str] = Counter()
    with Progress("comparing", sides.estimated) as progress:
        for each in differences(sides, walked, progress):
            kind = kind_of(each)
            counts[kind] += 1
            if kind != MARKED:
                progress.print(f"{click.style(f'{kind:<8}', fg=COLOURS[kind])}  {words(each)}")
    found = ", ".join(f"{counts[kind]:,} {kind}" for kind in COLOURS if counts[kind])
    marked = f" Marked as deleted already: {number_of('row', counts[MARKED])}." if counts[MARKED] else ""
    click.echo(f"{found or 'No difference'} among {users_of(walked.stage.tally)}.{marked}")
    return counts


def show_as_json(sides: Sides, walked: Walk) -> Counter[str]:
    """The same as one document, which is never in memory as a whole."""
    counts: Counter[str] = Counter()
    separator = "\n    "
    click.echo('{\n  "differences": [', nl=False)
    with Progress("comparing", sides.estimated) as progress:
        for each in differences(sides, walked, progress):
            kind = kind_of(each)
            counts[kind] += 1
            if kind != MARKED:
                progress.print(separator + json.dumps({"kind": kind, **facts(each)}, ensure_ascii=False), end="")
                separator = ",\n    "
    tally = walked.stage.tally
    totals = {
        "users": tally.users,
        "unconfirmed": tally.unconfirmed,
        **{kind: counts[kind] for kind in (*COLOURS, MARKED)},
    }
    click.echo("\n  ]" + "".join(f',\n  "{name}": {count}' for name, count in totals.items()) + "\n}")
    return counts


def kind_of(each: Difference) -> str:
    """
    >>> kind_of(Missing({"id": "1"}))
    'missing'
    """
    if isinstance(each, Orphaned):
        return MARKED if each.marked else "orphaned"
    return "missing" if isinstance(each, Missing) else "changed"


def users_of(tally: Tally) -> str:
    """
    >>> users_of(Tally(users=1200, unconfirmed=1))
    '1,200 users (1 of them not confirmed)'
    """
    unconfirmed = f" ({tally.unconfirmed:,} of them not confirmed)" if tally.unconfirmed else ""
    return f"{number_of('user', tally.users)}{unconfirmed}"


def number_of(what: str, count: int) -> str:
    """
    >>> number_of("row", 1), number_of("row", 1200)
    ('1 row', '1,200 rows')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def name_of(row: Row) -> str:
    """The key of a row, and what people know its user by; quoted, since it is users who chose it."""
    known_by = row.get("email") or row.get(USERNAME)
    return f"{row[KEY]}  {quoted(known_by)}" if known_by and known_by != row[KEY] else str(row[KEY])


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def words(each: Difference) -> str:
    """
    >>> words(Changed({"id": "1", "email": "new@example.com"}, {"email": None}))
    '1  "new@example.com"  email: null → "new@example.com"'
    """
    if not isinstance(each, Changed):
        return name_of(each.row)
    changes = (f"{column}: {quoted(was)} → {quoted(each.row.get(column))}" for column, was in each.was.items())
    return f"{name_of(each.row)}  {', '.join(changes)}"


def facts(each: Difference) -> Mapping[str, Any]:
    """
    >>> facts(Changed({"id": "1", "email": "new@example.com"}, {"email": None}))
    {'id': '1', 'columns': {'email': {'table': None, 'pool': 'new@example.com'}}}
    """
    if isinstance(each, Changed):
        columns = {column: {"table": was, "pool": each.row.get(column)} for column, was in each.was.items()}
        return {KEY: each.row[KEY], "columns": columns}
    return {KEY: each.row[KEY], "row": {name: value for name, value in each.row.items() if name != KEY}}

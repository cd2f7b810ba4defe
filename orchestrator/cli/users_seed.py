"""users seed."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestrator.cli import output as out
from orchestrator.cli.users_diff import number_of, tell_left_alone
from orchestrator.cli.users_progress import Progress
from orchestrator.project import text_file
from orchestrator.project.config import find_root
from orchestrator.stack.users import seed as seeding
from orchestrator.stack.users import seed_file
from orchestrator.stack.users import sides as both
from orchestrator.stack.users.seed_file import Broken

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
KINDS = (".csv", ".tsv", ".json")


@click.command()
@click.argument("file", type=FILE)
@out.formats("text", "json")
@click.pass_obj
def seed(project: Path, file: Path, output: out.Format) -> None:
    """Create the users of FILE, a CSV or a JSON file, and their rows in the table users.

    \b
    username    what the user signs in with; without it, the email
    password    the user's password; without it, the user is one whom an administrator made and must set one
    groups      with spaces between them, or a list; they must be there
    all others  attributes, such as email, email_verified, name, custom:plan

    In a CSV file, the first line names the columns; JSON is a list of objects with these members. Nothing is sent to
    anybody. A user who is there already stays as it is. A row that can't be used is named with its line, the others are
    done all the same, and the exit code is 1.

    \b
    Examples:
      hasura-cognito users seed users.csv
      hasura-cognito users seed users.json -o json
    """
    if file.suffix.lower() not in KINDS:
        raise click.BadParameter(f"{file} is none of {', '.join(KINDS)}.", param_hint="FILE")
    text = text_file.read(file, file)
    created = existing = 0
    failed: list[Broken] = []
    with both.of_stack(find_root(project), os.environ) as sides:
        tell_left_alone(sides)
        rows = seed_file.read(text, str(file), attributes=sides.attributes)
        with Progress("creating", len(rows)) as progress:
            for done, result in enumerate(seeding.seed(sides, rows), 1):
                if isinstance(result, Broken):
                    failed.append(result)
                    progress.tell(f"{file}:{result.line}: {result.reason}")
                elif result.created:
                    created += 1
                else:
                    existing += 1
                    progress.tell(f"{file}:{result.entry.line}: {result.entry.username} is there already")
                progress.come_to(done)
    if output == "json":
        out.print_json({"created": created, "existing": existing, "failed": [out.plain(each) for each in failed]})
    else:
        there = f"; {existing:,} already there" if existing else ""
        broken = f"; {number_of('row', len(failed))} could not be used" if failed else ""
        click.echo(f"Created {number_of('user', created)}{there}{broken}.")
    if failed:
        raise click.exceptions.Exit(1)

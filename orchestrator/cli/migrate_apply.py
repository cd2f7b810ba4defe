"""migrate apply, rollback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from orchestrator.cli import output as out
from orchestrator.cli import server
from orchestrator.cli.server import Server
from orchestrator.project import catalogue, hasura_project, metadata_apply, migrate, steps
from orchestrator.project.migrations import Migration
from orchestrator.project.steps import Direction, Step


def count(_: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """`all` or a number: -1 for all."""
    if value is None or value == "all":
        return -1 if value else None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a number from 1 on nor all.", param=param)
    return int(value)


@click.command()
@click.option("--up", "up", callback=count, metavar="N|all", help="The next N migrations.")
@click.option("--down", "down", callback=count, metavar="N|all", help="Take back the last N migrations.")
@click.option("--goto", "goto", type=click.IntRange(1), metavar="VERSION", help="Forwards or back to this one.")
@click.option("--version", "version", type=click.IntRange(1), metavar="VERSION", help="This one alone.")
@click.option("--type", "direction", type=click.Choice(("up", "down")), help="The direction of --version.")
@click.option("--skip-execution", is_flag=True, help="Only record them as applied (or as taken back).")
@click.option("--dry-run", is_flag=True, help="Only say which.")
@click.option("--all-databases", is_flag=True, help="The default, as long as no --database-name is given.")
@server.database
@out.formats("text", "json")
@server.options
def apply(where: Server, source: str | None, output: out.Format, all_databases: bool, **wanted: Any) -> None:
    """Apply the migrations that are not applied yet, or those asked for.

    Each file is run in one transaction: one that fails is rolled back, the ones before it stay.

    \b
    Examples:
      hasura-cognito migrate apply
      hasura-cognito migrate apply --down 1
      hasura-cognito migrate apply --goto 1767225600000
      hasura-cognito migrate apply --skip-execution --version 1767225600000
    """
    if source and all_databases:
        raise click.UsageError("Give either --database-name or --all-databases.")
    _run(where, Wanted(**wanted), source, output)


@click.command()
@click.argument("count", callback=count, metavar="[N|all]", default="1")
@click.option("--dry-run", is_flag=True, help="Only say which.")
@server.database
@out.formats("text", "json")
@server.options
def rollback(where: Server, count: int, dry_run: bool, source: str | None, output: out.Format) -> None:
    """Take back the last migration, or the last N: the same as `migrate apply --down N`."""
    _run(where, Wanted(down=count, dry_run=dry_run), source, output)


@dataclass(frozen=True)
class Wanted:
    """What `apply` was asked for; a count of -1 means all."""

    up: int | None = None
    down: int | None = None
    goto: int | None = None
    version: int | None = None
    direction: Direction | None = None
    skip_execution: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        given = [name for name in ("up", "down", "goto", "version") if getattr(self, name) is not None]
        if len(given) > 1:
            raise click.UsageError(f"Give one of {' and '.join(f'--{name}' for name in given)}.")
        if self.direction and self.version is None:
            raise click.UsageError("--type goes with --version.")
        if self.skip_execution and (self.dry_run or self.goto is not None):
            raise click.UsageError("--skip-execution goes with --up, --down or --version only.")

    @property
    def is_of_one_source(self) -> bool:
        return (self.down, self.goto, self.version) != (None, None, None)

    def steps(self, source: str, here: tuple[Migration, ...], recorded: Mapping[int, bool]) -> tuple[Step, ...]:
        if self.down is not None:
            return steps.down(source, here, recorded, _count(self.down))
        if self.goto is not None:
            return steps.goto(source, here, recorded, self.goto)
        if self.version is not None:
            return steps.only(source, here, recorded, self.version, self.direction or "up")
        return steps.up(here, recorded, _count(self.up))


def _count(given: int | None) -> int | None:
    return None if given in (None, -1) else given


def _run(where: Server, wanted: Wanted, source: str | None, output: out.Format) -> None:
    project = hasura_project.read(where.config.root)
    known = [str(each["name"]) for each in project.metadata.sources]
    sources = server.chosen(known, source)
    if wanted.is_of_one_source and len(sources) > 1:
        raise click.UsageError(f"Say which database with --database-name: {', '.join(sources)}.")
    with where.connect() as hasura:
        if not wanted.dry_run:
            metadata_apply.ensure_sources(hasura, project.metadata)
        recorded = catalogue.recorded(hasura)
        chosen = [
            step
            for each in sources
            for step in wanted.steps(
                each, tuple(one for one in project.migrations if one.source == each), recorded.get(each, {})
            )
        ]
        if wanted.dry_run:
            _print_steps(chosen, output, "would be applied", "would be taken back")
            return
        show = _show if output == "text" else lambda _: None
        done = migrate.run(hasura, chosen, show, execute=not wanted.skip_execution)
    if output == "json":
        _print_steps(done, output)
    elif not done:
        click.echo("Nothing to apply.")


def _show(step: Step) -> None:
    click.echo(f"{step.source}  {step.title}  {'applied' if step.direction == 'up' else 'taken back'}")


def _print_steps(found: Iterable[Step], output: out.Format, up: str = "", down: str = "") -> None:
    found = tuple(found)
    if output == "json":
        out.print_json(
            [
                {"source": each.source, "version": each.version, "name": each.name, "direction": each.direction}
                for each in found
            ]
        )
        return
    for step in found:
        click.echo(f"{step.source}  {step.title}  {up if step.direction == 'up' else down}")
    if not found:
        click.echo("Nothing to apply.")

"""seed apply, create."""

from __future__ import annotations

import time

import click

from orchestrator.cli import output as out
from orchestrator.cli import server
from orchestrator.cli.server import Server
from orchestrator.errors import StackError
from orchestrator.project import migrations, seeds
from orchestrator.project.pg_dump import rows_of
from orchestrator.project.yaml_tree import shown


@click.group()
def group() -> None:
    """Example rows: the files of seeds/, run each time they are asked for."""


@group.command()
@click.option("-f", "--file", "names", metavar="NAME", multiple=True, help="Only this file of seeds/<database>/.")
@server.database
@out.formats("text", "json")
@server.options
def apply(where: Server, names: tuple[str, ...], source: str | None, output: out.Format) -> None:
    """Run the seeds in the order of their names, each file in one transaction."""
    project = where.config
    sources = server.chosen(migrations.sources(project.seeds), source)
    found = [seed for each in sources for seed in seeds.read(project.seeds, project.root, each)]
    wanted = [seed for seed in found if not names or seed.file.name in names]
    if missing := set(names) - {seed.file.name for seed in wanted}:
        raise StackError(
            f"There is no seed {', '.join(sorted(missing))}.",
            f"There are: {', '.join(each.file.name for each in found)}.",
        )
    with where.connect() as hasura:
        for seed in wanted:
            seeds.apply(hasura, [seed])
            if output == "text":
                click.echo(f"{seed.file}  applied")
    if output == "json":
        out.print_json([{"source": each.source, "file": str(each.file)} for each in wanted])
    elif not wanted:
        click.echo("No seeds here.")


@group.command()
@click.argument("name")
@click.option("--from-table", "tables", metavar="TABLE", multiple=True, help="Fill it with the rows of this table.")
@server.database
@out.formats("text", "json")
@server.options
def create(where: Server, name: str, tables: tuple[str, ...], source: str | None, output: out.Format) -> None:
    """Make an empty seed NAME, or one with the rows of tables.

    \b
    Example:
      hasura-cognito seed create example_users --from-table public.users
    """
    if not migrations.NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} has spaces or slashes: take one such as users.", param_hint="NAME")
    project = where.config
    source = source or server.only_source(where)
    text = ""
    if tables:
        with where.connect() as hasura:
            text = rows_of(hasura, source, tables)
    file = project.seeds / source / f"{time.time_ns() // 1_000_000}_{name}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    made = str(shown(file, project.root))
    out.print_json({"source": source, "file": made}) if output == "json" else click.echo(f"Created {made}.")

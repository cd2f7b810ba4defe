"""migrate create, status, delete, squash; apply and rollback are in migrate_apply."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import output as out
from orchestrator.cli import server
from orchestrator.cli.migrate_apply import apply, rollback
from orchestrator.cli.server import Server
from orchestrator.project import catalogue, migrations, text_file
from orchestrator.project import squash as squashing
from orchestrator.project.migrations import Migration
from orchestrator.project.pg_dump import schema_of
from orchestrator.project.yaml_tree import shown

# The Hasura CLI's words.
DATABASE_STATUS = {"applied": "Applied", "missing": "Applied", "pending": "Not Applied", "dirty": "Dirty"}
DIRTY_HINT = (
    "A dirty migration was begun and not known to be done. `hasura-cognito migrate apply` finds out where it can; "
    "`--skip-execution --version VERSION` says that it took effect, with `--type down` that it did not."
)


@click.group()
def group() -> None:
    """Create, apply and take back migrations, recorded where the Hasura CLI records them."""


group.add_command(apply)
group.add_command(rollback)


@group.command()
@click.argument("name")
@click.option("--up-sql", "--sql", "up", metavar="SQL", default="", help="What up.sql says.")
@click.option("--down-sql", "down", metavar="SQL", default="", help="What down.sql says.")
@click.option("--sql-from-file", "file", type=server.FILE, help="The file whose text up.sql gets.")
@click.option("--from-server", is_flag=True, help="up.sql is the server's schema, and counts as applied there.")
@click.option("--schema", "schemas", metavar="NAME", multiple=True, default=("public",), help="Of --from-server.")
@server.database
@out.formats("text", "json")
@server.options
def create(
    where: Server,
    name: str,
    up: str,
    down: str,
    file: Path | None,
    from_server: bool,
    schemas: tuple[str, ...],
    source: str | None,
    output: out.Format,
) -> None:
    """Make the folder of a migration NAME, with up.sql and down.sql.

    \b
    Examples:
      hasura-cognito migrate create create_posts
      hasura-cognito migrate create init --from-server
    """
    if not migrations.NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} has spaces or slashes: take a name such as create_users.", param_hint="NAME"
        )
    if sum((bool(up), bool(file), from_server)) > 1:
        raise click.UsageError("Give one of --up-sql, --sql-from-file and --from-server.")
    project = where.config
    source = source or server.only_source(where)
    if file:
        up = text_file.read(file, file)
    if from_server:
        with where.connect() as hasura:
            up = schema_of(hasura, source, schemas)
            made = _create(project.migrations, project.root, source, name, up, down)
            catalogue.record(hasura, source, made.version)
    else:
        made = _create(project.migrations, project.root, source, name, up, down)
    facts = {"source": source, "version": made.version, "name": made.name, "folder": str(made.folder)}
    out.print_json(facts) if output == "json" else click.echo(f"Created {made.folder}.")


def _create(directory: Path, root: Path, source: str, name: str, up: str, down: str) -> Migration:
    return migrations.create(directory, root, source, name, at=time.time_ns() // 1_000_000, up=up, down=down)


@group.command()
@server.database
@out.formats("text", "json")
@server.options
def status(where: Server, source: str | None, output: out.Format) -> None:
    """Show each migration: whether its folder is here, and whether the database has it.

    Fails when one is dirty: begun, and not known to be done.
    """
    project = where.config
    with where.connect() as hasura:
        recorded = catalogue.recorded(hasura)
    known = sorted({*migrations.sources(project.migrations), *recorded})
    found = [
        each
        for name in server.chosen(known, source)
        for each in catalogue.status(
            migrations.read(project.migrations, project.root, name), recorded.get(name, {}), name
        )
    ]
    if output == "json":
        out.print_json([_facts(each) for each in found])
    else:
        out.print_rows(
            ("database", "version", "name", "source status", "database status"),
            [tuple(str(value) for value in _facts(each).values()) for each in found],
        )
    if any(each.state == "dirty" for each in found):
        click.echo(DIRTY_HINT, err=True)
        raise click.exceptions.Exit(1)


def _facts(each: catalogue.Status) -> dict[str, Any]:
    return {
        "database": each.source,
        "version": each.version,
        "name": each.name,
        "source_status": "Present" if each.is_here else "Not Present",
        "database_status": DATABASE_STATUS[each.state],
    }


@group.command()
@click.option("--version", "version", type=click.IntRange(1), metavar="VERSION", help="The one to forget.")
@click.option("--all", "every", is_flag=True, help="Forget all of the database.")
@click.option("--server", "only_server", is_flag=True, help="Keep the folders, forget that they were applied.")
@click.option("-y", "--yes", "--force", is_flag=True, help="Do not ask.")
@server.database
@server.options
def delete(where: Server, version: int | None, every: bool, only_server: bool, yes: bool, source: str | None) -> None:
    """Delete migrations: their folders and the record of them. What they did to the database stays."""
    if (version is None) != every:
        raise click.UsageError("Give either --version or --all.")
    project = where.config
    with where.connect() as hasura:
        name = source or server.only_source(where)
        recorded = catalogue.recorded(hasura).get(name, {})
        here = {each.version: each for each in migrations.read(project.migrations, project.root, name)}
        gone = sorted({*here, *recorded}) if every else [int(version or 0)]
        if version is not None and version not in {*here, *recorded}:
            raise click.BadParameter(f"{name} has no migration {version}.", param_hint="--version")
        if not yes:
            what = "the record" if only_server else "the folder and the record"
            click.confirm(f"Delete {what} of {len(gone)} of {name}'s migrations?", abort=True, err=True)
        if not only_server:
            for each in gone:
                if each in here:
                    migrations.delete(project.root, here[each])
        catalogue.forget(hasura, name, gone)
    click.echo(f"Deleted {', '.join(map(str, gone)) or 'nothing'}.")


@group.command()
@click.option("--from", "first", type=click.IntRange(1), metavar="VERSION", required=True, help="The first of them.")
@click.option("--to", "last", type=click.IntRange(1), metavar="VERSION", help="The last of them. [default: the newest]")
@click.option("--name", default="squashed", show_default=True, help="What the one is called.")
@click.option("--delete-source", is_flag=True, help="Do not keep the old ones.")
@server.database
@out.formats("text", "json")
@server.options
def squash(
    where: Server,
    first: int,
    last: int | None,
    name: str,
    delete_source: bool,
    source: str | None,
    output: out.Format,
) -> None:
    """Make one migration of several that are all applied, or all not. It takes the version of the last of them.

    The old ones are kept aside in a folder squashed_…_to_…, which neither this tool nor the Hasura CLI applies.
    """
    if not migrations.NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} has spaces or slashes: take one such as create_users.", param_hint="--name")
    project = where.config
    with where.connect() as hasura:
        database = source or server.only_source(where)
        here = migrations.read(project.migrations, project.root, database)
        found = squashing.chosen(here, catalogue.recorded(hasura).get(database, {}), first, last)
        made, aside = squashing.squash(project.migrations, project.root, found, name)
        catalogue.forget(hasura, database, [each.version for each in found[:-1]])
    if delete_source:
        shutil.rmtree(aside)
    facts: dict[str, Any] = {"source": database, "version": made.version, "name": name, "folder": str(made.folder)}
    facts["squashed"] = [each.version for each in found]
    if output == "json":
        out.print_json(facts)
    else:
        kept = "" if delete_source else f"; the old ones are in {shown(aside, project.root)}"
        click.echo(f"Made {made.folder} of {len(found)} migrations{kept}.")

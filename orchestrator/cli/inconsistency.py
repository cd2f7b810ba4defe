"""metadata inconsistency list, status, drop."""

from __future__ import annotations

from collections.abc import Sequence

import click

from orchestrator.cli import output as out
from orchestrator.cli import server
from orchestrator.cli.server import Server
from orchestrator.project import inconsistencies
from orchestrator.project.inconsistencies import Inconsistency


@click.group()
def group() -> None:
    """What the server leaves out of its metadata, because it does not work. (Also: inconsistent, ic.)"""


@group.command("list")
@out.formats("text", "json")
@server.options
def list_(where: Server, output: out.Format) -> None:
    """List each inconsistent object with the reason, and where it is written."""
    with where.connect() as hasura:
        found = inconsistencies.found(hasura, server.metadata_here(where))
    if output == "json":
        out.print_json([out.plain(each) for each in found])
    elif found:
        out.print_rows(
            ("type", "name", "written at", "reason"),
            [(each.kind, each.name, str(each.place), each.reason) for each in found],
        )
    else:
        click.echo("The metadata is consistent.")


@group.command()
@out.formats("text", "json")
@server.options
def status(where: Server, output: out.Format) -> None:
    """Say whether the metadata is consistent. Fails when it is not."""
    with where.connect() as hasura:
        found = inconsistencies.found(hasura, server.metadata_here(where))
    print_inconsistencies(found, output, "The metadata is consistent.")


@group.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@server.options
def drop(where: Server, yes: bool) -> None:
    """Take the inconsistent objects out of the server's metadata. The files stay."""
    with where.connect() as hasura:
        found = inconsistencies.found(hasura, server.metadata_here(where))
        if not found:
            click.echo("The metadata is consistent: there is nothing to drop.")
            return
        for each in found:
            click.echo(f"{each.kind} {each.name}: {each.reason}", err=True)
        if not yes:
            click.confirm(f"Drop {len(found)} from the metadata of {hasura.url}?", abort=True, err=True)
        hasura.metadata("drop_inconsistent_metadata")
    click.echo(f"Dropped {len(found)}.")


def print_inconsistencies(found: Sequence[Inconsistency], output: out.Format, fine: str) -> None:
    """Prints `fine` or what is wrong, which ends the command with exit code 1.

    What the engine keeps without acting on it is told, and is no failure.
    """
    wrong = [each for each in found if not each.is_unserved]
    if output == "json":
        out.print_json({"is_consistent": not wrong, "inconsistent": [out.plain(each) for each in found]})
    else:
        for each in found:
            note = " (kept without effect in this engine)" if each.is_unserved else ""
            click.echo(f"{each}{note}", err=True)
        click.echo(fine if not wrong else f"The metadata is inconsistent: {len(wrong)} of its objects do not work.")
    if wrong:
        raise click.exceptions.Exit(1)

"""metadata apply, export, diff, reload, clear; inconsistency is in inconsistency."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from orchestrator.cli import output as out
from orchestrator.cli import server, watch
from orchestrator.cli.inconsistency import group as inconsistency
from orchestrator.cli.inconsistency import print_inconsistencies
from orchestrator.cli.server import Server
from orchestrator.project import (
    inconsistencies,
    metadata,
    metadata_apply,
    metadata_diff,
    metadata_export,
    metadata_files,
)
from orchestrator.project.hasura import Hasura
from orchestrator.project.metadata import Metadata
from orchestrator.project.yaml_tree import shown as name_of

ALIASES = {"ic": "inconsistency", "inconsistent": "inconsistency"}
COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class Group(click.Group):
    """A group that also knows the Hasura CLI's shorter names."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))


@click.group(cls=Group)
def group() -> None:
    """Apply, export and compare Hasura's metadata, in the files that the Hasura CLI reads and writes."""


group.add_command(inconsistency, "inconsistency")


@group.command()
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option(
    "--allow-inconsistent-metadata/--disallow-inconsistent-metadata",
    "allow",
    help="Take what works and leave out the rest. [default: all or nothing]",
)
@click.option("-w", "--watch", "watching", is_flag=True, help="Apply again whenever a file changes, until Ctrl-C.")
@out.formats("text", "json")
@server.options
def apply(where: Server, dry_run: bool, allow: bool, watching: bool, output: out.Format) -> None:
    """Replace the server's metadata by that of the metadata folder, whole or not at all.

    \b
    Examples:
      hasura-cognito metadata apply
      hasura-cognito metadata apply --watch
      hasura-cognito metadata apply --endpoint https://hasura.example.com
    """
    if watching and (dry_run or output == "json"):
        raise click.UsageError("--watch goes with neither --dry-run nor -o json.")
    project = where.config
    with where.connect() as hasura:

        def once(_: tuple[Path, ...] = ()) -> None:
            found = metadata.read(project.metadata, project.root)
            if dry_run:
                _print_diff(metadata_diff.diff(hasura.metadata("export_metadata"), found.document), output)
            else:
                _apply(hasura, found, output, allow=allow)

        if not watching:
            once()
            return
        # What is wrong now may be what the user is about to mend.
        watch.attempt(once)
        watch.repeat(project.root, [project.metadata], once)


def _apply(hasura: Hasura, found: Metadata, output: out.Format, *, allow: bool) -> None:
    changed = metadata_apply.apply(hasura, found, allow_inconsistent=allow)
    wrong = inconsistencies.found(hasura, found)
    if output == "json":
        out.print_json({"changed": changed, "inconsistent": [out.plain(each) for each in wrong]})
        return
    click.echo("Applied." if changed else "Nothing to apply: the server's metadata is the same.")
    for each in wrong:
        what = "has no effect in this engine" if each.is_unserved else "is inconsistent"
        click.echo(f"{each.place}: {each.kind} {each.name} {what}: {each.reason}", err=True)


@group.command()
@click.option(
    "-o",
    "--output",
    "output",
    type=click.Choice(("files", "json", "yaml")),
    default="files",
    show_default=True,
    help="Print the metadata instead of writing the files.",
)
@server.options
def export(where: Server, output: Literal["files", "json", "yaml"]) -> None:
    """Write the server's metadata into the metadata folder, as the Hasura CLI does.

    Only files that differ are written, and those of objects that are no more are removed. A file with comments stays
    as long as it says the same.
    """
    project = where.config
    with where.connect() as hasura:
        document = hasura.metadata("export_metadata")
    if output == "json":
        out.print_json(document)
        return
    if output == "yaml":
        click.echo(metadata_files.text(document), nl=False)
        return
    done = metadata_export.write(project.metadata, project.root, document)
    shown = name_of(project.metadata, project.root)
    for what, files in (("wrote    ", done.written), ("removed  ", done.removed)):
        for file in files:
            click.echo(f"{what}{shown / file}{'  (its comments are gone)' if file in done.uncommented else ''}")
    if not done.written and not done.removed:
        click.echo("Nothing to write: the files say the same.")


@group.command()
@click.option("--exit-code", is_flag=True, help="Fail when there is a difference.")
@out.formats("text", "json")
@server.options
def diff(where: Server, exit_code: bool, output: out.Format) -> None:
    """Show what `metadata apply` would change: from the server's metadata to the project's files."""
    project = where.config
    found = metadata.read(project.metadata, project.root)
    with where.connect() as hasura:
        differences = metadata_diff.diff(hasura.metadata("export_metadata"), found.document)
    _print_diff(differences, output)
    if differences and exit_code:
        raise click.exceptions.Exit(1)


def _print_diff(differences: dict[Path, tuple[str, ...]], output: out.Format) -> None:
    if output == "json":
        out.print_json([{"file": str(name), "diff": "\n".join(lines)} for name, lines in differences.items()])
        return
    for lines in differences.values():
        for line in lines:
            bold = line.startswith(("---", "+++"))
            click.secho(line, fg=None if bold else COLOURS.get(line[:1]), bold=bold)
    if not differences:
        click.echo("No difference.")


@group.command()
@out.formats("text", "json")
@server.options
def reload(where: Server, output: out.Format) -> None:
    """Let the server read its sources and remote schemas anew. Fails when something is inconsistent then."""
    args: dict[str, Any] = {"reload_sources": True, "reload_remote_schemas": True}
    with where.connect() as hasura:
        hasura.metadata("reload_metadata", args)
        wrong = inconsistencies.found(hasura, server.metadata_here(where))
    print_inconsistencies(wrong, output, "Reloaded.")


@group.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@server.options
def clear(where: Server, yes: bool) -> None:
    """Take everything out of the server's metadata. The database and the files stay."""
    with where.connect() as hasura:
        if not yes:
            click.confirm(f"Clear the metadata of {hasura.url}?", abort=True, err=True)
        hasura.metadata("clear_metadata")
    click.echo("Cleared.")

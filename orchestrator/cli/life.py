"""up, down, reset."""

from __future__ import annotations

import functools
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output
from orchestrator.cli.main import BEGAN
from orchestrator.cli.state import print_status
from orchestrator.launchers.images import Pulled
from orchestrator.project import config
from orchestrator.project.config import find_root
from orchestrator.stack import deaths, lifecycle, target
from orchestrator.stack.apply import unready
from orchestrator.stack.lifecycle import Event
from orchestrator.stack.plan import Layout
from orchestrator.stack.status import status

if TYPE_CHECKING:
    import rich.progress


class Progress:
    """What `up` tells on standard error: a line for what is done, and a bar for an image while it is pulled."""

    def __init__(self) -> None:
        self._bars: rich.progress.Progress | None = None
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __call__(self, told: Event | Pulled) -> None:
        if isinstance(told, Pulled):
            self._bar(told)
        else:
            self.close()
            show(told)

    def close(self) -> None:
        if self._bars:
            self._bars.stop()
            self._bars = None

    def _bar(self, pulled: Pulled) -> None:
        import rich.progress as bars

        if self._bars is None:
            bar = bars.BarColumn(complete_style="cyan", finished_style="green")
            columns = (bars.TextColumn("{task.description}"), bar, bars.DownloadColumn(), bars.TimeRemainingColumn())
            self._bars = bars.Progress(*columns, console=output.stderr)
            self._bars.start()
        if pulled.image not in self._tasks:
            self._tasks[pulled.image] = self._bars.add_task(pulled.image, total=None)
        doing = "unpacking" if pulled.unpacking else "pulling"
        self._bars.update(
            self._tasks[pulled.image],
            description=f"{doing} {pulled.image}",
            completed=pulled.done,
            total=pulled.total or None,
        )


def show(event: Event) -> None:
    """One line of progress: `✓ hasura      ready      0.61 s`."""
    mark = "[dim]·[/dim]" if event.outcome == "unchanged" else "[green]✓[/green]"
    output.stderr.print(f"{mark} {event.what:<10}  {event.outcome:<60} [dim]{event.seconds:6.2f} s[/dim]")


@click.command()
@click.option("--no-verify", is_flag=True, help="Do not take a throwaway user the whole way.")
@click.option("-w", "--watch", "watching", is_flag=True, help="Go on applying what changes on disk, until Ctrl-C.")
@output.formats("text", "json", "env")
@click.pass_context
def up(context: click.Context, no_verify: bool, watching: bool, output: output.Format) -> None:
    """Start the stack, apply migrations and metadata, prove that sign-in works, and print the URLs.

    What already runs as it should is left alone: a second `up` changes nothing. When `up` fails or is
    interrupted, what it started is stopped again.

    With --watch it stays and does so again whenever the migrations, the metadata or lambdas/template.yaml change.
    What is wrong is shown, and the next change is another try; a service that dies meanwhile is told, too. The stack
    runs on after Ctrl-C.

    \b
    Examples:
      hasura-cognito up
      hasura-cognito up --watch
      STACK_PORTS=free hasura-cognito up -o json
    """
    root = find_root(context.obj)
    progress = Progress()
    try:
        changed = lifecycle.up(Layout(root), os.environ, progress, check=not no_verify)
    finally:
        progress.close()
    seconds = time.monotonic() - context.meta[BEGAN]
    print_status(status(root), output)
    if output == "text":
        what = "Started" if changed else "Already up: nothing changed"
        click.secho(f"\n{what} in {seconds:.1f} s.", bold=True)
    if watching:
        watch_project(root)


def watch_project(root: Path) -> None:
    """Brings the stack to what the project says, each time its files change, until Ctrl-C."""
    # Loading it takes as long as the rest of this file, and few calls watch.
    from orchestrator.cli import watch

    def again(files: tuple[Path, ...]) -> None:
        there = target.find(root, {**os.environ, target.ENDPOINT: ""})
        found = unready(root, files, there.url, there.admin_secret)
        for file in found.applied:
            click.echo(f"{file} is applied already: `hasura-cognito migrate rollback` takes it back first.", err=True)
        if found.empty:
            click.echo(
                f"{', '.join(map(str, found.empty))} is empty: nothing is applied before it is written.", err=True
            )
        elif not lifecycle.up(Layout(root), os.environ, Progress(), check=False):
            click.echo("Nothing to apply.", err=True)

    project = config.read(root)
    begun, done = threading.Event(), threading.Event()
    telling = threading.Thread(target=watch.attempt, args=(functools.partial(tell_deaths, root, begun, done),))
    telling.start()
    try:
        begun.wait()
        watch.repeat(root, [project.migrations, project.metadata, root / "lambdas" / "template.yaml"], again)
    finally:
        done.set()
        telling.join()


def tell_deaths(root: Path, begun: threading.Event, done: threading.Event) -> None:
    """Shows which services die and come back, until `done`; sets `begun` when it sees them, or can't."""
    try:
        told = deaths.told(root, done)
    finally:
        begun.set()
    for service, what in told:
        mark = "[green]✓[/green]" if what == deaths.BACK else "[red]✗[/red]"
        output.stderr.print(f"{mark} {service:<10}  {what}")


@click.command()
@click.pass_obj
def down(project: Path) -> None:
    """Stop everything that `up` started. The data, the users and the keys stay in .stack/."""
    stopped = lifecycle.down(Layout(find_root(project)), os.environ)
    click.echo("Stopped." if stopped else "Nothing was running.")


@click.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(project: Path, yes: bool) -> None:
    """Stop everything and delete .stack/: the database, the users, the keys and the made secrets."""
    root = find_root(project)
    if not yes:
        click.confirm(f"Delete the database and the users of the stack in {root}?", abort=True, err=True)
    lifecycle.reset(Layout(root), os.environ)
    click.echo("Everything is gone. `hasura-cognito up` starts anew.")

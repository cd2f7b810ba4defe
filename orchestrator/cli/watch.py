"""--watch: do it again whenever the project's files change."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from orchestrator.cli import output
from orchestrator.cli.main import fail
from orchestrator.errors import StackError
from orchestrator.project import watch
from orchestrator.project.yaml_tree import shown

SHOWN = 3


def repeat(root: Path, watched: Sequence[Path], do: Callable[[tuple[Path, ...]], None]) -> None:
    """Calls `do` with the files that changed, each time some did, until Ctrl-C. What fails is shown, and it goes on."""
    output.stderr.print(f"Watching {', '.join(str(shown(each, root)) for each in watched)} (Ctrl-C ends it).")
    try:
        for files in watch.changes(root, watched):
            more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            output.stderr.print(f"\n[bold]{', '.join(map(str, files[:SHOWN]))}{more}[/bold] changed")
            attempt(functools.partial(do, files))
    except KeyboardInterrupt:
        click.echo("Stopped watching.", err=True)


def attempt(do: Callable[[], None]) -> None:
    """Calls `do` and shows what fails, instead of ending."""
    try:
        do()
    except StackError as error:
        fail(error.message, error.hint)
    except OSError as error:
        # Such as a folder that `git checkout` takes away meanwhile.
        fail(f"{error.filename or 'A file'}: {error.strerror or error}.")

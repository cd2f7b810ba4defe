"""How far a walk through many users has come: a bar with an estimate at a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

import click

from orchestrator.cli import output as out

if TYPE_CHECKING:
    import rich.progress

# How often there is a line where there is no bar.
LINE_SECONDS = 5.0


class Progress:
    """Shows on standard error how many of `total` are done; `begin` of them are since an earlier run.

    The total may be an estimate of Cognito's, which is hours old.
    """

    def __init__(self, what: str, total: int, *, begin: int = 0) -> None:
        self._what = what
        self._total = max(total, begin)
        self._begin = begin
        self._done = begin
        self._started = self._told = time.monotonic()
        self._bar: rich.progress.Progress | None = None

    def __enter__(self) -> Progress:
        if out.stderr.is_terminal:
            import rich.progress as bars

            columns = (
                bars.TextColumn("{task.description}"),
                bars.BarColumn(),
                bars.TextColumn("{task.completed:,} of about {task.total:,}"),
                bars.TimeRemainingColumn(),
            )
            # What goes to standard output must go there, also where that is a file.
            self._bar = bars.Progress(*columns, console=out.stderr, transient=True, redirect_stdout=False)
            self._task = self._bar.add_task(self._what, total=self._total, completed=self._done)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def come_to(self, done: int) -> None:
        self._done = done
        self._total = max(self._total, done)
        if self._bar:
            self._bar.update(self._task, completed=done, total=self._total)
        elif time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            newly, seconds = done - self._begin, self._told - self._started
            click.echo(line(self._what, done, self._total, newly, seconds), err=True)

    def print(self, text: str, *, end: str = "\n") -> None:
        """Writes to standard output, above the bar where both are at the terminal."""
        if self._bar and sys.stdout.isatty():
            self._bar.console.out(text, end=end)
        else:
            click.echo(text, nl=end == "\n")

    def tell(self, text: str) -> None:
        """A line on standard error, above the bar."""
        if self._bar:
            self._bar.console.out(text)
        else:
            click.echo(text, err=True)


def line(what: str, done: int, total: int, newly: int, seconds: float) -> str:
    """
    >>> line("users", 30_000, 100_000, 10_000, 2.0)
    'users: 30,000 of about 100,000, some 14 s left'
    """
    left = (total - done) * seconds / newly if newly else 0
    return f"{what}: {done:,} of about {total:,}, some {left:.0f} s left"

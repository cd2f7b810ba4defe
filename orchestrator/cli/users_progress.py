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

    The total may be an estimate of Cognito's that is hours old: where more are done, nothing is said of what is left.
    """

    def __init__(self, what: str, total: int, *, begin: int = 0) -> None:
        self._what = what
        self._total = total
        self._begin = begin
        self._started = self._told = time.monotonic()
        self._bar: rich.progress.Progress | None = None

    def __enter__(self) -> Progress:
        if out.stderr.is_terminal:
            import rich.progress as bars

            columns = (
                bars.TextColumn("{task.description}"),
                bars.BarColumn(),
                bars.TextColumn("{task.fields[count]}"),
                bars.TimeRemainingColumn(),
            )
            # What goes to standard output must go there, also where that is a file.
            self._bar = bars.Progress(*columns, console=out.stderr, transient=True, redirect_stdout=False)
            count = count_of(self._begin, self._total)
            self._task = self._bar.add_task(self._what, total=self._total, completed=self._begin, count=count)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def come_to(self, done: int) -> None:
        count = count_of(done, self._total)
        if self._bar:
            total = self._total if done <= self._total else None
            self._bar.update(self._task, completed=done, total=total, count=count)
        elif time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            left = seconds_left(done, self._total, done - self._begin, self._told - self._started)
            click.echo(f"{self._what}: {count}{'' if left is None else f', some {left:.0f} s left'}", err=True)

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


def count_of(done: int, total: int) -> str:
    """
    >>> count_of(30_000, 100_000), count_of(30_000, 20_000)
    ('30,000 of about 100,000', '30,000')
    """
    return f"{done:,} of about {total:,}" if done <= total else f"{done:,}"


def seconds_left(done: int, total: int, newly: int, seconds: float) -> float | None:
    """How long the rest takes if it goes on as it did for those `newly` done; None where that is not known.

    >>> seconds_left(30_000, 100_000, 10_000, 2.0)
    14.0
    """
    return (total - done) * seconds / newly if newly and done <= total else None

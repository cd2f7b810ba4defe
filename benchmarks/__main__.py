"""`python -m benchmarks [NAME…] [-o json]` measures and prints; it fails if a target is missed."""

from __future__ import annotations

import importlib
import sys

import click
from rich.console import Console
from rich.table import Table

from benchmarks.row import Row
from orchestrator.cli.output import print_json

BENCHMARKS = ("up", "docker", "engine", "cognito", "subscriptions", "testing", "sync", "tunnel")


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(BENCHMARKS))
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def main(names: tuple[str, ...], output: str) -> None:
    """Measure the named benchmarks, or all, each side by side with its peer."""
    rows = [row for name in names or BENCHMARKS for row in importlib.import_module(f"benchmarks.{name}").rows()]
    if output == "json":
        print_json([row.facts() for row in rows])
    else:
        print_table(rows)
    sys.exit(0 if all(row.ok for row in rows) else 1)


def print_table(rows: list[Row]) -> None:
    table = Table("what", "measured", "target", "peer", "peer's", "ratio", box=None)
    for row in rows:
        table.add_row(
            row.name,
            f"[{'green' if row.ok else 'red'}]{row.value:.2f} {row.unit}[/]",
            row.target.text(row.unit),
            row.peer or "",
            f"{row.peer_value:.2f} {row.unit}" if row.peer_value else "",
            f"{row.ratio:.2f}" if row.ratio else "",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()

"""How facts are printed: for people, as JSON, or as variables for an application."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table

Format = Literal["text", "json", "env"]

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def formats(*names: Format) -> Callable[[Any], Any]:
    """The option -o/--output with these formats; the first is the default."""
    return click.option(
        "-o", "--output", "output", type=click.Choice(names), default=names[0], show_default=True, help="How to print."
    )


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_env(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        click.echo(f"{name}={shlex.quote(value)}")


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*columns, box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    stdout.print(table)


def print_facts(facts: Mapping[str, str]) -> None:
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        stdout.print(f"  [dim]{name:<{width}}[/dim]  ", end="")
        stdout.print(value, markup=False)

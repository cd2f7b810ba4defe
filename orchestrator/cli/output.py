"""How facts are printed: for people, as JSON, or as variables for an application."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal

import click
from rich.console import Console

Format = Literal["text", "json", "env"]

stdout = Console(highlight=False, soft_wrap=True)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)


def formats(*names: Format) -> Callable[[Any], Any]:
    """The option -o/--output with these formats; the first is the default."""
    return click.option(
        "-o", "--output", "output", type=click.Choice(names), default=names[0], show_default=True, help="How to print."
    )


def plain(value: Any) -> dict[str, Any]:
    """The members of a dataclass for JSON; what is neither a number, text nor a truth as text."""
    kept = (str, int, float, bool, type(None))
    return {
        each.name: item if isinstance(item := getattr(value, each.name), kept) else str(item) for each in fields(value)
    }


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_env(variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        click.echo(f"{name}={shlex.quote(value)}")


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose cells are never cut, whatever the terminal's width is: they are there to be copied."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for style, row in (("dim", columns), *((None, row) for row in rows)):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        stdout.print(line.rstrip(), style=style, markup=False)


def print_facts(facts: Mapping[str, str]) -> None:
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        stdout.print(f"  [dim]{name:<{width}}[/dim]  ", end="")
        stdout.print(value, markup=False)

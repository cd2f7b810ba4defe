"""Questions at the terminal, and what happens where nobody is there to answer."""

from __future__ import annotations

import sys

import click

from orchestrator.errors import StackError


def at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def read_secret(what: str, *, confirm: bool = False) -> str:
    """Asked for at a terminal, where it is not shown; else the first line of standard input, empty without one."""
    if at_a_terminal():
        text: str = click.prompt(
            what, hide_input=True, confirmation_prompt=confirm, default="", show_default=False, err=True
        )
        return text
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether to go on; with `yes` nothing is asked. Raises StackError where nobody answers."""
    if yes:
        return True
    try:
        return click.confirm(question, err=True)
    except click.Abort as abort:
        raise _unanswered(abort) from abort


def typed(question: str) -> str:
    """What somebody types. Raises StackError where nobody does."""
    try:
        return str(click.prompt(question, default="", show_default=False, err=True))
    except click.Abort as abort:
        raise _unanswered(abort) from abort


def _unanswered(abort: click.Abort) -> Exception:
    """The same, for somebody at the terminal who has pressed Ctrl-C."""
    if at_a_terminal():
        return abort
    click.echo(err=True)
    return StackError("There is nobody to answer, so nothing was changed.", "Add --yes.")

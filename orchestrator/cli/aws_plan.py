"""What CloudFormation would do, as a table, with a loud word about users who would be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orchestrator.cli import output as out

if TYPE_CHECKING:
    from orchestrator.aws.account import Account
    from orchestrator.aws.deploy.change_sets import Change, ChangeSet

# Enough for the longest names: a cell is never cut, whatever the terminal's width is.
WIDTH = 200
STYLES = {"Add": "green", "Modify": "yellow", "Remove": "red"}
REPLACEMENTS: Mapping[str, str] = {"True": "replaced", "Conditional": "maybe replaced", "False": "in place"}


def show_plan(change_set: ChangeSet, stack_name: str, whose: Account, *, is_new: bool) -> None:
    what = "New stack" if is_new else "Changes to the stack"
    out.stderr.print(f"{what} {stack_name} ({whose})", style="bold")
    if change_set.changes:
        print_table(change_set.changes)
    else:
        out.stderr.print("No resource changes, only outputs or descriptions.")
    for change in change_set.changes:
        if change.loses_users:
            out.stderr.print(loss(change), style="bold red")


def print_table(changes: Sequence[Change]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("action", "resource", "type", "replacement", box=box.SIMPLE_HEAD)
    for change in changes:
        action = f"[{STYLES.get(change.action, 'default')}]{change.action}[/]"
        table.add_row(action, change.logical_id, change.type, replacement(change))
    Console(stderr=True, width=WIDTH).print(table)


def replacement(change: Change) -> str:
    """
    >>> from orchestrator.aws.deploy.change_sets import Change
    >>> replacement(Change("Modify", "Pool", "AWS::Cognito::UserPool", "True", ("Schema",)))
    'replaced, for Schema'
    """
    word = REPLACEMENTS.get(change.replacement, "")
    return f"{word}, for {', '.join(change.properties)}" if word and change.properties else word


def loss(change: Change) -> str:
    if change.action == "Remove":
        return f"THE USER POOL {change.logical_id} WOULD BE DELETED: ALL ITS USERS WOULD BE LOST."
    maybe = "MAY" if change.replacement == "Conditional" else "WOULD"
    return f"THE USER POOL {change.logical_id} {maybe} BE REPLACED BY AN EMPTY ONE: ALL ITS USERS WOULD BE LOST."

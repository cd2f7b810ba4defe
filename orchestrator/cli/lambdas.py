"""lambda list, invoke, logs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import output as out
from orchestrator.errors import StackError
from orchestrator.project.config import find_root
from orchestrator.stack import events, functions
from orchestrator.stack import logs as log_files
from orchestrator.stack.accounts import accounts_of
from orchestrator.stack.plan import Layout
from orchestrator.stack.status import running


@click.group()
def group() -> None:
    """List and invoke the Lambda functions, read their logs."""


@group.command("list")
@out.formats("text", "json")
@click.pass_obj
def list_functions(project: Path, output: out.Format) -> None:
    """The functions of lambdas/template.yaml, or with a pool in AWS those that it calls."""
    found = functions.Functions.of(running(find_root(project))).list()
    if output == "json":
        out.print_json(found)
    else:
        out.print_rows(
            ("name", "handler", "runtime", "timeout"),
            [(each["name"], each["handler"], each["runtime"], f"{each['timeout']} s") for each in found],
        )


@group.command()
@click.argument("name")
@click.option("-e", "--event", "event_file", metavar="FILE", help="The event as a JSON file; - for standard input.")
@click.option("-t", "--trigger", metavar="SOURCE", help="Make Cognito's event of this trigger source.")
@click.option("-u", "--user", metavar="USERNAME", help="The user that the event made by --trigger is about.")
@out.formats("text", "json")
@click.pass_obj
def invoke(
    project: Path, name: str, event_file: str | None, trigger: str | None, user: str | None, output: out.Format
) -> None:
    """Invoke the function NAME and print what it returns and logs.

    \b
    Examples:
      hasura-cognito lambda invoke user-sync -t PostAuthentication_Authentication -u ada@example.com
      hasura-cognito lambda invoke user-sync -e event.json
    """
    if (event_file is None) == (trigger is None):
        raise click.UsageError("Give either --event or --trigger.")
    if (trigger is None) != (user is None):
        raise click.UsageError("--trigger and --user go together.")
    record = running(find_root(project))
    if trigger and user:
        event = events.trigger_event(trigger, accounts_of(record).get(user), record.pool)
    else:
        event = read_event(str(event_file))
    result = functions.Functions.of(record).invoke(name, event)
    if output == "json":
        out.print_json({"payload": result.payload, "error": result.error, "log": result.log})
    else:
        click.echo(result.log, err=True)
        out.print_json(result.payload)
    if result.error:
        raise click.exceptions.Exit(1)


def read_event(file: str) -> Any:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        return json.loads(text)
    except ValueError as error:
        raise StackError(f"{file}: is not JSON: {error}.", "An event is a JSON object.") from error


@group.command()
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=100, show_default=True, help="How many of the last.")
@click.pass_obj
def logs(project: Path, name: str, follow: bool, lines: int) -> None:
    """Show the log of the function NAME; that of one in AWS is in CloudWatch."""
    root = find_root(project)
    record = running(root)
    full = functions.Functions.of(record).resolve(name)
    if record.identity == "aws":
        raise StackError(f"The log of {full} is in CloudWatch.", f"Run `aws logs tail /aws/lambda/{full} --follow`.")
    files = log_files.chosen(log_files.found(Layout(root).logs), [full])
    for _, line in log_files.follow(files, lines) if follow else log_files.last(files, lines):
        click.echo(line)

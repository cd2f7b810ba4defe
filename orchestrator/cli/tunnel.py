"""tunnel."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import output as out
from orchestrator.cli.state import tunnel_facts
from orchestrator.errors import StackError
from orchestrator.project.config import find_root
from orchestrator.stack.status import status as status_of


@click.command()
@out.formats("text", "json")
@click.pass_obj
def tunnel(project: Path, output: out.Format) -> None:
    """Show the tunnel: its public URL, and where that is registered. Fails while it is not open.

    \b
    Examples:
      hasura-cognito tunnel
      hasura-cognito tunnel -o json | jq -r .url
      hasura-cognito logs -f tunnel gateway
    """
    facts = status_of(find_root(project))["services"].get("tunnel")
    if facts is None:
        raise StackError("This stack has no tunnel.", "Set STACK_TUNNEL in .env and run `hasura-cognito up`.")
    if output == "json":
        out.print_json(facts)
    else:
        out.print_facts({"state": facts["state"], **tunnel_facts(facts), "since": facts["since"] or "-"})
    if facts["state"] != "running":
        raise click.exceptions.Exit(1)

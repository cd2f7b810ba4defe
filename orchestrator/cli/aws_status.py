"""aws status: the deployed stack, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestrator.aws.deploy import drift, stacks
from orchestrator.aws.deploy import status as facts_of
from orchestrator.cli import output as out
from orchestrator.cli.aws_stack import lease_line, stack_name, where

Facts = Mapping[str, Any]


@click.command(short_help="Show what is deployed, and who holds a lease.")
@stack_name
@click.option("--drift", "look", is_flag=True, help="Look for what was changed by hand since (takes a minute).")
@out.formats("text", "json")
@click.pass_obj
def status(project: Path, stack_name: str | None, look: bool, output: out.Format) -> None:
    """Show the stack that `aws deploy` made: outputs, user pool and triggers, functions, and who holds a lease.

    Fails when the stack does not work.

    \b
    Examples:
      hasura-cognito aws status
      hasura-cognito aws status -o json | jq -r .pool.id
      hasura-cognito aws status --drift
    """
    from botocore.session import Session

    from orchestrator.aws.clients import amazon

    here = where(project, stack_name)
    session = Session()
    client = amazon("cloudformation", region=here.region, session=session)
    stack = stacks.get_ours(client, here.stack_name)
    clients = facts_of.Clients(
        amazon("cognito-idp", region=stack.region, session=session),
        amazon("lambda", region=stack.region, session=session),
        amazon("dynamodb", region=stack.region, session=session),
    )
    facts = {
        **facts_of.facts(clients, stack, stacks.resources(client, stack)),
        "drift": drift.detect(client, stack) if look else drift.last(stack),
    }
    if output == "json":
        out.print_json(facts)
    else:
        print_text(facts)
    if stack.status not in stacks.WORKING:
        raise click.exceptions.Exit(1)


def print_text(facts: Facts) -> None:
    stack = facts["stack"]
    out.print_facts(
        {
            "stack": f"{stack['name']} (account {stack['account']}, {stack['region']})",
            "state": ": ".join(filter(None, (stack["status"], stack["reason"]))),
            "changed": stack["updated"] or stack["created"],
            **facts["outputs"],
            **drift_lines(facts["drift"]),
            "console": stack["console"],
        }
    )
    if facts["pool"]:
        click.echo("\nUser pool")
        out.print_facts(pool_lines(facts["pool"]))
    if facts["functions"]:
        click.echo("\nFunctions")
        out.print_facts({each["name"]: function_line(each) for each in facts["functions"]})
    if facts["leases"]:
        click.echo("\nLeases")
        out.print_facts(lease_lines(facts["leases"]))


def pool_lines(pool: Facts) -> dict[str, str]:
    if "error" in pool:
        return {"error": pool["error"]}
    return {"name": pool["name"], "users": f"about {pool['users']}", "MFA": pool["mfa"], **pool["triggers"]}


def function_line(function: Facts) -> str:
    if "error" in function:
        return str(function["error"])
    reason = f" ({function['reason']})" if "reason" in function else ""
    return f"{function['state']}, last update {function['last_update']}{reason}, {function['modified']}"


def lease_lines(leases: Facts) -> dict[str, str]:
    if "error" in leases:
        return {"error": leases["error"]}
    if not leases["items"]:
        return {leases["table"]: f"{leases['state']}, nobody holds a lease"}
    return {each["client_id"]: lease_line(each) for each in leases["items"]}


def drift_lines(drift: Facts) -> dict[str, str]:
    """Nothing where nobody ever looked."""
    if drift["status"] == "NOT_CHECKED":
        return {}
    changed = [
        f"{each['name']} {each['status'].lower()} {' '.join(each['properties'])}".strip()
        for each in drift.get("resources", [])
    ]
    return {"drift": "; ".join([f"{drift['status']} at {drift['checked']}", *changed])}

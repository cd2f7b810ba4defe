"""aws status: the deployed stack, and what it is made of; the pool that `.env` names, where that is another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.aws.deploy import drift, stacks
from orchestrator.aws.deploy import status as facts_of
from orchestrator.aws.failures import Denied
from orchestrator.cli import output as out
from orchestrator.cli.aws_stack import Where, lease_line, stack_name, where

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_cloudformation import CloudFormationClient

    from orchestrator.aws.deploy.stacks import Stack

Facts = Mapping[str, Any]


@click.command(short_help="Show what is deployed, and who holds a lease.")
@stack_name
@click.option("--drift", "look", is_flag=True, help="Look for what was changed by hand since (takes a minute).")
@out.formats("text", "json")
@click.pass_obj
def status(project: Path, stack_name: str | None, look: bool, output: out.Format) -> None:
    """Show the stack that `aws deploy` made: outputs, user pool and triggers, functions, and who holds a lease.

    Where .env names another pool, such as one that `aws attach` works with, that is shown, too: its triggers, what
    `aws attach` noted in it, and who holds the lease of the app client.
    Fails when the stack does not work, or where there is none the pool.

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
    stack = stack_or_none(client, here)
    deployed, found = facts_of.NO_STACK, None
    if stack:
        deployed = facts_of.facts(clients_in(stack.region, session), stack, stacks.resources(client, stack))
        found = drift.detect(client, stack) if look else drift.last(stack)
    facts = {**deployed, "drift": found, "in_use": in_use(here, deployed, session)}
    if output == "json":
        out.print_json(facts)
    else:
        print_text(facts, here)
    if not works(facts):
        raise click.exceptions.Exit(1)


def stack_or_none(client: CloudFormationClient, here: Where) -> Stack | None:
    """The stack, or None where there is another pool to show. Raises StackError where there is neither."""
    if here.settings.identity != "aws":
        return stacks.get_ours(client, here.stack_name)
    try:
        return stacks.find_ours(client, here.stack_name)
    except Denied as denied:
        out.stderr.print(f"Note: {denied.message}", markup=False)
        return None


def clients_in(region: str, session: Session) -> facts_of.Clients:
    from orchestrator.aws.clients import amazon

    return facts_of.Clients(
        amazon("cognito-idp", region=region, session=session),
        amazon("lambda", region=region, session=session),
        amazon("dynamodb", region=region, session=session),
    )


def in_use(here: Where, deployed: Facts, session: Session) -> Facts | None:
    """The pool that `.env` names, unless it is the stack's or the local one."""
    settings, pool = here.settings, here.settings.cognito
    if settings.identity != "aws" or pool.pool_id == (deployed["pool"] or {}).get("id"):
        return None
    return facts_of.in_use(clients_in(pool.region, session), pool.pool_id, pool.client_id, settings.sync.lease_table)


def works(facts: Facts) -> bool:
    if facts["stack"]:
        return facts["stack"]["status"] in stacks.WORKING
    return "error" not in facts["in_use"]["pool"]


def print_text(facts: Facts, here: Where) -> None:
    if facts["stack"]:
        print_stack(facts)
    else:
        out.print_facts({"stack": f"none with the name {here.stack_name} to be seen"})
    if facts["in_use"]:
        print_in_use(facts["in_use"])


def print_stack(facts: Facts) -> None:
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


def print_in_use(facts: Facts) -> None:
    click.echo("\nUser pool in .env")
    out.print_facts({"id": facts["pool"]["id"], "app client": facts["client_id"], **pool_lines(facts["pool"])})
    if facts["functions"]:
        click.echo("\nFunctions that it calls")
        out.print_facts({each["name"]: function_line(each) for each in facts["functions"]})
    click.echo("\nLease")
    lease = facts["lease"]
    if lease and "error" in lease:
        out.print_facts({"error": lease["error"]})
    else:
        out.print_facts({facts["client_id"]: lease_line(lease) if lease else "nobody holds it"})


def pool_lines(pool: Facts) -> dict[str, str]:
    if "error" in pool:
        return {"error": pool["error"]}
    note = {"attached": pool["attached"]} if pool["attached"] else {}
    return {"name": pool["name"], "users": f"about {pool['users']}", "MFA": pool["mfa"], **pool["triggers"], **note}


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

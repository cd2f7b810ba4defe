"""aws destroy: the stack, its code in S3, and its ids in `.env` go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.aws.account import account
from orchestrator.aws.deploy import deploy as steps
from orchestrator.aws.deploy import pool as pools
from orchestrator.aws.deploy import stacks
from orchestrator.aws.deploy.bucket import Bucket, private_bucket
from orchestrator.cli import output as out
from orchestrator.cli.asking import typed
from orchestrator.cli.aws_stack import Progress, Where, stack_name, where, yes
from orchestrator.errors import StackError
from orchestrator.project import env_file, pool_env

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    from orchestrator.aws.deploy.stacks import Resource, Stack


@click.command(short_help="Delete what `aws deploy` made, all users too.")
@stack_name
@yes
@click.pass_obj
def destroy(project: Path, stack_name: str | None, yes: bool) -> None:
    """Delete the stack that `aws deploy` made: the user pool with all its users, the functions, the lease table.

    It is shown what goes, and the stack's name has to be typed. Afterwards .env takes the local pool again.
    """
    from botocore.session import Session

    from orchestrator.aws.clients import amazon

    here = where(project, stack_name)
    session = Session()
    client = amazon("cloudformation", region=here.region, session=session)
    whose = account(amazon("sts", region=client.meta.region_name, session=session))
    bucket = private_bucket(amazon("s3", region=whose.region, session=session), whose)
    cognito = amazon("cognito-idp", region=whose.region, session=session)
    stack = stacks.find_ours(client, here.stack_name)
    if stack is None or stack.status == stacks.EMPTY:
        clean_up(here, bucket, cognito)
        return
    stacks.require_quiet(stack)
    resources = stacks.resources(client, stack)
    show(stack, resources, pool_users(resources, cognito))
    if not yes:
        require_typed(stack.name)
    steps.delete(client, stack, Progress())
    bucket.empty(f"{stack.name}/")
    take_local_pool(here, stacks.of_type(resources, stacks.POOL))
    click.echo("Everything is gone, but for the functions' logs in CloudWatch (/aws/lambda/…).")


def clean_up(here: Where, bucket: Bucket, cognito: CognitoIdentityProviderClient) -> None:
    """What an interrupted `destroy` has left goes; the stack is gone. Raises StackError where there is nothing."""
    pool_id = here.settings.cognito.pool_id
    lost = here.settings.identity == "aws" and pools.find(cognito, pool_id) is None
    if not bucket.empty(f"{here.stack_name}/") and not lost:
        raise stacks.missing(here.stack_name, cognito.meta.region_name)
    click.echo(f"The stack {here.stack_name} is gone already; now what it left is, too.")
    if lost:
        take_local_pool(here, [pool_id])


def show(stack: Stack, resources: tuple[Resource, ...], users: int | None) -> None:
    out.stderr.print(f"The stack {stack.name} (account {stack.account}, {stack.region}) would go, with:")
    for each in resources:
        out.stderr.print(f"  {each.logical_id:<30} {each.type}", markup=False)
    if users is not None:
        said = "no users yet" if users == 0 else f"ABOUT {users} USER{'S' if users > 1 else ''}, WHO WOULD BE LOST"
        out.stderr.print(f"The user pool has {said}.", style="bold red" if users else None)


def pool_users(resources: tuple[Resource, ...], cognito: CognitoIdentityProviderClient) -> int | None:
    """How many users the pool has; None where there is no pool."""
    found = [pools.find(cognito, each) for each in stacks.of_type(resources, stacks.POOL)]
    return next((each.users for each in found if each), None)


def require_typed(name: str) -> None:
    """Raises StackError unless the stack's name is typed."""
    if typed(f"Type {name} to delete it") != name:
        raise StackError("That is not its name: nothing was deleted.")


def take_local_pool(here: Where, pool_ids: list[str]) -> None:
    """Lets `.env` name the local pool again, where it named one of these."""
    for pool_id in pool_ids:
        if env_file.change(here.env_path, pool_env.to_local(here.env_file, pool_id)):
            click.echo(".env takes the local pool again.")

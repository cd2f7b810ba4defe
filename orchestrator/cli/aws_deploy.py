"""aws deploy: the template as a CloudFormation stack, shown and asked about before anything changes."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.aws.account import Account, account
from orchestrator.aws.attach.app_clients import app_clients
from orchestrator.aws.deploy import archive, stacks
from orchestrator.aws.deploy import deploy as steps
from orchestrator.aws.deploy import parameters as choice
from orchestrator.aws.deploy.bucket import Bucket, private_bucket
from orchestrator.aws.deploy.deploy import Deployment
from orchestrator.cli import output as out
from orchestrator.cli.asking import confirmed, read_secret
from orchestrator.cli.aws_plan import show_plan
from orchestrator.cli.aws_stack import NEXT, Progress, Where, stack_name, where, yes
from orchestrator.errors import StackError
from orchestrator.project import env_file, pool_env
from orchestrator.project.pool_env import RealPool
from orchestrator.project.template import deployable
from orchestrator.project.template.deployable import BUCKET, PREFIX, Deployable

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    from orchestrator.aws.deploy.change_sets import ChangeSet
    from orchestrator.aws.deploy.stacks import Stack


@click.command(short_help="Deploy lambdas/template.yaml; what would change is asked about first.")
@stack_name
@click.option(
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="A parameter of the template; may be given again and again. NAME alone asks for the value, hidden.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would change, and change nothing.")
@yes
@click.option("--lose-users", is_flag=True, help="With --yes: also when the user pool is replaced or deleted.")
@click.option("--no-env", is_flag=True, help="Leave .env as it is: for a pool that is not for this project's stack.")
@click.pass_obj
def deploy(
    project: Path,
    stack_name: str | None,
    parameters: tuple[str, ...],
    only_plan: bool,
    yes: bool,
    lose_users: bool,
    no_env: bool,
) -> None:
    """Deploy lambdas/template.yaml: user pool, app client, hosted UI, functions, roles and the lease table.

    What would change is shown and asked about first. Afterwards .env names the pool, so that `up` takes it. A parameter
    keeps the value it has unless another is given; a secret one is read from .env (DEPLOY_ and its name, such as
    DEPLOY_HASURA_ADMIN_SECRET) or asked for, and never stands in the command line.

    \b
    Examples:
      hasura-cognito aws deploy
      hasura-cognito aws deploy --plan
      hasura-cognito aws deploy --parameter DomainPrefix=my-app --parameter HasuraAdminSecret
    """
    from botocore.session import Session

    from orchestrator.aws.clients import amazon

    here = where(project, stack_name)
    template = deployable.read(here.root / "lambdas" / "template.yaml")
    given = choice.parse(parameters, {**here.env_file, **os.environ})
    session = Session()
    client = amazon("cloudformation", region=here.region, session=session)
    whose = account(amazon("sts", region=client.meta.region_name, session=session))
    bucket = private_bucket(amazon("s3", region=whose.region, session=session), whose)
    before = without_leftover(client, here.stack_name, only_plan=only_plan, yes=yes)
    deployment = planned(template, given, here.stack_name, whose, bucket, before)
    with contextlib.ExitStack() as undo:
        change_set = steps.propose(client, bucket, deployment, before, undo)
        if change_set is None:
            out.stderr.print(f"Nothing to change: {here.stack_name} is as the template says.")
        else:
            show_plan(change_set, here.stack_name, whose, is_new=before is None or before.status == stacks.EMPTY)
            if only_plan or not agreed(change_set, yes=yes, lose_users=lose_users):
                out.stderr.print("Nothing was changed.")
                return
            steps.execute(client, bucket, deployment, change_set, undo, Progress())
    stack = stacks.get_ours(client, here.stack_name)
    cognito = amazon("cognito-idp", region=whose.region, session=session)
    pool = with_own_client(real_pool(client, stack), here, cognito)
    show_pool(stack, pool)
    if not no_env:
        take_pool(here, stack, pool)


def without_leftover(client: CloudFormationClient, name: str, *, only_plan: bool, yes: bool) -> Stack | None:
    """The stack to deploy to, or None. What is left of one that never came to be is deleted, when that is wanted."""
    stack = steps.standing(client, name)
    if stack is None or stack.status not in stacks.NEVER_MADE:
        return stack
    out.stderr.print(f"The first deployment of {name} failed ({stack.status}). What is left of it must go first.")
    if only_plan:
        raise StackError(f"There is no plan while {name} is {stack.status}.", "`aws deploy` without --plan deletes it.")
    if not confirmed(f"Delete what is left of {name}?", yes=yes):
        raise StackError("Nothing was changed.")
    steps.delete(client, stack, Progress())
    return None


def planned(
    template: Deployable, given: choice.Given, name: str, whose: Account, bucket: Bucket, before: Stack | None
) -> Deployment:
    prefix = f"{name}/{archive.digest(template.code.values())}/"
    ours = {key: value for key, value in ((BUCKET, bucket.name), (PREFIX, prefix)) if key in template.parameters}
    values = choice.choose(
        template.parameters.values(), given, ours=ours, before=before.parameters if before else (), ask=ask
    )
    keys = template.keys(
        given.values, bucket=bucket.name, prefix=prefix, region=whose.region, account=whose.id, stack_name=name
    )
    archives = {key: archive.zipped(folder) for key, folder in keys.items()}
    return Deployment(name, template.text, f"{name}/{archive.digest_of(template.text)}.yaml", values, archives)


def ask(name: str) -> str:
    """A secret parameter, typed where nobody reads it."""
    if value := read_secret(name):
        return value
    raise StackError(f"The parameter {name} has no value.", f"Type it, or set {choice.variable(name)} in .env.")


def agreed(change_set: ChangeSet, *, yes: bool, lose_users: bool) -> bool:
    loses_users = any(change.loses_users for change in change_set.changes)
    if yes and loses_users and not lose_users:
        raise StackError(
            "This would lose the users of the pool, and --yes alone does not say that.", "Add --lose-users."
        )
    return confirmed("Deploy this?", yes=yes)


def show_pool(stack: Stack, pool: RealPool) -> None:
    out.print_facts(
        {
            "stack": f"{stack.name} ({stack.status})",
            "pool id": pool.id,
            "client id": pool.client_id,
            "issuer": pool.issuer,
            **({"hosted UI": stack.outputs["HostedUi"]} if "HostedUi" in stack.outputs else {}),
            **({"sync function": pool.function} if pool.function else {}),
            **({"lease table": pool.lease_table} if pool.lease_table else {}),
        }
    )


def with_own_client(pool: RealPool, here: Where, cognito: CognitoIdentityProviderClient) -> RealPool:
    """The pool with the app client that `.env` names, where that is another one of it: of `aws client create`, say."""
    named = here.env_file.get("COGNITO_CLIENT_ID", "")
    if here.env_file.get("COGNITO_POOL_ID") != pool.id or named == pool.client_id:
        return pool
    has = [each.id for each in app_clients(cognito, pool.id)]
    return replace(pool, client_id=named) if named in has else pool


def take_pool(here: Where, stack: Stack, pool: RealPool) -> None:
    """Lets `.env` name the pool of the stack, and says what comes next."""
    changes = {**pool_env.to_real(here.env_file, pool), "DEPLOY_STACK_NAME": stack.name}
    changed = env_file.change(here.env_path, changes)
    click.echo(f"\n.env {'names this pool now' if changed else 'names this pool already'}. {NEXT}")


def real_pool(client: CloudFormationClient, stack: Stack) -> RealPool:
    """The user pool of the stack, as `.env` is to name it. Raises StackError when the template makes none."""
    resources = stacks.resources(client, stack)
    kinds = (stacks.POOL, stacks.CLIENT, stacks.LEASE_TABLE)
    pools, clients, tables = (stacks.of_type(resources, kind) for kind in kinds)
    if not pools or not clients:
        raise StackError(f"The stack {stack.name} has no user pool with an app client.", "Add both to the template.")
    return RealPool(
        id=pools[0],
        client_id=clients[0],
        issuer=stack.outputs.get("Issuer") or pool_env.issuer_of(pools[0]),
        function=stack.outputs.get("UserSyncFunctionName", ""),
        lease_table=tables[0] if tables else "",
    )

"""aws attach: our functions become triggers of a user pool that is already there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator import settings as all_settings
from orchestrator.aws.attach import app_clients, functions, pools
from orchestrator.aws.attach import attach as steps
from orchestrator.aws.attach.app_clients import AppClient
from orchestrator.aws.attach.triggers import ALL, ID_TOKEN_ONLY, PRE_TOKEN, for_hasura, trigger
from orchestrator.cli import output as out
from orchestrator.cli.aws_stack import NEXT, yes
from orchestrator.errors import StackError
from orchestrator.project import env_file, pool_env
from orchestrator.project.config import find_root
from orchestrator.project.pool_env import RealPool

if TYPE_CHECKING:
    from orchestrator.aws.attach.attach import Change

LITE_NOTICE = (
    "On the plan Lite only ID tokens get Hasura's claims: have your application send those, not access tokens."
)
POOL_ID = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+")


def pool_id_of(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    if text is not None and not POOL_ID.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no user pool id, such as us-east-1_AbCdEf123.")
    return text


@click.command(short_help="Add the functions to an existing user pool; the change is asked about first.")
@click.argument("pool_id", metavar="POOL", callback=pool_id_of)
@click.option("--client", "client_id", metavar="ID", help="The app client that your application signs in with.")
@click.option(
    "--trigger",
    "names",
    multiple=True,
    type=click.Choice(ALL),
    help="Only this one; may be given again. [default: all]",
)
@click.option("--sync-function", metavar="NAME", help="Saves users in Hasura.  [env: SYNC_FUNCTION]")
@click.option(
    "--pre-token-function", metavar="NAME", help="Puts Hasura's claims into tokens.  [default: the deployed stack's]"
)
@yes
@out.formats("text", "json")
@click.pass_obj
def attach(
    project: Path,
    pool_id: str,
    client_id: str | None,
    names: tuple[str, ...],
    sync_function: str | None,
    pre_token_function: str | None,
    yes: bool,
    output: out.Format,
) -> None:
    """Have the existing user pool POOL call the functions that `aws deploy` made, or others.

    The change is shown and asked about first. All other settings of the pool stay, and a trigger that another function
    has is never replaced. Afterwards .env names the pool, so that `up` takes it. `aws detach` takes everything back.

    \b
    Examples:
      hasura-cognito aws attach us-east-1_AbCdEf123
      hasura-cognito aws attach us-east-1_AbCdEf123 --trigger PostAuthentication --trigger PostConfirmation
      hasura-cognito aws attach us-east-1_AbCdEf123 --sync-function my-sync --client 3n4b5urk1ft4fl3mg5e62d9ado --yes
    """
    from orchestrator.aws.clients import amazon

    root = find_root(project)
    before = all_settings.read_env_file(root / ".env")
    settings = all_settings.load(os.environ, before, {})
    region = pool_id.partition("_")[0]
    cognito, awslambda = amazon("cognito-idp", region=region), amazon("lambda", region=region)
    pool = pools.describe(cognito, pool_id)
    clients = app_clients.app_clients(cognito, pool_id)
    client = named_in_env(clients, before, pool_id) if client_id is None else None
    client = client or chosen_client(clients, client_id, pool_id)
    chosen = names or ALL
    by_trigger = dict.fromkeys(chosen, sync_function or settings.sync.function)
    if PRE_TOKEN in chosen:
        by_trigger[PRE_TOKEN] = pre_token_function or f"{settings.aws.stack_name}-pre-token-generation"
    arns = {name: functions.arn_of(awslambda, function) for name, function in by_trigger.items()}
    change = steps.plan_attach(pool, for_hasura(chosen, arns, tier=pool.described.get("UserPoolTier")))
    if change.lines and not agreed("attach", change, yes=yes):
        return
    steps.attach(cognito, awslambda, change)
    real = RealPool(pool_id, client.id, f"{cognito.meta.endpoint_url}/{pool_id}", function=sync_function or "")
    env_file.change(root / ".env", pool_env.to_real(before, real))
    triggers = {name: str(trigger(change.after.triggers, name)) for name in chosen}
    if output == "json":
        out.print_json({"pool": pool_id, "client_id": client.id, "issuer": real.issuer, "triggers": triggers})
        return
    out.stderr.print("Attached." if change.lines else "Attached already: the pool has these triggers.")
    out.print_facts({**triggers, "pool": pool_id, "client": client.id})
    id_token_only = [LITE_NOTICE] if triggers.get(PRE_TOKEN, "").endswith(ID_TOKEN_ONLY) else []
    for notice in [*app_clients.notices(cognito, pool_id, client.id), *id_token_only]:
        out.stderr.print(f"Note: {notice}", markup=False)
    out.stderr.print(f".env names the pool and the client. {NEXT}", markup=False)


def agreed(what: str, change: Change, *, yes: bool) -> bool:
    """Shows the change; whether it is to be made. Where nobody can answer, that is a no."""
    pool = change.before
    out.stderr.print(f"The user pool {pool.described['Name']} ({pool.id}, account {pool.account}) would change:")
    for line in change.lines:
        out.stderr.print(f"  {line}", style="green" if line.startswith("+") else "red", markup=False)
    for name in change.left:
        out.stderr.print(f"  {name} stays: somebody else has set it since.")
    out.stderr.print("All its other settings stay.")
    if yes or click.confirm(f"{what.capitalize()}?", err=True):
        return True
    out.stderr.print("Nothing was changed.")
    return False


def named_in_env(clients: Sequence[AppClient], env: Mapping[str, str], pool_id: str) -> AppClient | None:
    """The app client that `.env` names, where it is one of this pool."""
    if env.get("COGNITO_POOL_ID") != pool_id:
        return None
    return next((client for client in clients if client.id == env.get("COGNITO_CLIENT_ID")), None)


def chosen_client(clients: Sequence[AppClient], asked: str | None, pool_id: str) -> AppClient:
    """The app client with the id that was asked for; the only one; or the one that is picked at the terminal."""
    if not clients:
        raise StackError(f"The user pool {pool_id} has no app client.", "Make one for your application first.")
    by_id = {client.id: client for client in clients}
    listed = ", ".join(f"{client.id} ({client.name})" for client in clients)
    if asked:
        if asked not in by_id:
            raise StackError(f"The user pool {pool_id} has no app client {asked}.", f"It has {listed}.")
        return by_id[asked]
    if len(clients) == 1:
        return clients[0]
    if not sys.stdin.isatty():
        raise StackError(f"The user pool {pool_id} has several app clients: {listed}.", "Name yours with --client.")
    for number, client in enumerate(clients, 1):
        out.stderr.print(f"  {number}  {client.name} ({client.id})", markup=False)
    picked: int = click.prompt("Which app client is yours", type=click.IntRange(1, len(clients)), err=True)
    return clients[picked - 1]

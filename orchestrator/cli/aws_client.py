"""aws client create, list and delete: an app client of the real pool for each developer."""

from __future__ import annotations

import getpass
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator import settings as all_settings
from orchestrator.aws import developer_client, leases
from orchestrator.aws.attach.app_clients import AppClient, app_clients, troubles
from orchestrator.aws.deploy import stacks
from orchestrator.aws.pool import described_client, described_pool
from orchestrator.cli import output as out
from orchestrator.cli.asking import confirmed
from orchestrator.cli.aws_stack import NEXT, Where, lease_line, where, yes
from orchestrator.errors import StackError
from orchestrator.project import env_file, pool_env
from orchestrator.project.pool_env import RealPool
from orchestrator.stack.exposure import owner
from orchestrator.stack.plan import Layout

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
CLIENT_NAME = re.compile(r"[\w\s+=,.@-]{1,128}")


@click.group(short_help="Share a pool: an app client for each developer.")
def client() -> None:
    """Give each developer an app client of one pool, so that each one's sign-ins reach that one's machine."""


@dataclass(frozen=True)
class Shared:
    """The pool of `.env`, its name and its app clients."""

    here: Where
    cognito: CognitoIdentityProviderClient
    name: str
    clients: Sequence[AppClient]

    @property
    def id(self) -> str:
        return self.here.settings.cognito.pool_id

    @property
    def region(self) -> str:
        return self.here.settings.cognito.region

    @property
    def client_in_use(self) -> str:
        return self.here.settings.cognito.client_id

    def take(self, taken: AppClient) -> bool:
        """Has `.env` name this app client; whether anything had to change there."""
        real = RealPool(self.id, taken.id, f"{self.cognito.meta.endpoint_url}/{self.id}")
        changed = env_file.change(self.here.env_path, pool_env.to_real(self.here.env_file, real))
        if os.environ.get("COGNITO_CLIENT_ID", taken.id) != taken.id:
            note("COGNITO_CLIENT_ID is set in the environment, too, which goes before .env.")
        return changed


def shared_pool(project: Path) -> Shared:
    """Raises StackError where `.env` takes the local pool, whose one client is nobody else's."""
    from orchestrator.aws.clients import amazon

    here = where(project, None)
    if here.settings.identity != "aws":
        raise StackError(
            ".env takes the local pool, which nobody shares.",
            "`hasura-cognito aws deploy` or `aws attach` has it name a pool in AWS.",
        )
    pool_id = here.settings.cognito.pool_id
    cognito = amazon("cognito-idp", region=here.settings.cognito.region)
    pool = described_pool(cognito, pool_id)
    return Shared(here, cognito, pool["Name"], app_clients(cognito, pool_id))


def note(text: str) -> None:
    out.stderr.print(f"Note: {text}", markup=False)


@client.command(short_help="Make an app client like the one in use, and have .env name it.")
@click.argument("name", metavar="[NAME]", default=getpass.getuser)
@yes
@out.formats("text", "json")
@click.pass_obj
def create(project: Path, name: str, yes: bool, output: out.Format) -> None:
    """Make an app client of your own in the pool that .env names, with all settings of the client that .env names.

    It is called as the pool and NAME, which is your name on this machine unless you give another; what it will be is
    shown and asked about first. One that is there already is taken as it is. Afterwards .env names it. Have your
    application sign in with it, too: then its sign-ins reach this machine, and those of the others theirs.

    \b
    Examples:
      hasura-cognito aws client create
      hasura-cognito aws client create ada --yes
    """
    pool = shared_pool(project)
    wanted = developer_client.full_name(pool.name, name)
    if not CLIENT_NAME.fullmatch(wanted):
        raise click.BadParameter(
            f"{wanted!r} may be no app client's name: up to 128 letters, digits, spaces and +=,.@-_.", param_hint="NAME"
        )
    found = developer_client.find(pool.clients, wanted)
    if found is None:
        found = made_like_the_one_in_use(pool, wanted, yes=yes)
        if found is None:
            return
        said = f"Made the app client {found.name}."
    else:
        said = f"The pool has an app client {found.name} already: it is taken as it is."
    changed = pool.take(found)
    if output == "json":
        out.print_json({"pool": pool.id, "name": found.name, "client_id": found.id})
        return
    out.stderr.print(said, markup=False)
    out.print_facts({"pool": pool.id, "client": found.name, "client id": found.id})
    for trouble in troubles(described_client(pool.cognito, pool.id, found.id)):
        note(trouble)
    out.stderr.print(f".env names {'it now' if changed else 'it already'}. {NEXT}", markup=False)


def made_like_the_one_in_use(pool: Shared, name: str, *, yes: bool) -> AppClient | None:
    """None when the answer is no."""
    model = described_client(pool.cognito, pool.id, pool.client_in_use)
    settings = developer_client.like(model, name, developer_client.members(pool.cognito))
    out.stderr.print(f"The user pool {pool.name} ({pool.id}) would get the app client {name},", markup=False)
    out.stderr.print(f"as {model['ClientName']} ({pool.client_in_use}) is:", markup=False)
    for line in developer_client.lines(settings):
        out.stderr.print(f"  + {line}", style="green", markup=False)
    if not confirmed("Make it?", yes=yes):
        out.stderr.print("Nothing was changed.")
        return None
    return developer_client.create(pool.cognito, settings)


@client.command("list", short_help="Show the app clients of the pool, and who holds the lease of each.")
@out.formats("text", "json")
@click.pass_obj
def list_clients(project: Path, output: out.Format) -> None:
    """Show the app clients of the pool that .env names, and whose machine the users of each reach now."""
    pool = shared_pool(project)
    held, unread = living_leases(pool)
    if output == "json":
        clients = [
            {"name": each.name, "id": each.id, "in_use": each.id == pool.client_in_use, "lease": held.get(each.id)}
            for each in pool.clients
        ]
        out.print_json({"pool": pool.id, "clients": clients, "leases_error": unread})
        return
    rows = [
        (
            each.name,
            each.id,
            "this one" if each.id == pool.client_in_use else "",
            lease_line(held[each.id]) if each.id in held else "",
        )
        for each in sorted(pool.clients, key=lambda each: each.name)
    ]
    out.print_rows(("name", "id", ".env", "lease"), rows)
    if unread:
        note(f"Who holds leases is not known. {unread}")


def living_leases(pool: Shared) -> tuple[dict[str, Any], str | None]:
    """The leases by app client, and why they can't be read."""
    from orchestrator.aws.clients import amazon

    dynamodb = amazon("dynamodb", region=pool.region)
    try:
        found = leases.read(dynamodb, pool.here.settings.sync.lease_table, time.time())["items"]
    except StackError as error:
        return {}, error.message
    return {each["client_id"]: each for each in found if each["expires_in"] > 0}, None


@client.command(short_help="Delete an app client that nobody uses.")
@click.argument("name")
@yes
@click.pass_obj
def delete(project: Path, name: str, yes: bool) -> None:
    """Delete an app client of the pool that .env names: by the NAME that it was made with, its whole name, or its id.

    One that CloudFormation made stays, and so does one whose lease another stack holds.
    """
    pool = shared_pool(project)
    found = developer_client.find(pool.clients, name, developer_client.full_name(pool.name, name))
    if found is None:
        raise StackError(
            f"The user pool {pool.id} has no app client {name}, nor {developer_client.full_name(pool.name, name)}.",
            "`hasura-cognito aws client list` shows those that it has.",
        )
    require_nobodys(pool, found)
    out.stderr.print(f"No application could sign in with {found.name} ({found.id}) any more.", markup=False)
    if not confirmed("Delete it?", yes=yes):
        out.stderr.print("Nothing was changed.")
        return
    developer_client.delete(pool.cognito, pool.id, found)
    click.echo(f"Deleted {found.name}.")
    if found.id == pool.client_in_use:
        take_another(pool, [each for each in pool.clients if each != found])


def require_nobodys(pool: Shared, found: AppClient) -> None:
    """Raises StackError for an app client that a CloudFormation stack has made, or another developer's stack uses."""
    from orchestrator.aws.clients import amazon

    stack = stacks.made_by(amazon("cloudformation", region=pool.region), found.id)
    if stack:
        raise StackError(
            f"The app client {found.name} is a part of the CloudFormation stack {stack}.",
            "Take it out of the template, or delete the stack: `hasura-cognito aws destroy`.",
        )
    dynamodb = amazon("dynamodb", region=pool.region)
    lease = leases.of_client(dynamodb, pool.here.settings.sync.lease_table, found.id, time.time())
    if lease and lease["expires_in"] > 0 and lease["owner"] != this_stack(pool.here):
        raise StackError(
            f"The app client {found.name} is in use: its lease is held by {lease_line(lease)}.",
            "Have that stack stopped (`down`) first.",
        )


def this_stack(here: Where) -> str:
    """Whom a lease of this project's stack names as its owner."""
    made = all_settings.read_env_file(Layout(here.root).secrets)
    return owner(all_settings.load(os.environ, here.env_file, made).sync.gateway_key)


def take_another(pool: Shared, left: Sequence[AppClient]) -> None:
    """Has `.env` name the stack's own app client instead of the deleted one, or the only one that is left."""
    from orchestrator.aws.clients import amazon

    cloudformation = amazon("cloudformation", region=pool.region)
    stack = stacks.find_ours(cloudformation, pool.here.stack_name)
    deployed = stacks.of_type(stacks.resources(cloudformation, stack), stacks.CLIENT) if stack else []
    choice = [each for each in left if each.id in deployed] or left
    if len(choice) == 1:
        pool.take(choice[0])
        click.echo(f".env names {choice[0].name} ({choice[0].id}) instead.")
    else:
        note(".env still names it: set COGNITO_CLIENT_ID to another (`aws client list`).")

"""sign-up, sign-in, users list, show and delete; the other commands of users are in files of their own."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.cli import output as out
from orchestrator.cli.asking import read_secret
from orchestrator.cli.users_diff import diff
from orchestrator.cli.users_seed import seed
from orchestrator.cli.users_sync import sync
from orchestrator.errors import StackError
from orchestrator.project.config import find_root
from orchestrator.services.hasura import CLAIMS_NAMESPACE
from orchestrator.stack.accounts import Accounts, accounts_of
from orchestrator.stack.status import running
from orchestrator.stack.verify import claims_of


def accounts(project: Path) -> Accounts:
    return accounts_of(running(find_root(project)))


@click.command()
@click.argument("username")
@click.option("-a", "--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="Further attributes.")
@out.formats("text", "json")
@click.pass_obj
def sign_up(project: Path, username: str, attributes: tuple[str, ...], output: out.Format) -> None:
    """Register USERNAME in the user pool and confirm it with the code that was "sent".

    In a pool in AWS an administrator makes the user instead, with the e-mail taken as verified: nothing is sent to
    anybody.

    The password is asked for, or read from standard input; without one, one is made and printed.

    \b
    Examples:
      hasura-cognito sign-up ada@example.com
      echo 'Correct-Horse-1' | hasura-cognito sign-up ada@example.com -a name=Ada
    """
    given = read_secret("Password", confirm=True)
    password = given or f"Aa1!{secrets.token_urlsafe(12)}"
    pairs = dict(attribute_pair(text) for text in attributes)
    if "@" in username:
        pairs.setdefault("email", username)
    sub = accounts(project).sign_up(username, password, pairs)
    facts = {"username": username, "sub": sub, **({} if given else {"password": password})}
    out.print_json(facts) if output == "json" else out.print_facts(facts)


def attribute_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.", param_hint="--attribute")
    return name, value


@click.command()
@click.argument("username")
@out.formats("text", "json", "env")
@click.pass_obj
def sign_in(project: Path, username: str, output: out.Format) -> None:
    """Sign in as USERNAME and print the tokens and what Hasura reads in them.

    The password is asked for, or read from standard input.

    \b
    Examples:
      hasura-cognito sign-in ada@example.com
      TOKEN=$(echo 'Correct-Horse-1' | hasura-cognito sign-in ada@example.com -o json | jq -r .id_token)
    """
    password = read_secret("Password")
    if not password:
        raise StackError("No password was given.", "Type it, or send it on standard input.")
    tokens = accounts(project).sign_in(username, password)
    claims = claims_of(tokens.id_token)
    hasura = json.loads(claims.get(CLAIMS_NAMESPACE, "{}"))
    if output == "json":
        out.print_json({**asdict(tokens), "sub": claims["sub"], "hasura": hasura})
    elif output == "env":
        out.print_env({"ID_TOKEN": tokens.id_token, "ACCESS_TOKEN": tokens.access_token})
    else:
        shown = {name: value if isinstance(value, str) else json.dumps(value) for name, value in hasura.items()}
        out.print_facts({"sub": claims["sub"], **shown, "expires in": f"{tokens.expires_in} s"})
        click.echo(f"\nID token (Authorization: Bearer …):\n{tokens.id_token}")


@click.group()
def users() -> None:
    """Users of the pool, and the rows they have in the table users."""


for command in (diff, sync, seed):
    users.add_command(command)


@users.command("list")
@out.formats("text", "json")
@click.pass_obj
def list_users(project: Path, output: out.Format) -> None:
    """All users of the pool."""
    found = list(accounts(project).list())
    if output == "json":
        out.print_json(found)
        return
    out.print_rows(
        ("username", "e-mail", "status", "enabled", "created"),
        [
            (
                user["username"],
                user["attributes"].get("email", ""),
                user["status"],
                str(user["enabled"]),
                user["created"],
            )
            for user in found
        ],
    )


@users.command()
@click.argument("username")
@out.formats("text", "json")
@click.pass_obj
def show(project: Path, username: str, output: out.Format) -> None:
    """One user with all attributes."""
    user = accounts(project).get(username)
    if output == "json":
        out.print_json(user)
    else:
        top = {name: str(value) for name, value in user.items() if name != "attributes"}
        out.print_facts({**top, **user["attributes"]})


@users.command()
@click.argument("username")
@click.pass_obj
def delete(project: Path, username: str) -> None:
    """Delete a user from the pool. The row in Postgres stays, as with Amazon's Cognito: no trigger tells of it."""
    accounts(project).delete(username)
    click.echo(f"Deleted {username}.")

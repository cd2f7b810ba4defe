"""status, logs, verify."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import output as out
from orchestrator.errors import StackError
from orchestrator.launchers import container_log
from orchestrator.project.config import find_root
from orchestrator.stack import logs as log_files
from orchestrator.stack import record as records
from orchestrator.stack.plan import Layout, is_synced
from orchestrator.stack.status import IN_CONTAINERS, containers_of, running, service_urls
from orchestrator.stack.status import status as status_of

if TYPE_CHECKING:
    from docker.models.containers import Container

    from orchestrator.stack.verify import Check


IN_CLOUDWATCH = (
    "The functions run in AWS: `aws logs tail /aws/lambda/NAME --follow` shows the log of one; `hasura-cognito lambda "
    "list` has the names."
)


def variables(facts: Mapping[str, Any]) -> Mapping[str, str]:
    """What an application loads: the URLs and the ids of the stack."""
    urls, pool = facts["urls"], facts["pool"]
    named = {
        "HASURA_GRAPHQL_URL": urls["graphql"],
        "HASURA_CONSOLE_URL": urls["console"],
        "DATABASE_URL": urls["postgres"],
        "COGNITO_ENDPOINT": urls["cognito"],
        "COGNITO_ISSUER": urls["issuer"],
        "COGNITO_JWKS_URL": urls["jwks"],
        "COGNITO_HOSTED_UI_URL": urls["hosted_ui"],
        "COGNITO_POOL_ID": pool["id"],
        "COGNITO_CLIENT_ID": pool["client_id"],
        "AWS_REGION": pool["region"],
        "LAMBDA_ENDPOINT": urls["lambda"],
        "TUNNEL_URL": urls["tunnel"],
    }
    return {name: value for name, value in named.items() if value}


def print_status(facts: Mapping[str, Any], output: out.Format) -> None:
    if output == "json":
        out.print_json(facts)
    elif output == "env":
        out.print_env(variables(facts))
    else:
        print_for_people(facts)


def without_password(url: str) -> str:
    """
    >>> without_password("postgresql://postgres:secret@127.0.0.1:5433/app")
    'postgresql://postgres:***@127.0.0.1:5433/app'
    """
    return re.sub(r"(://[^:/@]+):[^@]+@", r"\1:***@", url)


def process(service: Mapping[str, Any]) -> str:
    """
    >>> process({"pid": 412}), process({"container": "0f3a", "exit_status": 137})
    ('pid 412', 'container 0f3a, ended with status 137')
    """
    if service.get("container"):
        status = service["exit_status"]
        return f"container {service['container']}{'' if status is None else f', ended with status {status}'}"
    return f"pid {service['pid']}" if service.get("pid") else ""


def print_for_people(facts: Mapping[str, Any]) -> None:
    out.print_rows(
        ("service", "state", "url", "process", "since"),
        [
            (
                name,
                service["state"],
                without_password(service["url"] or ""),
                process(service),
                service["since"] or "",
            )
            for name, service in facts["services"].items()
        ],
    )
    urls, pool = facts["urls"], facts["pool"]
    click.echo()
    out.print_facts(
        {
            "GraphQL": urls["graphql"],
            **({"console": urls["console"]} if urls["console"] else {}),
            "PostgreSQL": without_password(urls["postgres"]),
            "Cognito": urls["cognito"],
            **({"hosted UI": urls["hosted_ui"]} if urls["hosted_ui"] else {}),
            "issuer": urls["issuer"],
            "keys": urls["jwks"],
            "Lambda": urls["lambda"],
            **tunnel_facts(facts["services"].get("tunnel")),
            "pool id": pool["id"],
            "client id": pool["client_id"],
            "secrets": "admin secret and database password are in .stack/secrets.env, or where you set them",
        }
    )


def tunnel_facts(tunnel: Mapping[str, Any] | None) -> Mapping[str, str]:
    """
    >>> tunnel_facts({"url": "https://a.example", "registered": "lease of c1", "error": None})
    {'tunnel': 'https://a.example', 'registered': 'lease of c1'}
    """
    if tunnel is None:
        return {}
    error = tunnel["error"]
    told = {
        "tunnel": tunnel["url"],
        "registered": tunnel["registered"],
        "trouble": f"{error['message']} {error['hint']}".strip() if error else None,
    }
    return {name: value for name, value in told.items() if value}


def tell_unseen(error: StackError) -> None:
    """Says why no container is seen, where the rest can be shown without."""
    click.echo(f"{error.message} {error.hint}", err=True)


@click.command()
@out.formats("text", "json", "env")
@click.pass_obj
def status(project: Path, output: out.Format) -> None:
    """Show each service, the URLs, and the ids of the user pool. Fails when a service is not running.

    \b
    Examples:
      hasura-cognito status
      hasura-cognito status -o json | jq -r .urls.graphql
      hasura-cognito status -o env > .env.local
    """
    facts = status_of(find_root(project), unseen=tell_unseen)
    print_status(facts, output)
    if any(service["state"] != "running" for service in facts["services"].values()):
        raise click.exceptions.Exit(1)


def seen_containers(root: Path, wanted: tuple[str, ...]) -> Mapping[str, Container]:
    """The containers by service; where no engine answers, none, unless one of the wanted is in it: StackError then."""
    try:
        return containers_of(root)
    except StackError as error:
        if set(wanted) & set(IN_CONTAINERS):
            raise
        tell_unseen(error)
        return {}


def written_here(root: Path) -> tuple[Mapping[str, Path], str]:
    """The log files by name, and where other logs are. With a pool in AWS, files of the emulators are older ones."""
    files = log_files.found(Layout(root).logs)
    record = records.read(Layout(root).record)
    if record is None or record.identity != "aws":
        return files, ""
    here = {*service_urls(record), "supervisord"}
    return {name: path for name, path in files.items() if name in here}, IN_CLOUDWATCH


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=100, show_default=True, help="How many of the last.")
@click.pass_obj
def logs(project: Path, services: tuple[str, ...], follow: bool, lines: int) -> None:
    """Show the logs of all services, or of those named; functions by their names, too, unless they are in AWS.

    \b
    Examples:
      hasura-cognito logs -n 20
      hasura-cognito logs -f hasura lambda
    """
    root = find_root(project)
    containers = seen_containers(root, services)
    written, elsewhere = written_here(root)
    files = {name: path for name, path in written.items() if name not in containers}
    names = log_files.chosen({**files, **containers}, services, elsewhere=elsewhere)
    files = {name: path for name, path in files.items() if name in names}
    in_docker = [container for name, container in containers.items() if name in names]
    if follow:
        streams = {name: container_log.follow(containers[name], lines) for name in names if name in containers}
        said = log_files.follow(files, lines, streams)
    else:
        said = itertools.chain(log_files.last(files, lines), container_log.last(in_docker, lines))
    for name, line in said:
        click.echo(f"{click.style(f'{name:<10}', fg='cyan')} {line}" if len(names) > 1 else line)


@click.command()
@click.pass_obj
def verify(project: Path) -> None:
    """Take a throwaway user the whole way: sign-up, sync, sign-in, reading the row; then remove it."""
    # To load these takes longer than `status` may.
    from orchestrator.stack.accounts import accounts_of
    from orchestrator.stack.machine import settings_here
    from orchestrator.stack.verify import verify as verify_stack

    root = find_root(project)
    record = running(root)
    secret = settings_here(Layout(root), os.environ).hasura.admin_secret
    synced = is_synced(record.identity, record.fingerprints)
    verify_stack(accounts_of(record), record.urls.graphql, secret, show_check, synced=synced)
    click.echo("The whole flow works.")


def show_check(check: Check) -> None:
    out.stderr.print(f"[green]✓[/green] {check.what:<62} [dim]{check.seconds:6.2f} s[/dim]")

"""open."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from orchestrator.cli import output as out
from orchestrator.errors import StackError
from orchestrator.project.config import find_root
from orchestrator.stack.plan import Urls
from orchestrator.stack.status import running

# Why a pool in AWS may have no hosted UI.
LOGIN_IN_AWS = (
    "In the AWS console, give the pool a domain (Branding), and its app client a callback URL, a grant and the scope "
    "openid (App clients, login pages); then `hasura-cognito up`."
)
# Where each page is; None where it is switched off, and what switches it on.
PAGES: Mapping[str, tuple[Callable[[Urls], str | None], str]] = {
    "console": (
        lambda urls: urls.console,
        "Take HASURA_GRAPHQL_ENABLE_CONSOLE out of .env and run `hasura-cognito up`.",
    ),
    "login": (
        lambda urls: urls.hosted_ui,
        "Give the template's first app client AllowedOAuthFlowsUserPoolClient, AllowedOAuthFlows and CallbackURLs.",
    ),
}


@click.command()
@click.argument("page", type=click.Choice(list(PAGES)))
@click.option("--print", "only_print", is_flag=True, help="Print the address and open nothing.")
@out.formats("text", "json")
@click.pass_obj
def open_page(project: Path, page: str, only_print: bool, output: out.Format) -> None:
    """Open a page of the running stack in the browser, and print its address.

    \b
    console  GraphiQL on the engine, with fields for the role, an ID token and the admin secret
             (which is in .stack/secrets.env, unless you set one)
    login    the hosted UI; after signing in, the callback page shows the tokens and asks Hasura with them

    \b
    Examples:
      hasura-cognito open login
      hasura-cognito open login --print
    """
    find, hint = PAGES[page]
    record = running(find_root(project))
    url = find(record.urls)
    if url is None:
        in_aws = page == "login" and record.identity == "aws"
        raise StackError(f"The {page} is switched off.", LOGIN_IN_AWS if in_aws else hint)
    out.print_json({"page": page, "url": url}) if output == "json" else click.echo(url)
    if only_print or output == "json":
        return
    if not webbrowser.open(url):
        raise StackError("No browser could be started here.", f"Open {url} yourself.")

"""What the commands about the CloudFormation stack have in common: its name, its region, leases and events as lines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from orchestrator import settings as all_settings
from orchestrator.aws.deploy.events import Event
from orchestrator.cli import output as out
from orchestrator.project.config import find_root
from orchestrator.settings import Settings

REGION = "AWS_DEFAULT_REGION"
NEXT = "Next: `STACK_TUNNEL=ngrok hasura-cognito up` (or another STACK_TUNNEL, see .env.example)."

stack_name = click.option(
    "--stack-name", metavar="NAME", help="The CloudFormation stack.  [env: DEPLOY_STACK_NAME; default: hasura-cognito]"
)
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


@dataclass(frozen=True)
class Where:
    """The project, and which stack of which region its settings name."""

    root: Path
    settings: Settings
    env_file: Mapping[str, str] = field(repr=False)
    stack_name: str
    region: str

    @property
    def env_path(self) -> Path:
        return self.root / ".env"


def where(project: Path, stack_name: str | None) -> Where:
    """The stack is that of --stack-name, else of DEPLOY_STACK_NAME; its region that of the real pool in `.env`, unless
    the environment says another. An empty region leaves it to boto3."""
    root = find_root(project)
    env_file = all_settings.read_env_file(root / ".env")
    settings = all_settings.load(os.environ, env_file, {})
    follows_pool = settings.identity == "aws" and not os.environ.get(REGION)
    return Where(
        root,
        settings,
        env_file,
        stack_name or settings.aws.stack_name,
        settings.cognito.region if follows_pool else "",
    )


def lease_line(lease: Mapping[str, Any]) -> str:
    """
    >>> lease_line({"holder": "ada@laptop", "url": "https://a.example/sync", "expires_in": 97})
    'ada@laptop at https://a.example/sync, 97 s left'
    """
    seconds = lease["expires_in"]
    left = f"{seconds} s left" if seconds > 0 else f"over for {-seconds} s"
    return f"{lease['holder'] or lease['owner']} at {lease['url']}, {left}"


class Progress:
    """A line for what CloudFormation has begun with a resource, and one for how that ended."""

    def __init__(self) -> None:
        self._begun: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        key = (event.logical_id, event.status)
        if event.status.endswith("_IN_PROGRESS") and key in self._begun:
            return
        self._begun.add(key)
        at = f"[dim]{event.at.astimezone():%H:%M:%S}[/dim]"
        out.stderr.print(f"{mark(event.status)} {event.logical_id:<30} {event.status:<28} {at}")
        if event.status.endswith("_FAILED"):
            out.stderr.print(f"  {event.reason}", markup=False)


def mark(status: str) -> str:
    if status.endswith("_IN_PROGRESS"):
        return "[dim]·[/dim]"
    return "[red]✗[/red]" if "_FAILED" in status or "ROLLBACK" in status else "[green]✓[/green]"

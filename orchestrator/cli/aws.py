"""aws: the real user pool and what belongs to it; each command is in a file of its own."""

from __future__ import annotations

import click

from orchestrator.cli.aws_attach import attach
from orchestrator.cli.aws_detach import detach


@click.group()
def group() -> None:
    """Add the functions to a real user pool, and take them out again.

    Credentials and region are found as boto3 finds them: AWS_PROFILE, AWS_DEFAULT_REGION, SSO, ~/.aws and so on.
    """


for command in (attach, detach):
    group.add_command(command)

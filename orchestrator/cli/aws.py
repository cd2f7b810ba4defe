"""aws: the real user pool and what belongs to it; each command is in a file of its own."""

from __future__ import annotations

import click

from orchestrator.cli.aws_attach import attach
from orchestrator.cli.aws_client import client
from orchestrator.cli.aws_deploy import deploy
from orchestrator.cli.aws_destroy import destroy
from orchestrator.cli.aws_detach import detach
from orchestrator.cli.aws_status import status


@click.group()
def group() -> None:
    """Deploy a real user pool with its functions, or add the functions to one that is there; share it with others.

    Credentials and region are found as boto3 finds them: AWS_PROFILE, AWS_DEFAULT_REGION, SSO, ~/.aws and so on.
    """


for command in (deploy, status, destroy, attach, detach, client):
    group.add_command(command)

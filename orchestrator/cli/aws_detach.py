"""aws detach: a user pool is again as it was before `aws attach`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestrator import settings as all_settings
from orchestrator.aws.attach import attach as steps
from orchestrator.aws.attach import pools
from orchestrator.cli import output as out
from orchestrator.cli.aws_attach import agreed, pool_id_of
from orchestrator.cli.aws_stack import yes
from orchestrator.project import env_file, pool_env
from orchestrator.project.config import find_root


@click.command(short_help="Take back what `aws attach` did to a user pool.")
@click.argument("pool_id", metavar="[POOL]", required=False, callback=pool_id_of)
@yes
@click.pass_obj
def detach(project: Path, pool_id: str | None, yes: bool) -> None:
    """Take the functions out of the user pool POOL (or that of .env) and their permissions away: as it was before.

    What was there before is noted in a tag of the pool, so that this works from any machine. A trigger that somebody
    else has set since stays. Afterwards .env takes the local pool again.
    """
    from orchestrator.aws.clients import amazon

    root = find_root(project)
    before = all_settings.read_env_file(root / ".env")
    settings = all_settings.load(os.environ, before, {})
    if pool_id is None:
        if settings.identity != "aws":
            raise click.UsageError("Name the user pool: .env takes the local one.")
        pool_id = settings.cognito.pool_id
    region = pool_id.partition("_")[0]
    cognito, awslambda = amazon("cognito-idp", region=region), amazon("lambda", region=region)
    change = steps.plan_detach(pools.describe(cognito, pool_id))
    if not agreed("detach", change, yes=yes):
        return
    steps.detach(cognito, awslambda, change)
    out.stderr.print("Detached.")
    if env_file.change(root / ".env", pool_env.to_local(before, pool_id)):
        out.stderr.print(".env takes the local pool again.")

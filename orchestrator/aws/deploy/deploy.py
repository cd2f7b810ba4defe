"""The deployment, step by step: what is there, what would change, and changing it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.aws.deploy import change_sets, events, stacks
from orchestrator.aws.deploy.bucket import Bucket
from orchestrator.aws.deploy.change_sets import ChangeSet, Wanted
from orchestrator.aws.deploy.events import Event, Tell
from orchestrator.aws.deploy.stacks import Stack
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# Bytes of a template that CloudFormation takes in a request; a longer one it fetches from S3.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
IN_REQUEST = 51_200

# A type of resource (empty: any), what the reason of its failure holds, and what to do then.
WAYS_OUT = (
    ("AWS::Cognito::UserPoolDomain", "omain", "Choose another domain with --parameter DomainPrefix=NAME."),
    ("AWS::DynamoDB::Table", "already exists", "Choose another table with --parameter LeaseTableName=NAME."),
    ("", "already exists", "Something else has that name: choose another with --stack-name."),
    ("", "not authorized to perform", "Have the action allowed that it names, then deploy again."),
    ("", "AccessDenied", "Have the action allowed that it names, then deploy again."),
    ("", "eletion protection", "Turn the user pool's deletion protection off first, if its users may be lost."),
    ("", "LimitExceeded", "Ask AWS for a higher quota, or remove what is no longer used."),
)


@dataclass(frozen=True)
class Deployment:
    """What is to be in AWS: the template, a value for each parameter (None: as it is), the archives by their keys."""

    stack_name: str
    template: str
    template_key: str
    parameters: Mapping[str, str | None] = field(repr=False)
    archives: Mapping[str, bytes] = field(repr=False)


def standing(client: CloudFormationClient, name: str) -> Stack | None:
    """The stack that is to be deployed to, or None before the first time. Raises StackError when that can't be done."""
    stack = stacks.find_ours(client, name)
    if stack is None:
        return None
    stacks.require_quiet(stack)
    if stack.status not in (*stacks.WORKING, *stacks.NEVER_MADE, stacks.EMPTY):
        raise StackError(
            f"The stack {name} can't be updated: it is {stack.status}. {stack.reason}".strip(),
            f"`hasura-cognito aws destroy` deletes it; to save it, see {stack.console_url}",
        )
    return stack


def propose(
    client: CloudFormationClient,
    bucket: Bucket,
    deployment: Deployment,
    before: Stack | None,
    undo: contextlib.ExitStack,
) -> ChangeSet | None:
    """What would change; None for nothing. `undo` learns how to take back what was made for the question."""
    template, long = deployment.template, len(deployment.template.encode()) > IN_REQUEST
    if long:
        undo.callback(bucket.empty, deployment.template_key)
        bucket.make()
        template = bucket.put(deployment.template_key, template.encode())
    wanted = Wanted(deployment.stack_name, template, deployment.parameters, in_bucket=long)
    return change_sets.propose(client, wanted, before, undo)


def execute(
    client: CloudFormationClient,
    bucket: Bucket,
    deployment: Deployment,
    change_set: ChangeSet,
    undo: contextlib.ExitStack,
    tell: Tell,
) -> Stack:
    """Uploads the code and makes the changes; the stack as it is then. What `undo` knew is used up now.

    Raises StackError with the reasons when CloudFormation takes the changes back.
    """
    bucket.make()
    for key, content in deployment.archives.items():
        bucket.put(key, content)
    after = events.newest(client, change_set.stack_id)
    change_sets.execute(client, change_set)
    undo.pop_all()
    return done(client, change_set.stack_id, after, tell)


def done(client: CloudFormationClient, stack_id: str, after: str, tell: Tell) -> Stack:
    """The stack when all that follows the event `after` has happened; a StackError when that was a failure."""
    stack = stacks.get(client, stack_id)
    seen = events.finished(client, stack, after, tell)
    stack = stacks.get(client, stack_id)
    if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise failure("The deployment of", stack, seen)
    return stack


def delete(client: CloudFormationClient, stack: Stack, tell: Tell) -> None:
    """Deletes the stack and waits for it. Raises StackError with the reasons when something can't be deleted."""
    after = events.newest(client, stack.id)
    stacks.start_deletion(client, stack)
    seen = events.finished(client, stack, after, tell)
    if seen[-1].status != "DELETE_COMPLETE":
        raise failure("The deletion of", stacks.get(client, stack.id), seen)


def failure(what: str, stack: Stack, seen: Sequence[Event]) -> StackError:
    """What failed first, in AWS's own words, and the way out where it is known."""
    found = events.causes(seen)
    lines = [f"\n  {event.logical_id} ({event.type}): {event.reason}" for event in found]
    hints = [
        hint
        for event in found[:1]
        for kind, words, hint in WAYS_OUT
        if kind in ("", event.type) and words in event.reason
    ]
    again = (
        "The next `hasura-cognito aws deploy` deletes what is left first."
        if stack.status in stacks.NEVER_MADE
        else f"See {stack.console_url}"
    )
    return StackError(
        f"{what} {stack.name} failed ({stack.status}):{''.join(lines) or f' {stack.reason}'}",
        " ".join([*hints[:1], again]),
    )

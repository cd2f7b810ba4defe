"""A change set: what CloudFormation would do, asked before it does it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.aws.deploy import polling
from orchestrator.aws.deploy.stacks import EMPTY, POOL, TAG, TAG_VALUE, Stack
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

SECONDS = 300
# CloudFormation's words for a change set without changes: of the template, and of what a transform made of it.
NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class Change:
    """`action` is Add, Modify or Remove; `replacement` True, Conditional, False or nothing; `properties` why."""

    action: str
    logical_id: str
    type: str
    replacement: str
    properties: tuple[str, ...] = ()

    @property
    def loses_users(self) -> bool:
        return self.type == POOL and (self.action == "Remove" or self.replacement in ("True", "Conditional"))


@dataclass(frozen=True)
class ChangeSet:
    id: str
    stack_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Wanted:
    """What the stack is to become. A parameter whose value is None keeps the one it has.

    `template` is the text itself, or with `in_bucket` the URL of it.
    """

    stack_name: str
    template: str
    parameters: Mapping[str, str | None] = field(repr=False)
    in_bucket: bool


def propose(
    client: CloudFormationClient, wanted: Wanted, before: Stack | None, undo: contextlib.ExitStack
) -> ChangeSet | None:
    """The change set that leads from what is there to what is wanted, or None where that is the same.

    `undo` learns how to take it back. Raises StackError with CloudFormation's reason where it can't be made.
    """
    template: dict[str, Any] = {"TemplateURL" if wanted.in_bucket else "TemplateBody": wanted.template}
    with told(f"Planning the stack {wanted.stack_name}"):
        created = client.create_change_set(
            StackName=wanted.stack_name,
            ChangeSetName=f"hasura-cognito-{uuid.uuid4().hex[:12]}",
            ChangeSetType="UPDATE" if before and before.status != EMPTY else "CREATE",
            Capabilities=["CAPABILITY_IAM"],
            Tags=[{"Key": TAG, "Value": TAG_VALUE}],
            Parameters=[
                {"ParameterKey": name, "UsePreviousValue": True}
                if value is None
                else {"ParameterKey": name, "ParameterValue": value}
                for name, value in sorted(wanted.parameters.items())
            ],
            **template,
        )
    change_set, stack_id = created["Id"], created["StackId"]
    undo.callback(_discard, client, change_set, stack_id if before is None else None)
    status, reason = _made(client, change_set)
    if status == "FAILED":
        if any(words in reason for words in NOTHING):
            return None
        raise StackError(f"Planning the stack {wanted.stack_name} failed: {reason}", "Mend the template.")
    return ChangeSet(change_set, stack_id, _changes(client, change_set))


def execute(client: CloudFormationClient, change_set: ChangeSet) -> None:
    with told("Starting the deployment"):
        client.execute_change_set(ChangeSetName=change_set.id)


def _made(client: CloudFormationClient, change_set: str) -> tuple[str, str]:
    """CREATE_COMPLETE or FAILED, and CloudFormation's reason."""
    for _ in polling.moments(SECONDS):
        with told("Reading the plan"), polling.patient():
            described = client.describe_change_set(ChangeSetName=change_set)
            if described["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return described["Status"], described.get("StatusReason", "")
    raise StackError(f"CloudFormation has no plan after {SECONDS} seconds.", "Try again in a while.")


def _changes(client: CloudFormationClient, change_set: str) -> tuple[Change, ...]:
    with told("Reading the plan"):
        pages = list(client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set))
    return tuple(
        _change(each["ResourceChange"])
        for page in pages
        for each in page.get("Changes", [])
        if "ResourceChange" in each
    )


def _change(described: Mapping[str, Any]) -> Change:
    targets = [each.get("Target", {}) for each in described.get("Details", [])]
    return Change(
        action=described["Action"],
        logical_id=described["LogicalResourceId"],
        type=described["ResourceType"],
        replacement=described.get("Replacement", ""),
        properties=tuple(dict.fromkeys(each.get("Name") or each.get("Attribute", "") for each in targets)),
    )


def _discard(client: CloudFormationClient, change_set: str, new_stack: str | None) -> None:
    """Takes the change set away, and with it the empty stack that was made for it. What stays changes nothing."""
    from botocore.exceptions import BotoCoreError, ClientError

    with contextlib.suppress(BotoCoreError, ClientError):
        client.delete_change_set(ChangeSetName=change_set)
        if new_stack:
            client.delete_stack(StackName=new_stack)

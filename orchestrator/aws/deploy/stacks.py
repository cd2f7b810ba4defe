"""The stack in CloudFormation: what is known of it, whether it is ours, and its deletion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchestrator.aws.failures import code_of, told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# What CloudFormation calls the types of resources that are asked about.
POOL = "AWS::Cognito::UserPool"
CLIENT = "AWS::Cognito::UserPoolClient"
FUNCTION = "AWS::Lambda::Function"
LEASE_TABLE = "AWS::DynamoDB::Table"

# What tells our stacks from others' of the same name. CloudFormation gives the tags to the stack's resources, too.
TAG, TAG_VALUE = "deployed-by", "hasura-cognito"

# A change set was made and never executed: nothing is there.
EMPTY = "REVIEW_IN_PROGRESS"
# What is left of a stack that never came to be; it can only be deleted.
NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
# What works as it stands, and may be updated.
WORKING = (
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
)  # fmt: skip


@dataclass(frozen=True)
class Stack:
    id: str
    name: str
    status: str
    reason: str
    created: datetime
    updated: datetime | None
    outputs: Mapping[str, str]
    parameters: frozenset[str] = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)
    drift: str
    drift_checked: datetime | None

    @property
    def region(self) -> str:
        return self.id.split(":")[3]

    @property
    def account(self) -> str:
        return self.id.split(":")[4]

    @property
    def is_ours(self) -> bool:
        return self.tags.get(TAG) == TAG_VALUE

    @property
    def changing(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != EMPTY

    @property
    def console_url(self) -> str:
        base = f"https://{self.region}.console.aws.amazon.com/cloudformation/home"
        return f"{base}?region={self.region}#/stacks/events?stackId={quote(self.id, safe='')}"


@dataclass(frozen=True)
class Resource:
    logical_id: str
    type: str
    physical_id: str
    status: str


def find(client: CloudFormationClient, name: str) -> Stack | None:
    """The stack of this name or id, or None where there is none."""
    from botocore.exceptions import ClientError

    with told(f"Looking for the stack {name}"):
        try:
            described = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
    return _stack(described[0]) if described else None


def get(client: CloudFormationClient, stack_id: str) -> Stack:
    """The stack with this id, which a deleted one still has."""
    stack = find(client, stack_id)
    if stack is None:
        raise StackError(f"The stack {stack_id} is gone.", "Somebody else has deleted it.")
    return stack


def find_ours(client: CloudFormationClient, name: str) -> Stack | None:
    """The stack of this name, or None. Raises StackError when it is somebody else's."""
    stack = find(client, name)
    if stack and not stack.is_ours and stack.status != EMPTY:
        raise StackError(
            f"The stack {name} in {stack.region} (account {stack.account}) was not deployed by hasura-cognito.",
            "Choose another name with --stack-name, or DEPLOY_STACK_NAME in .env.",
        )
    return stack


def get_ours(client: CloudFormationClient, name: str) -> Stack:
    """The stack of this name. Raises StackError when there is none, and when it is somebody else's."""
    stack = find_ours(client, name)
    if stack is None:
        raise missing(name, client.meta.region_name)
    return stack


def missing(name: str, region: str) -> StackError:
    return StackError(
        f"There is no stack {name} in {region}.",
        "`hasura-cognito aws deploy` makes it. Is it another --stack-name, AWS_PROFILE or AWS_DEFAULT_REGION?",
    )


def resources(client: CloudFormationClient, stack: Stack) -> tuple[Resource, ...]:
    """What the stack is made of, but for what is gone already."""
    with told(f"Listing the resources of {stack.name}"):
        pages = list(client.get_paginator("list_stack_resources").paginate(StackName=stack.id))
    return tuple(
        Resource(
            each["LogicalResourceId"],
            each["ResourceType"],
            each.get("PhysicalResourceId", ""),
            each["ResourceStatus"],
        )
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceStatus"] != "DELETE_COMPLETE"
    )


def of_type(found: tuple[Resource, ...], kind: str) -> list[str]:
    """The physical ids of the resources of a type."""
    return [each.physical_id for each in found if each.type == kind and each.physical_id]


def made_by(client: CloudFormationClient, physical_id: str) -> str | None:
    """The name of the stack, ours or anybody's, that has this resource; None where none has."""
    from botocore.exceptions import ClientError

    with told(f"Looking for the stack that has made {physical_id}"):
        try:
            found = client.describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
        except ClientError as error:
            if code_of(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
    return found[0].get("StackName", "") if found else None


def start_deletion(client: CloudFormationClient, stack: Stack) -> None:
    with told(f"Deleting the stack {stack.name}"):
        client.delete_stack(StackName=stack.id)


def require_quiet(stack: Stack) -> None:
    """Raises StackError while somebody else changes the stack."""
    if stack.changing:
        raise StackError(
            f"The stack {stack.name} is being changed ({stack.status}).",
            "Try again when it is done: `hasura-cognito aws status` tells.",
        )


def _stack(described: Mapping[str, Any]) -> Stack:
    drift = described.get("DriftInformation", {})
    return Stack(
        id=described["StackId"],
        name=described["StackName"],
        status=described["StackStatus"],
        reason=described.get("StackStatusReason", ""),
        created=described["CreationTime"],
        updated=described.get("LastUpdatedTime"),
        outputs={each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])},
        parameters=frozenset(each["ParameterKey"] for each in described.get("Parameters", [])),
        tags={each["Key"]: each["Value"] for each in described.get("Tags", [])},
        drift=drift.get("StackDriftStatus", "NOT_CHECKED"),
        drift_checked=drift.get("LastCheckTimestamp"),
    )

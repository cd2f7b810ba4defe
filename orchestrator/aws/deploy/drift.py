"""Drift: what was changed by hand in AWS since CloudFormation made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.aws.deploy import polling
from orchestrator.aws.deploy.stacks import Stack
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

SECONDS = 300

Facts = Mapping[str, Any]


def last(stack: Stack) -> Facts:
    """`{"status", "checked"}` as CloudFormation found it the last time."""
    return {"status": stack.drift, "checked": stack.drift_checked.isoformat() if stack.drift_checked else None}


def detect(client: CloudFormationClient, stack: Stack) -> Facts:
    """`{"status", "checked", "resources": [{"name", "type", "status", "properties"}]}`, looked for now.

    `resources` are those that are not as they were made, `properties` the paths of what differs in each.
    """
    with told(f"Looking for drift in {stack.name}"):
        detection = client.detect_stack_drift(StackName=stack.id)["StackDriftDetectionId"]
    status, checked = _detected(client, detection)
    with told(f"Reading the drift of {stack.name}"):
        answer = client.describe_stack_resource_drifts(
            StackName=stack.id, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
        )
    resources = [
        {
            "name": each["LogicalResourceId"],
            "type": each["ResourceType"],
            "status": each["StackResourceDriftStatus"],
            "properties": [difference["PropertyPath"] for difference in each.get("PropertyDifferences", [])],
        }
        for each in answer["StackResourceDrifts"]
    ]
    return {"status": status, "checked": checked, "resources": resources}


def _detected(client: CloudFormationClient, detection: str) -> tuple[str, str]:
    for _ in polling.moments(SECONDS):
        with told("Looking for drift"), polling.patient():
            found = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
            if found["DetectionStatus"] == "DETECTION_FAILED":
                raise StackError(
                    f"Looking for drift failed: {found.get('DetectionStatusReason', 'no reason is given')}."
                )
            if found["DetectionStatus"] == "DETECTION_COMPLETE":
                return found.get("StackDriftStatus", "UNKNOWN"), found["Timestamp"].isoformat()
    raise StackError(f"CloudFormation has not looked for drift after {SECONDS} seconds.", "Try again in a while.")

"""A small CloudFormation: stacks, change sets, events and rollback as the service tells them, over its own protocol.

It stands in for the real one because moto's knows no Cognito. Templates are read with this project's own reader.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.project.template import intrinsics, resources
from orchestrator.project.template.document import make_scope, read_tree
from orchestrator.project.template.intrinsics import Scope

from .protocol import Operation, Refused
from .resources import REPLACING, Failed, Made, World

REGION, ACCOUNT = "us-east-1", "123456789012"
NO_CHANGE = "The submitted information didn't contain changes. Submit different information to create a change set."
Given = Mapping[str, Any]


@dataclass
class Stack:
    id: str
    name: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    template: str = ""
    made: dict[str, Made] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, logical_id: str, kind: str, physical_id: str, status: str, reason: str = "") -> None:
        self.events.insert(
            0,
            {
                "StackId": self.id,
                "StackName": self.name,
                "EventId": f"{len(self.events)}-{logical_id}-{status}",
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": physical_id,
                "ResourceType": kind,
                "Timestamp": datetime.now(UTC),
                "ResourceStatus": status,
                **({"ResourceStatusReason": reason} if reason else {}),
            },
        )

    def becomes(self, status: str, reason: str = "") -> None:
        """The stack's status is seen no later than the event that tells it."""
        self.status, self.reason = status, reason
        self.tell(self.name, "AWS::CloudFormation::Stack", self.id, status, reason)


@dataclass
class ChangeSet:
    id: str
    stack: Stack
    template: str
    parameters: dict[str, str]
    changes: list[dict[str, Any]]
    reason: str = ""


class CloudFormation:
    """`failing` gives a reason for each resource that is not to succeed, `drifting` the drift that is found; a
    deployment goes on only while `gate` is set."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stacks: dict[str, Stack] = {}
        self.change_sets: dict[str, ChangeSet] = {}
        self.failing: dict[str, str] = {}
        self.drifting: list[dict[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.work: list[threading.Thread] = []

    def operation(self, action: str) -> Operation:
        operation: Operation = {
            "CreateChangeSet": self.create_change_set,
            "DescribeChangeSet": self.describe_change_set,
            "DeleteChangeSet": self.delete_change_set,
            "ExecuteChangeSet": self.execute_change_set,
            "DescribeStacks": self.describe_stacks,
            "DescribeStackEvents": self.describe_stack_events,
            "ListStackResources": self.list_stack_resources,
            "DescribeStackResources": self.describe_stack_resources,
            "DeleteStack": self.delete_stack,
            "DetectStackDrift": lambda given: {"StackDriftDetectionId": given["StackName"]},
            "DescribeStackDriftDetectionStatus": self.describe_drift_detection,
            "DescribeStackResourceDrifts": lambda given: {"StackResourceDrifts": self.drifting},
        }[action]
        return operation

    def find(self, name: str) -> Stack:
        """By its id, or unless it is deleted by its name."""
        for stack in self.stacks.values():
            if stack.id == name or (stack.name == name and stack.status != "DELETE_COMPLETE"):
                return stack
        raise Refused("ValidationError", f"Stack with id {name} does not exist")

    def create_change_set(self, given: Given) -> Given:
        name, kind = given["StackName"], given["ChangeSetType"]
        if kind == "CREATE":
            stack = self._new_stack(name)
        else:
            stack = self.find(name)
            if stack.status in ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"):
                raise Refused("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        template = given.get("TemplateBody") or self._fetched(given["TemplateURL"])
        parameters = {
            each["ParameterKey"]: stack.parameters[each["ParameterKey"]]
            if each.get("UsePreviousValue")
            else each["ParameterValue"]
            for each in given["Parameters"]
        }
        stack.tags = given["Tags"]
        made = ChangeSet(
            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{uuid.uuid4()}", stack, template, parameters, []
        )
        self.change_sets[made.id] = made
        made.changes = self._changes(stack, self._scope(stack, template, parameters))
        if kind == "UPDATE" and not made.changes:
            made.reason = NO_CHANGE
        return {"Id": made.id, "StackId": stack.id}

    def describe_change_set(self, given: Given) -> Given:
        """A page has at most five changes, so that somebody has to ask for the next."""
        made = self.change_sets[given["ChangeSetName"]]
        start = int(given.get("NextToken", 0))
        page = made.changes[start : start + 5]
        more = start + 5 < len(made.changes)
        return {
            "ChangeSetId": made.id,
            "Status": "FAILED" if made.reason else "CREATE_COMPLETE",
            "StatusReason": made.reason,
            "Changes": [{"Type": "Resource", "ResourceChange": each} for each in page],
            **({"NextToken": str(start + 5)} if more else {}),
        }

    def delete_change_set(self, given: Given) -> Given:
        del self.change_sets[given["ChangeSetName"]]
        return {}

    def execute_change_set(self, given: Given) -> Given:
        made = self.change_sets.pop(given["ChangeSetName"])
        is_new = made.stack.status == "REVIEW_IN_PROGRESS"
        made.stack.becomes("CREATE_IN_PROGRESS" if is_new else "UPDATE_IN_PROGRESS", "User Initiated")
        self._start(made.stack, lambda: self._deploy(made, "CREATE" if is_new else "UPDATE"))
        return {}

    def describe_stacks(self, given: Given) -> Given:
        stack = self.find(given["StackName"])
        return {
            "Stacks": [
                {
                    "StackId": stack.id,
                    "StackName": stack.name,
                    "StackStatus": stack.status,
                    "StackStatusReason": stack.reason,
                    "CreationTime": datetime(2026, 1, 2, tzinfo=UTC),
                    "Parameters": [{"ParameterKey": name, "ParameterValue": "****"} for name in stack.parameters],
                    "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs.items()],
                    "Tags": stack.tags,
                }
            ]
        }

    def describe_stack_events(self, given: Given) -> Given:
        """Newest first, three a page."""
        events = list(self.find(given["StackName"]).events)
        start = next((i for i, event in enumerate(events) if event["EventId"] == given.get("NextToken")), 0)
        more = events[start + 3 : start + 4]
        return {"StackEvents": events[start : start + 3], **({"NextToken": more[0]["EventId"]} if more else {})}

    def list_stack_resources(self, given: Given) -> Given:
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": name,
                    "PhysicalResourceId": made.physical_id,
                    "ResourceType": made.type,
                    "LastUpdatedTimestamp": datetime.now(UTC),
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for name, made in self.find(given["StackName"]).made.items()
            ]
        }

    def describe_stack_resources(self, given: Given) -> Given:
        """Those of the stack that has the resource with this physical id."""
        wanted = given["PhysicalResourceId"]
        for stack in self.stacks.values():
            if any(made.physical_id == wanted for made in stack.made.values()):
                return {
                    "StackResources": [
                        {
                            "StackName": stack.name,
                            "LogicalResourceId": name,
                            "PhysicalResourceId": made.physical_id,
                            "ResourceType": made.type,
                            "Timestamp": datetime.now(UTC),
                            "ResourceStatus": "CREATE_COMPLETE",
                        }
                        for name, made in stack.made.items()
                    ]
                }
        raise Refused("ValidationError", f"Stack for {wanted} does not exist")

    def delete_stack(self, given: Given) -> Given:
        try:
            stack = self.find(given["StackName"])
        except Refused:
            return {}
        if stack.status == "REVIEW_IN_PROGRESS":
            del self.stacks[stack.id]
        else:
            stack.becomes("DELETE_IN_PROGRESS", "User Initiated")
            self._start(stack, lambda: self._delete(stack))
        return {}

    def describe_drift_detection(self, given: Given) -> Given:
        return {
            "StackId": given["StackDriftDetectionId"],
            "StackDriftDetectionId": given["StackDriftDetectionId"],
            "DetectionStatus": "DETECTION_COMPLETE",
            "StackDriftStatus": "DRIFTED" if self.drifting else "IN_SYNC",
            "Timestamp": datetime.now(UTC),
        }

    def finish(self) -> None:
        """Lets all that goes on come to its end."""
        self.gate.set()
        for each in self.work:
            each.join(timeout=30)

    def _start(self, stack: Stack, work: Callable[[], None]) -> None:
        def worked() -> None:
            try:
                work()
            except Exception:
                stack.becomes("ROLLBACK_FAILED", traceback.format_exc())

        thread = threading.Thread(target=worked, daemon=True)
        self.work.append(thread)
        thread.start()

    def _new_stack(self, name: str) -> Stack:
        try:
            stack = self.find(name)
        except Refused:
            stack = Stack(f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/{uuid.uuid4()}", name)
            self.stacks[stack.id] = stack
            stack.becomes("REVIEW_IN_PROGRESS", "User Initiated")
        if stack.status != "REVIEW_IN_PROGRESS":
            raise Refused("AlreadyExistsException", f"Stack [{name}] already exists and cannot be created again")
        return stack

    def _fetched(self, url: str) -> str:
        bucket, _, key = urlsplit(url).path.strip("/").partition("/")
        text: str = self.world.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return text

    def _scope(self, stack: Stack, template: str, parameters: Mapping[str, str]) -> Scope:
        """The template's names with the resources that are there, and placeholders for those that are not yet."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "template.yaml")
            path.write_text(template)
            tree = read_tree(path)
        scope = make_scope(tree, parameters, region=REGION, account=ACCOUNT, stack_name=stack.name)
        if missing := sorted(scope.parameters.unset):
            raise Refused("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
        for problem in scope.parameters.broken.values():
            raise Refused("ValidationError", problem.message)

        def ref(_: Scope, name: str) -> str:
            return stack.made[name].physical_id if name in stack.made else f"new {name}"

        def attribute(_: Scope, name: str, wanted: str) -> str:
            return stack.made[name].attributes[wanted] if name in stack.made else f"new {name}.{wanted}"

        return replace(scope, ref=ref, attribute=attribute)

    def _changes(self, stack: Stack, scope: Scope) -> list[dict[str, Any]]:
        active = resources.active(scope)
        found = []
        for name, resource in active.items():
            kind = resource["Type"]
            if name not in stack.made:
                found.append({"Action": "Add", "LogicalResourceId": name, "ResourceType": kind})
            elif differing := self._differing(stack.made[name], properties(scope, name)):
                found.append(
                    {
                        "Action": "Modify",
                        "LogicalResourceId": name,
                        "PhysicalResourceId": stack.made[name].physical_id,
                        "ResourceType": kind,
                        "Replacement": "True" if replaces(kind, differing) else "False",
                        "Details": [{"Target": {"Attribute": "Properties", "Name": each}} for each in differing],
                    }
                )
        gone = [name for name in stack.made if name not in active]
        return found + [
            {"Action": "Remove", "LogicalResourceId": name, "ResourceType": stack.made[name].type} for name in gone
        ]

    def _differing(self, made: Made, wanted: Mapping[str, Any]) -> list[str]:
        return [name for name in {**made.properties, **wanted} if made.properties.get(name) != wanted.get(name)]

    def _deploy(self, change_set: ChangeSet, verb: str) -> None:
        stack = change_set.stack
        before = dict(stack.made)
        scope = self._scope(stack, change_set.template, change_set.parameters)
        try:
            self._make(stack, scope)
        except Failed:
            self._roll_back(stack, before, verb)
            return
        for name, made in reversed(list(before.items())):
            if name not in resources.active(scope) or stack.made[name].physical_id != made.physical_id:
                self._unmake(stack, name, made)
        stack.template, stack.parameters = change_set.template, change_set.parameters
        stack.outputs = {
            name: intrinsics.resolve(output["Value"], ("Outputs", name, "Value"), scope)
            for name, output in scope.section("Outputs").items()
            if "Condition" not in output or intrinsics.holds(output["Condition"], ("Outputs", name), scope)
        }
        stack.becomes(f"{verb}_COMPLETE")

    def _make(self, stack: Stack, scope: Scope) -> None:
        """Each resource after those it refers to. Raises Failed for the first that fails; the next is cancelled."""
        active = resources.active(scope)
        needs = {name: [n for n, _ in intrinsics.names(dict(each)) if n in active] for name, each in active.items()}
        order = list(TopologicalSorter(needs).static_order())
        for name, following in itertools.zip_longest(order, order[1:]):
            self.gate.wait(30)
            kind, wanted, before = active[name]["Type"], properties(scope, name), stack.made.get(name)
            verb = "UPDATE" if before else "CREATE"
            differing = self._differing(before, wanted) if before else []
            if before and not differing:
                continue
            stack.tell(name, kind, "", f"{verb}_IN_PROGRESS")
            try:
                if name in self.failing:
                    raise Failed(self.failing[name])
                if before and not replaces(kind, differing):
                    stack.made[name] = self.world.change(before, wanted)
                else:
                    stack.made[name] = self.world.make(kind, name, wanted)
            except Failed as failed:
                stack.tell(name, kind, "", f"{verb}_FAILED", str(failed))
                if following:
                    reason = "Resource creation cancelled"
                    stack.tell(following, active[following]["Type"], "", "CREATE_FAILED", reason)
                raise
            stack.tell(name, kind, stack.made[name].physical_id, f"{verb}_COMPLETE")

    def _roll_back(self, stack: Stack, before: Mapping[str, Made], verb: str) -> None:
        prefix = "" if verb == "CREATE" else "UPDATE_"
        reason = f"The following resource(s) failed to {verb.lower()}: [{', '.join(self.failing)}]."
        stack.becomes(f"{prefix}ROLLBACK_IN_PROGRESS", reason)
        for name, made in reversed(list(stack.made.items())):
            if name not in before or made.physical_id != before[name].physical_id:
                self._unmake(stack, name, made)
            elif made != before[name]:
                self.world.change(made, before[name].properties)
        stack.made = dict(before)
        stack.becomes(f"{prefix}ROLLBACK_COMPLETE")

    def _unmake(self, stack: Stack, name: str, made: Made) -> None:
        stack.tell(name, made.type, made.physical_id, "DELETE_IN_PROGRESS")
        if name in self.failing:
            stack.tell(name, made.type, made.physical_id, "DELETE_FAILED", self.failing[name])
            raise Failed(self.failing[name])
        self.world.delete(made)
        stack.tell(name, made.type, made.physical_id, "DELETE_COMPLETE")
        if stack.made.get(name) is made:
            del stack.made[name]

    def _delete(self, stack: Stack) -> None:
        self.gate.wait(30)
        try:
            for name, made in reversed(list(stack.made.items())):
                self._unmake(stack, name, made)
        except Failed:
            stack.becomes("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(self.failing)}].")
            return
        stack.becomes("DELETE_COMPLETE")


def properties(scope: Scope, name: str) -> Mapping[str, Any]:
    written = scope.resources[name].get("Properties") or {}
    found: Mapping[str, Any] = intrinsics.resolve(written, ("Resources", name, "Properties"), scope)
    return found


def replaces(kind: str, differing: list[str]) -> bool:
    return bool(REPLACING.get(kind, set()) & set(differing))

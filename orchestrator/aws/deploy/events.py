"""What CloudFormation tells while it changes a stack: its events, followed to the end, and why it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.aws.deploy import polling
from orchestrator.aws.deploy.stacks import Stack
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# Seconds. A pool with its functions takes one or two minutes; a domain of one's own up to a quarter of an hour.
DEADLINE = 1800
# The reasons of resources that failed because another one had.
CANCELLED = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")


@dataclass(frozen=True)
class Event:
    id: str
    at: datetime
    logical_id: str
    type: str
    status: str
    reason: str
    about_stack: bool

    @property
    def is_last(self) -> bool:
        return self.about_stack and not self.status.endswith("_IN_PROGRESS")


Tell = Callable[[Event], None]


def newest(client: CloudFormationClient, stack_id: str) -> str:
    """The id of the stack's newest event; `follow` begins behind it."""
    with told("Reading the events of the stack"):
        answer = client.describe_stack_events(StackName=stack_id)
    return next((each["EventId"] for each in answer["StackEvents"]), "")


def follow(client: CloudFormationClient, stack_id: str, after: str, *, seconds: float = DEADLINE) -> Iterator[Event]:
    """Each event after the one called `after` as it comes, to the last: the one of the stack itself.

    Raises StackError when CloudFormation is not done in time, and when it can't be asked any more.
    """
    for _ in polling.moments(seconds):
        with told("Reading the events of the stack"):
            for event in _since(client, stack_id, after):
                yield event
                after = event.id
                if event.is_last:
                    return
    raise StackError(f"CloudFormation is not done after {seconds / 60:.0f} minutes.")


def finished(client: CloudFormationClient, stack: Stack, after: str, tell: Tell) -> list[Event]:
    """All events of the operation that began after the event `after`, each told as it comes.

    Whatever ends the waiting before CloudFormation is done, Ctrl-C too, is a StackError that says that it goes on.
    """
    seen: list[Event] = []
    try:
        for event in follow(client, stack.id, after):
            seen.append(event)
            tell(event)
    except KeyboardInterrupt as interrupt:
        raise _goes_on("Interrupted.", stack) from interrupt
    except StackError as error:
        raise _goes_on(error.message, stack, error.hint) from error
    return seen


def causes(events: Iterable[Event]) -> list[Event]:
    """The resources that failed for reasons of their own, in the order in which they did."""
    return [
        event
        for event in events
        if event.status.endswith("_FAILED") and not event.about_stack and not event.reason.startswith(CANCELLED)
    ]


def _since(client: CloudFormationClient, stack_id: str, after: str) -> list[Event]:
    """The events after the one called `after`, oldest first; none when it was a bad moment to ask."""
    found: list[Event] = []
    with polling.patient():
        for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
            for each in page["StackEvents"]:
                if each["EventId"] == after:
                    return found[::-1]
                found.append(_event(each))
        return found[::-1]
    return []


def _event(told: Mapping[str, Any]) -> Event:
    return Event(
        id=told["EventId"],
        at=told["Timestamp"],
        logical_id=told["LogicalResourceId"],
        type=told.get("ResourceType", ""),
        status=told.get("ResourceStatus", ""),
        reason=told.get("ResourceStatusReason", ""),
        about_stack=told.get("PhysicalResourceId") == told["StackId"],
    )


def _goes_on(message: str, stack: Stack, hint: str = "") -> StackError:
    look = f"`hasura-cognito aws status --stack-name {stack.name}` shows how it stands, or {stack.console_url}"
    return StackError(f"{message} In AWS it goes on.", f"{hint} {look}".strip())

"""Following what CloudFormation does: to its end, not beyond a deadline, and who is to blame."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrator.aws.clients import amazon
from orchestrator.aws.deploy import events
from orchestrator.aws.deploy.events import Event
from orchestrator.errors import StackError

from .conftest import Aws, Deployer


def event(logical_id: str, status: str, reason: str = "", *, about_stack: bool = False) -> Event:
    return Event(logical_id, datetime.now(UTC), logical_id, "AWS::Some::Type", status, reason, about_stack)


def test_to_blame_are_those_that_failed_for_reasons_of_their_own() -> None:
    seen = [
        event("Pool", "CREATE_FAILED", "Quota exceeded."),
        event("Role", "CREATE_FAILED", "Resource creation cancelled"),
        event("Table", "CREATE_FAILED", "Exists."),
        event(
            "s", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Pool, Table].", about_stack=True
        ),
        event("Other", "DELETE_COMPLETE"),
        event("s", "ROLLBACK_FAILED", about_stack=True),
    ]
    assert [each.logical_id for each in events.causes(seen)] == ["Pool", "Table"]


@pytest.mark.parametrize(
    ("status", "last"),
    [
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("ROLLBACK_IN_PROGRESS", False),
        ("ROLLBACK_COMPLETE", True),
        ("DELETE_FAILED", True),
    ],
)
def test_the_end_is_when_the_stack_itself_has_a_lasting_status(status: str, last: bool) -> None:
    assert event("s", status, about_stack=True).is_last is last
    assert not event("Role", status).is_last


def test_what_takes_too_long_is_not_waited_for(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    client = amazon("cloudformation")
    after = events.newest(client, aws.stack.id)
    aws.cloudformation.gate.clear()
    client.delete_stack(StackName=aws.name)
    seen: list[str] = []
    with pytest.raises(StackError, match="CloudFormation is not done after 0 minutes"):
        seen.extend(each.status for each in events.follow(client, aws.stack.id, after, seconds=0.5))
    stack_id = aws.stack.id
    aws.cloudformation.finish()
    assert [each.status for each in events.follow(client, stack_id, after)][-1] == "DELETE_COMPLETE"


def test_each_event_is_told_once_and_in_order_however_many_pages_there_are(aws: Aws, project: Deployer) -> None:
    project.ok("aws", "deploy", "--yes")
    told = [each.id for each in events.follow(amazon("cloudformation"), aws.stack.id, "")]
    assert told == [each["EventId"] for each in reversed(aws.stack.events)]
    assert len(told) == len(set(told)) > 20

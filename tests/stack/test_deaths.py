"""What supervisord's log and Docker's events tell of services that die."""

from __future__ import annotations

from orchestrator.launchers.container_events import read
from orchestrator.stack.deaths import of_child

LOG = """\
2026-11-25 03:00:00,1 INFO success: hasura entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)
2026-11-25 03:00:01,1 WARN stopped: hasura (terminated by SIGTERM)
2026-11-25 03:00:02,1 INFO spawned: 'hasura' with pid 12
2026-11-25 03:00:03,1 WARN exited: hasura (exit status 1; not expected)
2026-11-25 03:00:04,1 INFO success: hasura entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)
2026-11-25 03:00:05,1 INFO exited: lambda (exit status 0; expected)
2026-11-25 03:00:06,1 INFO gave up: lambda entered FATAL state, too many start retries too quickly
"""


def test_ends_that_nobody_asked_for_are_told_and_recoveries_from_them() -> None:
    dead: set[str] = set()
    assert [told for line in LOG.splitlines() for told in of_child(line, dead)] == [
        ("hasura", "died (exit status 1); it is started again"),
        ("hasura", "runs again"),
        ("lambda", "died (exit status 0); it is started again"),
        ("lambda", "died too often: see `hasura-cognito logs lambda`, then `hasura-cognito up`"),
    ]


def test_an_event_of_the_engine_is_a_value() -> None:
    attributes = {"exitCode": "137", "com.docker.compose.service": "hasura"}
    event = read(
        {"Action": "die", "timeNano": 1_500_000_000, "time": 1, "Actor": {"ID": "f", "Attributes": attributes}}
    )
    assert (event.what, event.service, event.at, event.ending) == (
        "die",
        "hasura",
        1.5,
        "ended with status 137, killed",
    )

"""Which services die, and come back, while nobody asks: told as it happens, on either backend."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.launchers import supervisor_config
from orchestrator.launchers.container_events import ContainerEvent, Watch
from orchestrator.launchers.containers import ASKED_TO_STOP, Containers
from orchestrator.stack import record as records
from orchestrator.stack.logs import LOOK_EVERY_SECONDS, Tail
from orchestrator.stack.plan import Layout

# What supervisord logs of a child that was not asked to stop.
ENDED = re.compile(r"exited: (?P<name>\S+) \((?P<how>.+); (?:not )?expected\)")
GIVEN_UP = re.compile(r"gave up: (?P<name>\S+) entered FATAL state")
RUNS = re.compile(r"success: (?P<name>\S+) entered RUNNING state")

BACK = "runs again"


def told(root: Path, done: threading.Event) -> Iterator[tuple[str, str]]:
    """Each service with what becomes of it from this call on, until `done`; to be read to its end.

    Raises StackError where no Docker engine answers for a stack in containers.
    """
    layout = Layout(root)
    record = records.read(layout.record)
    containers = Containers(root, layout.state)
    with ExitStack() as opening:
        log = opening.enter_context(closing(tail(layout.logs / supervisor_config.DAEMON_LOG)))
        in_docker = record is not None and record.backend == "docker"
        watch = opening.enter_context(closing(containers.watch())) if in_docker else None
        return _tell(opening.pop_all(), log, watch, containers, done)


def _tell(
    opened: ExitStack, log: Tail, watch: Watch | None, containers: Containers, done: threading.Event
) -> Iterator[tuple[str, str]]:
    dead: set[str] = set()
    with opened:
        while not done.is_set():
            for line in log.lines():
                yield from of_child(line, dead)
            try:
                event = watch.next(LOOK_EVERY_SECONDS) if watch else None
            except StackError as error:
                yield "docker", error.message
                watch = None
            if event:
                yield from of_container(event, containers, dead)
            elif not watch:
                done.wait(LOOK_EVERY_SECONDS)


def tail(path: Path) -> Tail:
    """The log from its end on."""
    file = path.open("rb")
    file.seek(0, 2)
    return Tail(path, file)


def of_child(line: str, dead: set[str]) -> Iterator[tuple[str, str]]:
    """What a line of supervisord's log tells; `dead` are those whose end was told.

    >>> list(of_child("… WARN exited: lambda (terminated by SIGKILL; not expected)", set()))
    [('lambda', 'died (terminated by SIGKILL); it is started again')]
    """
    if found := ENDED.search(line):
        dead.add(found["name"])
        yield found["name"], f"died ({found['how']}); it is started again"
    elif found := GIVEN_UP.search(line):
        yield found["name"], f"died too often: see `hasura-cognito logs {found['name']}`, then `hasura-cognito up`"
    elif (found := RUNS.search(line)) and found["name"] in dead:
        dead.remove(found["name"])
        yield found["name"], BACK


def of_container(event: ContainerEvent, containers: Containers, dead: set[str]) -> Iterator[tuple[str, str]]:
    if event.what == "die" and event.exit_status not in ASKED_TO_STOP:
        dead.add(event.service)
        again = (
            "Docker starts it again" if containers.comes_back(event.service) else "`hasura-cognito up` starts it again"
        )
        yield event.service, f"{event.ending}; {again}"
    elif event.what == "unhealthy":
        yield event.service, f"fails its health check: see `hasura-cognito logs {event.service}`"
    elif event.what == "start" and event.service in dead:
        dead.remove(event.service)
        yield event.service, BACK

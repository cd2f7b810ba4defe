"""What happens to a project's containers, as the Docker engine tells it while it happens."""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from docker import DockerClient

SERVICE_LABEL = "com.docker.compose.service"
PROJECT_LABEL = "com.docker.compose.project"
# https://docs.docker.com/reference/cli/docker/system/events/#containers
WATCHED = ("start", "die", "oom", "destroy", "health_status")
KILLED = 137


@dataclass(frozen=True)
class ContainerEvent:
    """`what` is start, die, destroy, healthy or unhealthy; how it ended is known of `die` only."""

    what: str
    service: str
    container: str
    at: float
    exit_status: int | None = None
    out_of_memory: bool = False

    @property
    def ending(self) -> str:
        """
        >>> ContainerEvent("die", "hasura", "0f3a", 0.0, 137, out_of_memory=True).ending
        'ended with status 137, killed: out of memory'
        """
        why = ": out of memory" if self.out_of_memory else ""
        return f"ended with status {self.exit_status}{', killed' if self.exit_status == KILLED else ''}{why}"


def read(told: dict[str, Any]) -> ContainerEvent:
    """One line of the engine's as a value.

    >>> read({"Action": "health_status: healthy", "time": 1, "Actor": {"ID": "0f3a", "Attributes": {}}}).what
    'healthy'
    """
    attributes = told["Actor"]["Attributes"]
    status = attributes.get("exitCode")
    return ContainerEvent(
        what=told["Action"].removeprefix("health_status: "),
        service=attributes.get(SERVICE_LABEL, ""),
        container=told["Actor"]["ID"],
        at=told.get("timeNano", 0) / 1e9 or float(told["time"]),
        exit_status=None if status is None else int(status),
    )


class Watch:
    """The events of a project's containers, or of one service's, from now on; read by a thread, asked by any."""

    def __init__(self, client: DockerClient, project: str, service: str | None = None) -> None:
        labels = [f"{PROJECT_LABEL}={project}", *([f"{SERVICE_LABEL}={service}"] if service else [])]
        filters = {"type": "container", "label": labels, "event": list(WATCHED)}
        self._stream = client.api.events(filters=filters, decode=True)
        self._events: queue.SimpleQueue[ContainerEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def next(self, seconds: float | None = None) -> ContainerEvent | None:
        """The next event, as soon as there is one; None if there is none within that many seconds.

        Raises StackError when the engine has ended, or the watch was closed.
        """
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        if event is None:
            self._events.put(None)
            raise StackError("The Docker engine has ended, or the connection to it.", "See `docker info`.")
        return event

    def close(self) -> None:
        import docker

        # By SSH the stream can't be ended from here; its thread then ends with the program.
        with contextlib.suppress(docker.errors.DockerException, OSError):
            self._stream.close()
            self._thread.join()

    def _read(self) -> None:
        import docker
        import requests

        starved: set[str] = set()
        with contextlib.suppress(docker.errors.DockerException, requests.RequestException, ValueError):
            for event in map(read, self._stream):
                if event.what == "oom":
                    starved.add(event.container)
                else:
                    self._events.put(replace(event, out_of_memory=event.what == "die" and event.container in starved))
                if event.what == "start":
                    starved.discard(event.container)
        self._events.put(None)

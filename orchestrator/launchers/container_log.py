"""What a container says: its last words, why it gave up, and its log as it is written."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError
from orchestrator.launchers.container_events import PROJECT_LABEL, SERVICE_LABEL, Watch
from orchestrator.launchers.log_tail import telling_line
from orchestrator.services import hasura_failures

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

TAIL = 500
# How long the last lines of a container that ended may take to come.
REST_SECONDS = 2


def text(container: Container, *, since: float) -> str:
    """The last lines since that moment, in seconds of Unix time."""
    said: bytes = container.logs(tail=TAIL, since=since or None)
    return said.decode(errors="replace")


def last_words(container: Container, *, since: float) -> str:
    return telling_line(text(container, since=since))


def explanation(container: Container, *, since: float) -> tuple[str, str] | None:
    """Why it gave up and what to do, where its log says so in words that are known."""
    return hasura_failures.explain(text(container, since=since))


def last(containers: Iterable[Container], lines: int) -> Iterator[tuple[str, str]]:
    """The last lines of each, as (service, line)."""
    for container in containers:
        for line in container.logs(tail=lines).decode(errors="replace").splitlines():
            yield container.labels[SERVICE_LABEL], line


@dataclass
class Stream:
    """The log of a service's container being written: gives whole lines as they come, and says what happens to it."""

    _client: DockerClient
    _watch: Watch
    _lines: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def lines(self) -> Iterator[str]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._lines.get_nowait()

    def close(self) -> None:
        self._watch.close()

    def follow(self, container: Container, lines_before: int) -> None:
        """Goes on until the engine ends, with the container that takes this one's place, too."""
        import docker
        import requests

        try:
            reader = self._start_reading(container, tail=lines_before)
            while event := self._watch.next():
                if event.what == "die":
                    reader.join(REST_SECONDS)
                    self._lines.put(f"The container {event.ending}.")
                elif event.what == "unhealthy":
                    self._lines.put("The container's health check fails.")
                elif event.what == "start":
                    self._lines.put("The container was started.")
                    reader = self._start_reading(self._client.containers.get(event.container), since=event.at)
        except (StackError, docker.errors.DockerException, requests.RequestException) as error:
            self._lines.put(f"There is no more to read of this container: {error}")

    def _start_reading(self, container: Container, **begin: Any) -> threading.Thread:
        """A thread that reads until the container ends."""
        chunks = container.logs(stream=True, follow=True, **begin)
        thread = threading.Thread(target=self._read, args=(chunks,), daemon=True)
        thread.start()
        return thread

    def _read(self, chunks: Iterable[bytes]) -> None:
        rest = b""
        for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                self._lines.put(line.decode(errors="replace"))
        if rest:
            self._lines.put(rest.decode(errors="replace"))


def follow(container: Container, lines: int) -> Stream:
    """Its last lines, then every line that comes from now on."""
    client = container.client
    assert client  # It was found by one.
    stream = Stream(client, Watch(client, container.labels[PROJECT_LABEL], container.labels[SERVICE_LABEL]))
    threading.Thread(target=stream.follow, args=(container, lines), daemon=True).start()
    return stream

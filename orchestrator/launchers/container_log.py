"""What a container says: its last words, why it gave up, and its log as it is written."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.launchers.log_tail import telling_line
from orchestrator.services import hasura_failures

if TYPE_CHECKING:
    from docker.models.containers import Container

TAIL = 500
LOOK_EVERY_SECONDS = 0.2
SERVICE_LABEL = "com.docker.compose.service"


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
    """The log of a container being written: gives whole lines as they come, and says when it ends and how."""

    _lines: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)

    def lines(self) -> Iterator[str]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._lines.get_nowait()

    def close(self) -> None:
        """Nothing: the thread that reads ends with the program."""

    def read(self, container: Container, lines_before: int) -> None:
        """Goes on until the container is removed, or the engine ends."""
        import docker
        import requests

        begin: dict[str, Any] = {"tail": lines_before}
        try:
            while True:
                self._read_once(container.logs(stream=True, follow=True, **begin))
                begin = {"since": time.time()}
                container.reload()
                if not container.attrs["State"]["Running"]:
                    self._lines.put(f"The container ended with status {container.attrs['State']['ExitCode']}.")
                while not container.attrs["State"]["Running"]:
                    time.sleep(LOOK_EVERY_SECONDS)
                    container.reload()
        except (docker.errors.DockerException, requests.RequestException) as error:
            self._lines.put(f"There is no more to read of this container: {error}")

    def _read_once(self, chunks: Iterable[bytes]) -> None:
        rest = b""
        for chunk in chunks:
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                self._lines.put(line.decode(errors="replace"))
        if rest:
            self._lines.put(rest.decode(errors="replace"))


def follow(container: Container, lines: int) -> Stream:
    """Its last lines, then every line that comes from now on."""
    stream = Stream()
    threading.Thread(target=stream.read, args=(container, lines), daemon=True).start()
    return stream

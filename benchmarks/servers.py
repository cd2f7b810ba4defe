"""Programs started for a measurement, and ended with it."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.launchers.ports import free_ports

SECONDS_TO_ANSWER = 60.0
POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Server:
    """A running program: where it answers, its process, and the seconds from its start to its first answer."""

    url: str
    process: psutil.Process
    ready_seconds: float

    def megabytes(self) -> float:
        """The resident memory of the program and all its children."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(process.memory_info().rss for process in family) / 1_000_000


@contextlib.contextmanager
def running(
    command: Callable[[int], Sequence[str]], *, environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[Server]:
    """A program that gets a free port; SystemExit with what it said if it does not answer there."""
    (port,) = free_ports(1)
    with tempfile.TemporaryFile("w+") as log:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command(port), stdout=log, stderr=log, cwd=folder, env={**os.environ, "PORT": str(port), **(environ or {})}
        )
        try:
            if not _answers(port, process):
                log.seek(0)
                raise SystemExit(f"{' '.join(command(port))} does not answer:\n{log.read()[-2000:]}")
            seconds = time.perf_counter() - begin
            yield Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid), seconds)
        finally:
            process.terminate()
            process.wait()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether the program answers a request in time, with whatever status."""
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_TO_ANSWER)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/")
            connection.getresponse()
            return True
        time.sleep(POLL_SECONDS)
    return False

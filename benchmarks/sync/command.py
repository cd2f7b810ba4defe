"""A command of the project, with the time and the memory that it took."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

import psutil

from benchmarks.project import Project

POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Measured:
    """`megabytes` is the most that was resident."""

    seconds: float
    megabytes: float


def measured(project: Project, *arguments: str) -> Measured:
    """Runs `hasura-cognito` with these arguments; SystemExit if it fails."""
    command = [sys.executable, "-m", "orchestrator", "-C", str(project.root), *arguments]
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=project.environ, stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        try:
            most = max(most, psutil.Process(process.pid).memory_info().rss)
        except psutil.Error:
            break
        time.sleep(POLL_SECONDS)
    if process.wait() != 0:
        raise SystemExit(f"{' '.join(command)} failed.")
    return Measured(time.perf_counter() - begin, most / 1_000_000)

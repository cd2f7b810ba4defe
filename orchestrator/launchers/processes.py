"""Processes that outlived their supervisor: who they are, and how they are ended."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

POLL_SECONDS = 0.02
# Between a process's start and the line of Python that looks at the clock, on a busy machine.
START_TOLERANCE = 5.0


@dataclass(frozen=True)
class Orphan:
    process: psutil.Process
    stop_signal: int


def started_from(pid_file: Path) -> Orphan | None:
    """The process that left this pid file (see exec_child.py); None if it is gone, its pid perhaps reused."""
    try:
        pid, started, stop_signal = pid_file.read_text(encoding="utf-8").split()
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(started)) > START_TOLERANCE or not is_alive(process):
            return None
        return Orphan(process, signal.Signals[f"SIG{stop_signal}"])
    except (FileNotFoundError, ValueError, KeyError, psutil.Error):
        return None


def is_alive(process: psutil.Process) -> bool:
    """Whether this very process still runs: not a later one with its pid, not a dead one that nobody waited for."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def with_descendants(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those processes and everything below them, each once."""
    family: dict[int, psutil.Process] = {}
    for process in processes:
        family[process.pid] = process
        with contextlib.suppress(psutil.Error):
            family |= {child.pid: child for child in process.children(recursive=True)}
    return list(family.values())


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after that many seconds."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if is_alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = [process for process in left if is_alive(process)]
    return left


def end(orphans: Iterable[Orphan], seconds: float) -> None:
    """Asks each to stop, and kills what is left of them and their descendants after that many seconds."""
    orphans = list(orphans)
    family = with_descendants(orphan.process for orphan in orphans)
    for orphan in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.process.send_signal(orphan.stop_signal)
    kill(wait_gone(family, seconds))


def kill(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Kills them; those that even so still run (stuck in the kernel) come back."""
    processes = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return wait_gone(processes, 5)

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orchestrator.launchers import processes
from orchestrator.launchers.processes import Orphan, is_alive

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"


@pytest.fixture
def sleeper() -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        yield psutil.Process(child.pid)
        child.kill()


def pid_file(folder: Path, pid: int, started: float) -> Path:
    path = folder / "web.pid"
    path.write_text(f"{pid} {started} INT\n")
    return path


def test_a_pid_file_leads_to_its_process(tmp_path: Path, sleeper: psutil.Process) -> None:
    path = pid_file(tmp_path, sleeper.pid, sleeper.create_time() + 0.01)
    assert processes.started_from(path) == Orphan(sleeper, signal.SIGINT)


def test_a_reused_pid_is_somebody_else(tmp_path: Path, sleeper: psutil.Process) -> None:
    assert processes.started_from(pid_file(tmp_path, sleeper.pid, sleeper.create_time() - 60)) is None


@pytest.mark.parametrize("text", ["", "nonsense", "1", "99999999 0.0 TERM", "1 2 NOSUCHSIGNAL"])
def test_a_damaged_pid_file_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "web.pid").write_text(text)
    assert processes.started_from(tmp_path / "web.pid") is None


def test_a_dead_process_nobody_waited_for_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "pass"])
    seen = psutil.Process(child.pid)
    assert processes.wait_gone([seen], 30) == []
    assert seen.status() == psutil.STATUS_ZOMBIE
    child.wait()


def test_the_deaf_are_killed(sleeper: psutil.Process) -> None:
    processes.end([Orphan(sleeper, signal.SIGTERM)], 0.2)
    assert not is_alive(sleeper)


def test_a_family_holds_each_process_once(sleeper: psutil.Process) -> None:
    family = processes.with_descendants([psutil.Process(), sleeper])
    assert [each.pid for each in family].count(sleeper.pid) == 1
    assert os.getpid() in [each.pid for each in family]

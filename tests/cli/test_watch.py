"""metadata apply --watch as a process of its own: what changes is applied, what is wrong is shown, and it goes on."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Project
from tests.engine.conftest import Engine

SECONDS = 40


class Watch:
    """The running command, and the lines that it prints."""

    def __init__(self, root: Path, *arguments: str) -> None:
        argv = [sys.executable, "-m", "orchestrator", "-C", str(root), *arguments]
        self.process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.put(line.rstrip())

    def until(self, part: str, change: Any = lambda: None) -> list[str]:
        """The lines up to the one with `part`; `change` is made again as long as the watch may not have begun."""
        seen: list[str] = []
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            change()
            for line in self._within(3):
                seen.append(line)
                if part in line:
                    return seen
        raise AssertionError(f"{part!r} is not in {seen}")

    def _within(self, seconds: float) -> Iterator[str]:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                yield self.lines.get(timeout=left)
            except queue.Empty:
                return

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(timeout=SECONDS)
        self.reader.join()
        assert self.process.stdout
        self.process.stdout.close()
        return code


@pytest.fixture
def watch(project: Project, engine: Engine) -> Iterator[Watch]:
    project.ok("migrate", "apply")
    running = Watch(project.root, "metadata", "apply", "--watch")
    try:
        yield running
    finally:
        running.process.kill()
        running.ended()


def test_what_changes_is_applied_what_is_wrong_is_shown_and_it_goes_on(
    project: Project, engine: Engine, watch: Watch
) -> None:
    file = project.root / "metadata/databases/default/tables/public_users.yaml"
    fine = file.read_text()
    watch.until("Watching metadata")
    said = watch.until("written twice", lambda: file.write_text(fine + "table: users\n"))
    assert any("public_users.yaml changed" in line for line in said)
    assert any(
        f"public_users.yaml:{fine.count(chr(10)) + 1}: the key 'table' is written twice" in line for line in said
    )
    watch.until("Applied.", lambda: file.write_text(fine.replace("        - username\n", "")))
    tables = engine.metadata("export_metadata", {})["sources"][0]["tables"]
    [users] = [each for each in tables if each["table"]["name"] == "users"]
    assert "username" not in users["select_permissions"][0]["permission"]["columns"]
    assert watch.interrupt() == 0

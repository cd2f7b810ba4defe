"""The emulator as a program of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

Program = subprocess.Popen[str]


def command(config: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "orchestrator.cognito", "--config", str(config), "--port", str(port)]


@contextmanager
def running(config: Path, port: int) -> Iterator[Program]:
    with subprocess.Popen(command(config, port), stderr=subprocess.PIPE, text=True) as program:
        try:
            wait_until_healthy(program, port)
            yield program
        finally:
            program.kill()


def wait_until_healthy(program: Program, port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and program.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/_local/health", timeout=5):
                return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(f"no answer at port {port}: {program.stderr.read() if program.stderr else ''}")

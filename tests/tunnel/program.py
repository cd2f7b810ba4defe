"""The keeper as its supervisor runs it, and its state as `up` reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

SECONDS = 20


class Program:
    """`python -m orchestrator.tunnel` with this configuration; `agents` are the processes that it has started."""

    def __init__(self, folder: Path, config: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self.state_file = folder / "tunnel.state.json"
        self._config = folder / "tunnel.json"
        self._config.write_text(json.dumps({**config, "state": str(self.state_file)}))
        self._environ = dict(environ)
        self._log = folder / "tunnel.log"

    def __enter__(self) -> Program:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.tunnel", "--config", str(self._config)],
                env={**self._environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def lines(self) -> list[str]:
        """What it said, without the time."""
        return [line.partition(" tunnel: ")[2] for line in self.log.splitlines()]

    @property
    def agents(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def state(self) -> dict[str, Any]:
        return dict(json.loads(self.state_file.read_text())) if self.state_file.exists() else {}

    def until(self, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The state, as soon as it is like that."""
        deadline = time.monotonic() + SECONDS
        while not reached(found := self.state()):
            assert time.monotonic() < deadline, f"{found}\n{self.log}"
            assert self.process.poll() is None, self.log
            time.sleep(0.02)
        return found

    def until_open(self) -> dict[str, Any]:
        return self.until(lambda state: state.get("state") == "open")

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(SECONDS)

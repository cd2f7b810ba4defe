"""What exec_child.py reads: a program, its environment and its privileges, in a file that only its owner may read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.launchers import exec_child
from orchestrator.private_file import write_private
from orchestrator.services.spec import Spec

WRAPPER = Path(exec_child.__file__)


@dataclass(frozen=True)
class RunFile:
    """`env` is the whole environment.

    `stop_signal` also comes when the parent dies (Linux). `unprivileged` leaves uid 0, and `owned` trees go with it.
    `pid_file` is where the process leaves its pid and the time it started.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    stop_signal: str = "TERM"
    unprivileged: bool = False
    owned: tuple[Path, ...] = ()
    pid_file: Path | None = None

    def text(self) -> str:
        """Keys and values by turns, each ended by NUL: nothing else is so cheap to read without any import."""
        return "".join(f"{key}\0{value}\0" for key, value in self.pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """What exec_child.read gives back."""
        return [
            *(("arg", word) for word in self.argv),
            *(("env", f"{name}={value}") for name, value in self.env.items()),
            ("cwd", str(self.cwd)),
            ("signal", self.stop_signal),
            ("signal_number", str(signal.Signals[f"SIG{self.stop_signal}"].value)),
            ("unprivileged", "yes" if self.unprivileged else "no"),
            *(("owned", str(path)) for path in self.owned),
            *([("pid_file", str(self.pid_file))] if self.pid_file else []),
        ]


def of(spec: Spec, *, inherited: Mapping[str, str], pid_file: Path | None = None) -> RunFile:
    """How a service is run; its own environment goes before the inherited one."""
    run = spec.child
    return RunFile(
        argv=run.argv,
        cwd=run.cwd,
        env={**inherited, **spec.env},
        stop_signal=run.stop_signal,
        unprivileged=run.unprivileged,
        owned=(run.data.path,) if run.data else (),
        pid_file=pid_file,
    )


def command(run_file: Path) -> tuple[str, ...]:
    """The argv that becomes what `run_file` says. No secret is in it."""
    return (sys.executable, "-I", "-S", str(WRAPPER), str(run_file))


def run_unprivileged(
    argv: Sequence[str], *, owned: Sequence[Path], stdin: str = "", seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a program that refuses root to its end, in English; its output as text.

    Raises StackError when it takes longer.
    """
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        run_file = Path(folder) / "run"
        env = {"PATH": os.defpath, "LC_ALL": "C"}
        run = RunFile(tuple(argv), cwd=Path("/"), env=env, unprivileged=True, owned=tuple(owned))
        write_private(run_file, run.text())
        try:
            return subprocess.run(
                command(run_file), input=stdin, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{argv[0]} did not come to an end within {seconds:g} s.") from error

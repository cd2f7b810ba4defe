"""What exec_child.py reads: a program, its environment and its privileges, in a file that only its owner may read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.services.spec import Spec

WRAPPER = Path(__file__).with_name("exec_child.py")


def command(run_file: Path) -> tuple[str, ...]:
    """The argv that becomes what `run_file` says. No secret is in it."""
    return (sys.executable, "-I", "-S", str(WRAPPER), str(run_file))


def text(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    death_signal: str = "TERM",
    unprivileged: bool = False,
    owned: Sequence[Path] = (),
    pid_file: Path | None = None,
) -> str:
    """The contents of a run file.

    `death_signal` comes when the parent dies (Linux). `unprivileged` leaves uid 0, and `owned` trees go with it.
    `pid_file` is where the process leaves its pid and the time it started.
    """
    return json.dumps(
        {
            "argv": list(argv),
            "env": dict(env),
            "cwd": str(cwd),
            "death_signal": death_signal,
            "unprivileged": unprivileged,
            "owned": [str(path) for path in owned],
            "pid_file": str(pid_file) if pid_file else None,
        },
        indent=1,
    )


def text_of(spec: Spec, *, env: Mapping[str, str], pid_file: Path | None = None) -> str:
    """The run file of a service; `env` is its whole environment."""
    run = spec.run
    return text(
        run.argv,
        env=env,
        cwd=run.cwd,
        death_signal=run.stop_signal,
        unprivileged=run.unprivileged,
        owned=(run.data.path,) if run.data else (),
        pid_file=pid_file,
    )


def write_private(path: Path, contents: str) -> None:
    """Puts the file in place whole, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(contents)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def run_unprivileged(
    argv: Sequence[str], *, env: Mapping[str, str], owned: Sequence[Path], stdin: str = "", seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a program that refuses root to its end; its output as text."""
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        run_file = Path(folder) / "run.json"
        write_private(run_file, text(argv, env=env, cwd=Path("/"), unprivileged=True, owned=owned))
        return subprocess.run(
            command(run_file), input=stdin, capture_output=True, text=True, timeout=seconds, check=False
        )

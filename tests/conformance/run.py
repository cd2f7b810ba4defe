"""`make conformance`: replays recorded tests of Hasura's own against the engine, on a PostgreSQL of its own.

$CONFORMANCE_DIR is the kit's folder (run.py, manifest.json, cases/). Arguments go to the kit: `-k order_by -j 1`.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.launchers import postgres_binaries, run_file
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.ready import wait_for_postgres
from orchestrator.private_file import write_private
from orchestrator.services.postgres import postgres
from orchestrator.services.spec import DataDirectory, PostgresReady

# As the official image has it; the other is everywhere, but sorts some of the expected rows otherwise.
LOCALES = ("en_US.UTF-8", "C.UTF-8")
START_SECONDS = 30


def main() -> int:
    kit = Path(os.environ.get("CONFORMANCE_DIR") or "../shared/conformance").resolve()
    if not (kit / "run.py").is_file():
        return _complain(f"The conformance kit is not there: {kit} has no run.py. Set CONFORMANCE_DIR to its folder.")
    try:
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL may run as another user
            with postgres_server(Path(folder)) as url:
                engine = write_executable(Path(folder) / "engine")
                command = [sys.executable, kit / "run.py", "--engine", engine, "--pg-url", url, *sys.argv[1:]]
                return subprocess.run(command, check=False).returncode
    except StackError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return 130


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """The superuser's URL of a fresh server, which ends with the block."""
    binaries = postgres_binaries.find(os.environ.get("PG_BIN"), search_path=os.environ["PATH"])
    (port,) = free_ports(1)
    spec = postgres(
        binaries, state=folder, host="127.0.0.1", port=port, user="postgres", password="conformance", databases=()
    )
    assert spec.run.data
    assert isinstance(spec.ready, PostgresReady)
    initdb(spec.run.data)
    run = folder / "postgres.run"
    write_private(run, run_file.of(spec, inherited={}).text())
    with (folder / "log").open("w") as log, subprocess.Popen(run_file.command(run), stdout=log, stderr=log) as server:
        try:
            wait_for_postgres(spec.ready.url, seconds=START_SECONDS)
            yield spec.ready.url
        finally:
            server.send_signal(signal.SIGINT)


def initdb(data: DataDirectory) -> None:
    """Makes the data directory in the first of the locales that the machine has."""
    password = data.path.with_name("password")
    password.write_text(data.password)
    options = [f"--pgdata={data.path}", f"--username={data.superuser}", f"--pwfile={password}", "--encoding=UTF8"]
    command = [str(data.binaries / "initdb"), *options, "--auth=scram-sha-256", "--no-sync"]
    data.path.mkdir()
    for locale in LOCALES:
        answer = run_file.run_unprivileged([*command, f"--locale={locale}"], owned=[data.path, password])
        if "invalid locale" not in answer.stderr:
            break
    if answer.returncode:
        raise StackError(f"initdb failed: {answer.stderr.strip()}")


def write_executable(path: Path) -> Path:
    """The engine as one file to run, which is what the kit takes."""
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m orchestrator.engine "$@"\n')
    path.chmod(0o755)
    return path


def _complain(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

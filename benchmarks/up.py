"""How long `up` takes, how much memory the stack takes, and how long a sign-in takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.cognito import load, peers
from benchmarks.cognito.emulator import add_sign_in_user
from benchmarks.project import Project, fresh_project
from benchmarks.row import Row, at_most, median_seconds
from orchestrator.launchers import postgres_binaries
from orchestrator.launchers.run_file import run_unprivileged

WARM_TIMES = 5
MEGABYTE = 1_000_000


def rows() -> Iterator[Row]:
    initdb = initdb_seconds()
    with fresh_project() as project:
        first = median_seconds(lambda: project.run("up"), times=1)
        yield Row("up first", first, "s", at_most(6), "initdb alone", initdb)
        warm = median_seconds(lambda: project.run("up"), times=WARM_TIMES, before=lambda: project.run("down"))
        yield Row("up warm", warm, "s", at_most(2.5), "initdb alone", initdb)
        again = median_seconds(lambda: project.run("up"), times=WARM_TIMES)
        yield Row("up again", again, "s", at_most(warm), "up warm", warm)
        yield Row("memory of all processes", memory_megabytes(project), "MB", at_most(350))
        mine, moto = sign_in_milliseconds(project), moto_sign_in_milliseconds()
        yield Row("sign-in with both triggers, p50", mine, "ms", at_most(25), "moto, which fires no triggers", moto)
    help_seconds = median_seconds(lambda: project.run("--help"), times=WARM_TIMES)
    python = median_seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True), times=WARM_TIMES)
    yield Row("--help", help_seconds * 1000, "ms", at_most(150), "an empty Python program", python * 1000)


def initdb_seconds() -> float:
    """What everyone pays who makes a PostgreSQL by hand, with the binaries that `up` would take."""
    binaries = postgres_binaries.find(os.environ.get("PG_BIN"), search_path=os.environ["PATH"])
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        command = [str(binaries.bin / "initdb"), f"--pgdata={data}", "--auth=reject"]
        return median_seconds(lambda: run_unprivileged(command, owned=[data]), times=1)


def processes(project: Project) -> list[psutil.Process]:
    """Every process of the stack: the services' and all below the supervisor that runs them."""
    pids = [service["pid"] for service in project.status()["services"].values()]
    supervisor = psutil.Process(pids[0]).parent()
    return [supervisor, *supervisor.children(recursive=True)] if supervisor else []


def memory_megabytes(project: Project) -> float:
    """Proportional set size, so that pages shared between the processes count once."""
    return sum(process.memory_full_info().pss for process in processes(project)) / MEGABYTE


def sign_in_milliseconds(project: Project) -> float:
    facts = project.status()
    target = load.Target(facts["urls"]["cognito"], facts["pool"]["id"], facts["pool"]["client_id"])
    add_sign_in_user(target)
    return load.sign_in_milliseconds(target)


def moto_sign_in_milliseconds() -> float:
    with peers.moto() as target:
        return load.sign_in_milliseconds(target)

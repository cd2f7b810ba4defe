"""Docker Compose: which one this machine has, and what it said when it failed."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping

from orchestrator.errors import StackError

PLUGIN = ("docker", "compose")
STANDALONE = "docker-compose"
SECONDS = 600

# What Compose says, why, and what to do.
CAUSES = (
    (
        r"(?:port is already allocated|address already in use)",
        "a port is taken",
        "Stop what listens there, or set POSTGRES_PORT or HASURA_PORT, or STACK_PORTS=free.",
    ),
    (r"permission denied.*docker", "you may not use the Docker engine", "Add yourself to the group docker."),
    (
        r"Cannot connect to the Docker daemon|Couldn't connect to Docker daemon",
        "no Docker engine answers",
        "Start Docker: the containers are in it, and their data.",
    ),
    (r"No such image|pull access denied|manifest unknown", "an image is missing", "See POSTGRES_IMAGE, HASURA_IMAGE."),
    (r"no space left on device", "the disk is full", "`docker system df` shows what takes the space."),
)


def find(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The command: `docker compose` before `docker-compose`. Raises StackError where there is neither."""
    path = environ.get("PATH", "")
    if shutil.which("docker", path=path) and _has_plugin(frozenset(environ.items())):
        return PLUGIN
    if shutil.which(STANDALONE, path=path):
        return (STANDALONE,)
    raise StackError(
        "Docker Compose is not installed.",
        "Install it (https://docs.docker.com/compose/install/; Debian: apt-get install docker-compose), "
        "or set STACK_BACKEND=embedded, which needs no Docker.",
    )


@functools.cache
def _has_plugin(environ: frozenset[tuple[str, str]]) -> bool:
    """Asked once in a program's life: each call of Docker's command line takes a tenth of a second."""
    asked = [*PLUGIN, "version"]
    return subprocess.run(asked, env=dict(environ), capture_output=True, check=False, timeout=30).returncode == 0


def run(command: tuple[str, ...], arguments: tuple[str, ...], environ: Mapping[str, str]) -> None:
    """Runs Compose to its end. Raises StackError with its reason when it fails."""
    try:
        done = subprocess.run(
            [*command, *arguments],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{' '.join(command)} did not come to an end within {SECONDS} s.") from error
    if done.returncode != 0:
        raise failure(command, done.stderr or done.stdout)


def failure(command: tuple[str, ...], said: str) -> StackError:
    """
    >>> failure(("docker", "compose"), "Bind for 127.0.0.1:5433 failed: port is already allocated\\n").message
    '`docker compose` failed, a port is taken: Bind for 127.0.0.1:5433 failed: port is already allocated'
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["without a word"]
    for pattern, why, hint in CAUSES:
        for line in lines:
            if re.search(pattern, line):
                return StackError(f"`{' '.join(command)}` failed, {why}: {line}", hint)
    return StackError(f"`{' '.join(command)}` failed: {lines[-1]}", "`docker compose config` shows what it reads.")

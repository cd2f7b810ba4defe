"""How long `up` and `status` take on Docker, with images of this machine, beside Compose alone.

The images are a real PostgreSQL, and the embedded engine standing in for Hasura's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace

from benchmarks import docker_images
from benchmarks.project import Project, fresh_project
from benchmarks.row import Row, at_most, median_seconds
from orchestrator.errors import StackError
from orchestrator.launchers import docker_engine, postgres_binaries
from orchestrator.launchers.ports import free_ports

TIMES = 5
SECRETS = {"POSTGRES_PASSWORD": "bench", "HASURA_GRAPHQL_ADMIN_SECRET": "bench"}
IMAGES = {"POSTGRES_IMAGE": docker_images.POSTGRES, "HASURA_IMAGE": docker_images.HASURA}


def rows() -> Iterator[Row]:
    try:
        docker_engine.connect(os.environ).close()
    except StackError as error:
        raise SystemExit(f"The benchmark docker can't run: {error}") from error
    docker_images.build(postgres_binaries.find(os.environ.get("PG_BIN"), search_path=os.environ["PATH"]))
    with fresh_project() as made:
        project = replace(made, environ={**made.environ, **IMAGES, "STACK_BACKEND": "docker"})
        try:
            yield from measured(project, compose_seconds(project))
        finally:
            project.run("reset", "-y")


def compose_seconds(project: Project) -> tuple[float, float]:
    """What `docker compose up --wait` of the two takes, from nothing and with the containers there."""
    ports = dict(zip(("POSTGRES_PORT", "HASURA_PORT"), map(str, free_ports(2)), strict=True))

    def compose(*arguments: str) -> None:
        subprocess.run(
            ["docker", "compose", *arguments],
            cwd=project.root,
            env={**project.environ, **SECRETS, **ports},
            check=True,
            capture_output=True,
        )

    try:
        cold = median_seconds(lambda: compose("up", "-d", "--wait"), times=1)
        there = median_seconds(lambda: compose("up", "-d", "--wait"), times=TIMES, before=lambda: compose("stop"))
    finally:
        compose("down", "--volumes")
    return cold, there


def measured(project: Project, compose: tuple[float, float]) -> Iterator[Row]:
    cold = median_seconds(lambda: project.run("up"), times=1)
    yield Row("docker: up first", cold, "s", at_most(8), "docker compose up --wait alone", compose[0])
    warm = median_seconds(lambda: project.run("up"), times=TIMES, before=lambda: project.run("down"))
    yield Row("docker: up, containers there", warm, "s", at_most(3), "docker compose up --wait alone", compose[1])
    ps = ["docker", "ps", "--all"]
    peer = median_seconds(lambda: subprocess.run(ps, check=True, capture_output=True), times=TIMES)
    status = median_seconds(lambda: project.run("status"), times=TIMES)
    yield Row("docker: status", status, "s", at_most(0.5), "docker ps", peer)

"""Real Docker for the tests: the engine of this machine, images made from what the machine has, and projects on them.

The image `hasura` is the embedded engine standing in for Hasura's, with its command line and environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from benchmarks import docker_images as images
from orchestrator.errors import StackError
from orchestrator.launchers import docker_engine
from orchestrator.services.postgres import PostgresBinaries
from tests.flow.conftest import Project, copy_project

IMAGES = {"POSTGRES_IMAGE": images.POSTGRES, "HASURA_IMAGE": images.HASURA}


@pytest.fixture(scope="session")
def engine(binaries: PostgresBinaries) -> Iterator[docker.DockerClient]:
    """The Docker engine of this machine, with the images."""
    try:
        client = docker_engine.connect(os.environ, seconds=30)
    except StackError as error:
        pytest.skip(str(error))
    if not (binaries.bin / "pg_isready").exists():
        pytest.skip("PostgreSQL's pg_isready is not here, which the image needs")
    try:
        images.build(binaries)
        yield client
    finally:
        client.close()


def has_compose_v2() -> bool:
    done = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return done.returncode == 0


def has_compose_1() -> bool:
    return shutil.which("docker-compose") is not None


@pytest.fixture(scope="session")
def compose_environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What to add to the environment, by Compose: `docker compose` and `docker-compose` 1.29."""
    without_plugins = tmp_path_factory.mktemp("docker-config")
    return {"v2": {}, "1.29": {"DOCKER_CONFIG": str(without_plugins)}}


@contextlib.contextmanager
def docker_project(to: Path, environ: dict[str, str]) -> Iterator[Project]:
    """A project on Docker, with free ports; removed with its containers and volumes afterwards."""
    made = Project(copy_project(to).root, {"STACK_BACKEND": "docker", **IMAGES, **environ})
    try:
        yield made
    finally:
        made.ok("reset", "-y")


@pytest.fixture
def project(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Project]:
    """One that was never started."""
    with docker_project(tmp_path / "project", {}) as made:
        yield made


@pytest.fixture(scope="module")
def running(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One that runs, for many tests; each leaves it running."""
    with docker_project(tmp_path_factory.mktemp("docker") / "project", {}) as made:
        made.ok("up")
        yield made

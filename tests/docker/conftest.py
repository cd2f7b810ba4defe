"""Real Docker for the tests: the engine of this machine, images made from what the machine has, and projects on them.

The image `hasura` is the embedded engine standing in for Hasura's, with its command line and environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from benchmarks import docker_images as images
from orchestrator.errors import StackError
from orchestrator.launchers import docker_engine
from orchestrator.launchers.container_events import PROJECT_LABEL, SERVICE_LABEL
from orchestrator.launchers.containers import PROJECT
from orchestrator.services.postgres import PostgresBinaries
from tests.flow.conftest import Project, Running, copy_project

IMAGES = {"POSTGRES_IMAGE": images.POSTGRES, "HASURA_IMAGE": images.HASURA}
PASSWORD = 'pa$$ "w" ${HOME} #1 /@:%41'
ADMIN_SECRET = 'ad$min "s" ${X} #'
# Every stack of these tests has secrets that Compose would interpolate, unquote or cut if it had a chance.
ENV_FILE = f"POSTGRES_PASSWORD='{PASSWORD}'\nHASURA_GRAPHQL_ADMIN_SECRET='{ADMIN_SECRET}'\n"


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


compose_v2 = pytest.mark.skipif(not has_compose_v2(), reason="docker compose is not installed")
compose_1 = pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")


def wait_for(holds: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def labelled(project: Project) -> Mapping[str, str]:
    return {"label": f"{PROJECT_LABEL}={(project.root / '.stack' / PROJECT).read_text().strip()}"}


def containers(engine: docker.DockerClient, project: Project) -> Mapping[str, Container]:
    """The project's containers by service."""
    found = engine.containers.list(all=True, filters=labelled(project))
    return {each.labels[SERVICE_LABEL]: each for each in found}


@contextlib.contextmanager
def docker_project(
    engine: docker.DockerClient, to: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Project]:
    """A project on Docker, with free ports. What it had in Docker must be gone after `reset`."""
    made = Project(copy_project(to).root, {"STACK_BACKEND": "docker", **IMAGES, **(environ or {})})
    (made.root / ".env").write_text(ENV_FILE)
    try:
        yield made
    finally:
        if (made.root / ".stack" / PROJECT).exists():
            filters = labelled(made)
            made.ok("reset", "-y")
            assert engine.containers.list(all=True, filters=filters) == []
            assert engine.volumes.list(filters=filters) == []
            assert engine.networks.list(filters=filters) == []


@pytest.fixture
def project(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Project]:
    """One that was never started."""
    with docker_project(engine, tmp_path / "project") as made:
        yield made


@dataclass
class Shared:
    """The stack that most tests use; `left` in whatever state by the last that did."""

    stack: Running
    left: bool = False


@pytest.fixture(scope="session")
def shared(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with docker_project(engine, tmp_path_factory.mktemp("docker") / "project") as made:
        made.ok("up", "--no-verify")
        yield Shared(Running(made, made.status(), ADMIN_SECRET))


@pytest.fixture
def running(shared: Shared) -> Running:
    """A stack that runs; the test leaves it running."""
    if shared.left:
        shared.stack.project.ok("up", "--no-verify")
        shared.left = False
    return shared.stack


@pytest.fixture
def disturbed(running: Running, shared: Shared) -> Running:
    """A stack that runs; the test leaves it as it likes, and whoever needs it next starts it again."""
    shared.left = True
    return running

"""What can't work on Docker is told, with the next step; the embedded engine stands in for Hasura's image."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import docker
import pytest

from orchestrator.launchers.ports import free_ports
from orchestrator.settings import load
from orchestrator.stack import backend
from tests.docker.conftest import IMAGES, Shared, containers
from tests.flow.conftest import Project, Running


def as_nobody(docker_host: str) -> str:
    """What a user without rights is told when it connects to the engine there."""
    code = "import os\nfrom orchestrator.launchers import docker_engine\n"
    code += "try: docker_engine.connect(os.environ)\nexcept Exception as error: print(error)"
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    done = subprocess.run(
        [*(drop if os.getuid() == 0 else ()), sys.executable, "-c", code],
        env={"DOCKER_HOST": docker_host, "PATH": os.environ["PATH"], "HOME": "/"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_taken_port_is_told_with_its_holder_and_its_variable(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        names = ("HASURA_PORT", "COGNITO_PORT", "LAMBDA_PORT")
        free = dict(zip(names, map(str, free_ports(3)), strict=True))
        said = project.fails("up", STACK_PORTS="fixed", POSTGRES_PORT=port, **free)
    assert f"Port {port} for postgres is taken by" in said
    assert "set POSTGRES_PORT" in said


def test_an_image_that_can_not_be_had_is_told(project: Project) -> None:
    said = project.fails("up", HASURA_IMAGE="localhost:1/no/such-image:v1")
    assert "The image localhost:1/no/such-image:v1 is not on this machine and can't be pulled" in said
    assert "HASURA_IMAGE" in said
    assert project.processes() == []


def test_an_engine_that_is_not_running_is_told(project: Project) -> None:
    said = project.fails("up", DOCKER_HOST=f"unix://{project.root}/none.sock")
    assert f"No Docker engine answers at unix://{project.root}/none.sock." in said
    assert "STACK_BACKEND=embedded" in said


def test_without_the_engine_it_is_told_that_no_container_is_seen_and_reset_touches_nothing(running: Running) -> None:
    away = {"DOCKER_HOST": f"unix://{running.project.root}/none.sock"}
    done = running.project.run("status", **away)
    assert done.code == 1
    assert "No Docker engine answers at" in done.err
    assert "No Docker engine answers at" in running.project.fails("logs", "hasura", **away)
    assert "serving pool" in running.project.ok("logs", "cognito", **away)
    assert "No Docker engine answers at" in running.project.fails("reset", "-y", **away)
    assert running.project.run("status").code == 0


def test_a_socket_that_may_not_be_used_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as locked:
        locked.bind(str(folder / "docker.sock"))
        (folder / "docker.sock").chmod(0)
        for each in (tmp_path, folder):
            each.chmod(0o755)
        said = as_nobody(f"unix://{folder}/docker.sock")
    assert "permission denied" in said
    assert "usermod -aG docker" in said


def test_without_compose_it_is_told_how_to_get_it(project: Project, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    said = project.fails("up", PATH=str(tmp_path / "bin"))
    assert "Docker Compose is not installed." in said
    assert "apt-get install docker-compose" in said


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"DOCKER_HOST": "unix:///nowhere/docker.sock"}, "No Docker engine answers at"),
        ({"HASURA_IMAGE": "localhost:1/no/such-image:v1"}, "the image localhost:1/no/such-image:v1 is not here"),
        ({"PATH": "/nowhere"}, "Docker Compose is not installed"),
    ],
)
def test_auto_is_embedded_where_docker_can_not_be_had(project: Project, environ: dict[str, str], why: str) -> None:
    around = {**os.environ, **IMAGES, **environ}
    settings = load({**around, "STACK_BACKEND": "auto"}, {}, {})
    choice = backend.choose(settings, project.root, around, before=None)
    assert choice.name == "embedded"
    assert why in str(choice.why)


def test_a_jwt_secret_that_can_not_work_is_told_before_anything_is_touched(
    running: Running, engine: docker.DockerClient
) -> None:
    before = {name: each.id for name, each in containers(engine, running.project).items()}
    said = running.project.fails("up", HASURA_GRAPHQL_JWT_SECRET='{"jwk_url": "http://localhost/", "isuer": "me"}')
    assert "unknown key 'isuer'" in said
    assert "Did you mean issuer?" in said
    assert {name: each.id for name, each in containers(engine, running.project).items()} == before
    assert running.project.run("status").code == 0


def test_a_compose_file_that_compose_refuses_is_told_and_the_stack_runs_on(
    running: Running, engine: docker.DockerClient
) -> None:
    before = {name: each.id for name, each in containers(engine, running.project).items()}
    override = running.project.root / "docker-compose.override.yml"
    override.write_text("services: {hasura: {comand: x}}\n")
    try:
        said = running.project.fails("up", HASURA_GRAPHQL_LOG_LEVEL="debug")
    finally:
        override.unlink()
    assert "compose` failed" in said
    assert "comand" in said
    assert {name: each.id for name, each in containers(engine, running.project).items()} == before


def test_keys_that_hasura_can_not_reach_are_told_as_soon_as_it_gives_up(
    disturbed: Running, engine: docker.DockerClient
) -> None:
    secret = {"jwk_url": "http://127.0.0.1:1/jwks.json", "claims_format": "stringified_json"}
    begin = time.monotonic()
    said = disturbed.project.fails("up", "--no-verify", HASURA_GRAPHQL_JWT_SECRET=json.dumps(secret))
    assert "hasura gave up: it can't reach the keys of the user pool" in said
    assert "logs cognito" in said
    assert time.monotonic() - begin < 45
    # It is tried again meanwhile, and while it starts does not hear that it is to stop.
    containers(engine, disturbed.project)["hasura"].remove(force=True)


def test_a_password_that_the_volume_was_not_made_with_is_told(shared: Shared) -> None:
    shared.left = True
    said = shared.stack.project.fails("up", POSTGRES_PASSWORD="another one")
    assert "refused the login" in said
    assert "The volume keeps the password" in said
    assert "another one" not in said


def test_a_container_that_dies_at_its_start_is_told_with_its_last_words(shared: Shared) -> None:
    shared.left = True
    root = shared.stack.project.root
    override = root / "docker-compose.override.yml"
    override.write_text('{"services": {"postgres": {"command": ["postgres", "-c", "shared_buffers=many"]}}}')
    try:
        begin = time.monotonic()
        said = shared.stack.project.fails("up", "--no-verify", POSTGRES_PASSWORD="any")
    finally:
        override.unlink()
    assert "postgres ended with status 1: " in said
    assert 'FATAL:  invalid value for parameter "shared_buffers": "many"' in said
    assert time.monotonic() - begin < 20

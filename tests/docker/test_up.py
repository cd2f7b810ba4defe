"""The stack on Docker: real PostgreSQL, and the embedded engine standing in for Hasura's image."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import docker
import httpx
import psutil
import pytest

from orchestrator.launchers.ports import free_ports
from tests.docker.conftest import IMAGES, docker_project, has_compose_1, has_compose_v2
from tests.flow.conftest import Project, copy_project


def wait_for(holds: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def containers(project: Project) -> dict[str, str]:
    return {name: each["container"] for name, each in project.status()["services"].items() if "container" in each}


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


def users(project: Project) -> list[str]:
    url = project.status()["urls"]["postgres"]

    async def ask() -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            return [row["email"] for row in await connection.fetch("SELECT email FROM users ORDER BY email")]
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "compose",
    [
        pytest.param("v2", marks=pytest.mark.skipif(not has_compose_v2(), reason="docker compose is not installed")),
        pytest.param("1.29", marks=pytest.mark.skipif(not has_compose_1(), reason="docker-compose is not installed")),
    ],
)
def test_up_down_and_up_keep_the_data_and_reset_leaves_nothing(
    engine: docker.DockerClient, tmp_path: Path, compose: str, compose_environ: dict[str, dict[str, str]]
) -> None:
    with docker_project(tmp_path / "project", compose_environ[compose]) as project:
        assert "Started" in project.ok("up")
        assert "nothing changed" in project.ok("up")
        project.ok("sign-up", "ada@example.com", stdin="Correct-Horse-1\n")
        before = containers(project)
        assert "Stopped." in project.ok("down")
        assert {each["state"] for each in project.status()["services"].values()} == {"stopped"}
        project.ok("up", "--no-verify")
        assert containers(project) == before
        assert users(project) == ["ada@example.com"]
        name = (project.root / ".stack/compose.project").read_text().strip()
        project.ok("reset", "-y")
        labelled = {"label": f"com.docker.compose.project={name}"}
        assert engine.containers.list(all=True, filters=labelled) == []
        assert engine.volumes.list(filters=labelled) == []
        assert engine.networks.list(filters=labelled) == []


def test_status_tells_the_backend_and_the_containers(running: Project) -> None:
    facts = running.status()
    assert facts["backend"] == "docker"
    services = facts["services"]
    assert {name for name in services if services[name].get("container")} == {"postgres", "hasura"}
    assert {name for name in services if services[name].get("pid")} >= {"cognito", "lambda"}
    assert "container" in running.ok("status")


def test_ports_are_open_on_loopback_only(running: Project, engine: docker.DockerClient) -> None:
    for short_id in containers(running).values():
        ports = engine.containers.get(short_id).attrs["NetworkSettings"]["Ports"]
        assert {bound["HostIp"] for bindings in ports.values() for bound in bindings or ()} == {"127.0.0.1"}


def test_cognito_listens_on_loopback_and_on_the_bridge_only(running: Project) -> None:
    pid = running.status()["services"]["cognito"]["pid"]
    listening = [each for each in psutil.Process(pid).net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    addresses = {each.laddr.ip for each in listening}
    assert "127.0.0.1" in addresses
    assert not addresses & {"0.0.0.0", "::"}


def test_the_keys_are_read_by_the_gateway_and_the_issuer_is_unchanged(
    running: Project, engine: docker.DockerClient
) -> None:
    facts = running.status()
    env = engine.containers.get(containers(running)["hasura"]).attrs["Config"]["Env"]
    secret = json.loads(next(each for each in env if each.startswith("HASURA_GRAPHQL_JWT_SECRET=")).partition("=")[2])
    assert secret["issuer"] == facts["urls"]["issuer"]
    assert secret["jwk_url"].startswith("http://host.docker.internal:")


def test_logs_show_containers_and_processes_alike(running: Project) -> None:
    said = running.ok("logs", "-n", "5")
    assert {line.split()[0] for line in said.splitlines() if line} >= {"postgres", "hasura", "cognito", "lambda"}
    assert "ready to accept connections" in running.ok("logs", "postgres")
    assert "There is no log of redis." in running.fails("logs", "redis")


def test_verify_holds(running: Project) -> None:
    assert "The whole flow works." in running.ok("verify")


def test_a_killed_container_is_seen_said_and_started_again(running: Project, engine: docker.DockerClient) -> None:
    before = containers(running)
    following = running.start("logs", "-f", "-n", "0", "hasura")
    try:
        wait_for(lambda: running.run("verify").code == 0, "the stack works")
        engine.containers.get(before["hasura"]).kill()
        assert following.stdout
        line = ""
        while "status 137" not in line:
            line = following.stdout.readline()
            assert line, "the log ended"
    finally:
        following.kill()
        following.communicate()
    done = running.run("status")
    assert done.code == 1
    assert "ended with status 137" in done.out
    assert "Started" in running.ok("up", "--no-verify")
    assert containers(running)["postgres"] == before["postgres"]


def test_no_acknowledged_row_is_lost_when_postgres_is_killed_under_load(
    running: Project, engine: docker.DockerClient
) -> None:
    url = running.status()["urls"]["postgres"]
    container = engine.containers.get(containers(running)["postgres"])

    async def load() -> int:
        connection = await asyncpg.connect(url)
        await connection.execute("DROP TABLE IF EXISTS counted; CREATE TABLE counted (n int)")
        written = 0
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            while True:
                await connection.execute("INSERT INTO counted VALUES ($1)", written)
                written += 1
                if written == 200:
                    await asyncio.to_thread(container.kill)
        return written

    written = asyncio.run(load())
    assert written >= 200
    assert running.status()["services"]["postgres"]["state"] == "failed"
    running.ok("up", "--no-verify")

    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            counted: int = await connection.fetchval("SELECT count(*) FROM counted")
            return counted
        finally:
            await connection.execute("DROP TABLE counted")
            await connection.close()

    assert asyncio.run(count()) >= written
    wait_for(lambda: running.run("verify").code == 0, "Hasura is connected again")


def test_secrets_with_quotes_dollars_and_spaces_arrive_as_they_are(project: Project) -> None:
    (project.root / ".env").write_text(
        "POSTGRES_PASSWORD='pa$$ \"w\" ${HOME} #1 /@:%41'\nHASURA_GRAPHQL_ADMIN_SECRET='ad$min \"s\" ${X} #'\n"
        "HASURA_GRAPHQL_LOG_LEVEL=debug\n"
    )
    project.ok("up")
    answer = httpx.post(
        project.status()["urls"]["graphql"],
        json={"query": "{ users { id } }"},
        headers={"x-hasura-admin-secret": 'ad$min "s" ${X} #'},
        trust_env=False,
    )
    assert "data" in answer.json()


def test_the_two_backends_take_turns_on_one_project(project: Project) -> None:
    project.ok("up", "--no-verify", STACK_BACKEND="embedded")
    assert project.status()["backend"] == "embedded"
    assert "Started" in project.ok("up", "--no-verify")
    assert project.status()["backend"] == "docker"
    project.ok("up", "--no-verify", STACK_BACKEND="embedded")
    assert project.status()["backend"] == "embedded"
    project.ok("verify")


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


def test_keys_that_hasura_can_not_reach_are_told_as_soon_as_it_gives_up(running: Project) -> None:
    secret = {"jwk_url": "http://127.0.0.1:1/jwks.json", "claims_format": "stringified_json"}
    begin = time.monotonic()
    said = running.fails("up", "--no-verify", HASURA_GRAPHQL_JWT_SECRET=json.dumps(secret))
    assert "hasura gave up: it can't reach the keys of the user pool" in said
    assert "logs cognito" in said
    assert time.monotonic() - begin < 45
    running.ok("up", "--no-verify")


def test_a_jwt_secret_that_can_not_work_is_told_before_anything_is_touched(running: Project) -> None:
    before = containers(running)
    said = running.fails("up", HASURA_GRAPHQL_JWT_SECRET='{"jwk_url": "http://localhost/", "isuer": "me"}')
    assert "unknown key 'isuer'" in said
    assert "Did you mean issuer?" in said
    assert containers(running) == before
    assert running.run("status").code == 0


def test_a_password_that_the_volume_was_not_made_with_is_told(running: Project) -> None:
    said = running.fails("up", POSTGRES_PASSWORD="another one")
    assert "refused the login" in said
    assert "The volume keeps the password" in said
    assert "another one" not in said
    running.ok("up", "--no-verify")


def test_an_engine_that_is_not_running_is_told(project: Project) -> None:
    said = project.fails("up", DOCKER_HOST=f"unix://{project.root}/none.sock")
    assert f"No Docker engine answers at unix://{project.root}/none.sock." in said
    assert "STACK_BACKEND=embedded" in said


def test_a_socket_that_may_not_be_used_is_told(project: Project, tmp_path: Path) -> None:
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


def test_auto_takes_docker_where_it_can_and_says_why_in_one_line(project: Project) -> None:
    done = project.run("up", "--no-verify", STACK_BACKEND="auto")
    assert "docker: an engine answers, and the images can be had" in done.err
    assert project.status()["backend"] == "docker"


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"DOCKER_HOST": "unix:///nowhere/docker.sock"}, "embedded: No Docker engine answers at"),
        ({"HASURA_IMAGE": "localhost:1/no/such-image:v1"}, "embedded: the image localhost:1/no/such-image:v1 is not"),
    ],
)
def test_auto_is_embedded_where_docker_can_not_be_had(project: Project, environ: dict[str, str], why: str) -> None:
    done = project.run("up", "--no-verify", STACK_BACKEND="auto", **environ)
    assert done.code == 0, done.err
    assert why in done.err
    assert project.status()["backend"] == "embedded"


def test_compose_reads_the_file_by_hand_too(engine: docker.DockerClient, tmp_path: Path) -> None:
    if not has_compose_v2():
        pytest.skip("docker compose is not installed")
    root = copy_project(tmp_path / "byhand").root
    values = {**IMAGES, "POSTGRES_PASSWORD": "'a $ecret'", "HASURA_GRAPHQL_ADMIN_SECRET": "'s $'"}
    ports = dict(zip(("POSTGRES_PORT", "HASURA_PORT"), free_ports(2), strict=True))
    (root / ".env").write_text("".join(f"{name}={value}\n" for name, value in {**values, **ports}.items()))
    try:
        subprocess.run(["docker", "compose", "up", "-d", "--wait"], cwd=root, check=True, capture_output=True)
        assert httpx.get(f"http://127.0.0.1:{ports['HASURA_PORT']}/healthz", trust_env=False).text == "OK"
    finally:
        subprocess.run(["docker", "compose", "down", "-v"], cwd=root, check=True, capture_output=True)

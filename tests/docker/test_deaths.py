"""Containers that die: Docker's own events of them, and how the stack sees, says and mends it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import uuid
from collections.abc import Iterator

import asyncpg
import docker
import pytest
from docker.models.containers import Container

from benchmarks.docker_images import POSTGRES
from orchestrator.launchers.container_events import PROJECT_LABEL, SERVICE_LABEL, ContainerEvent, Watch
from tests.docker.conftest import containers, wait_for
from tests.flow.conftest import Running


class Told:
    """A project of one container, and what is told of it."""

    def __init__(self, engine: docker.DockerClient) -> None:
        self.engine = engine
        self.project = f"test-{uuid.uuid4().hex}"
        self.watch = Watch(engine, self.project, "postgres")

    def run(self, script: str, **options: object) -> Container:
        labels = {PROJECT_LABEL: self.project, SERVICE_LABEL: "postgres"}
        return self.engine.containers.run(
            POSTGRES, ["-c", script], entrypoint="/bin/bash", labels=labels, detach=True, network_mode="none", **options
        )

    def next(self) -> ContainerEvent:
        event = self.watch.next(10)
        assert event, "nothing was told"
        return event


@pytest.fixture
def told(engine: docker.DockerClient) -> Iterator[Told]:
    made = Told(engine)
    yield made
    made.watch.close()
    for each in engine.containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={made.project}"}):
        each.remove(force=True, v=True)


def test_start_end_with_its_status_and_removal_are_told_as_they_happen(told: Told) -> None:
    container = told.run("exit 3")
    events = [told.next(), told.next()]
    assert [(each.what, each.service, each.exit_status) for each in events] == [
        ("start", "postgres", None),
        ("die", "postgres", 3),
    ]
    assert events[1].ending == "ended with status 3"
    container.remove(v=True)
    assert told.next().what == "destroy"


def test_a_container_that_ran_out_of_memory_is_told_to_have(told: Told) -> None:
    told.run("x=x; while :; do x=$x$x; done", mem_limit="16m", memswap_limit="16m")
    assert told.next().what == "start"
    assert told.next().ending == "ended with status 137, killed: out of memory"


def test_health_is_told_when_it_turns(told: Told) -> None:
    check = {"test": ["CMD", "bash", "-c", "[ -e /tmp/ill ] && exit 1 || : > /tmp/ill"], "interval": 100_000_000}
    told.run("read -t 30", stdin_open=True, healthcheck={**check, "retries": 1})
    assert [told.next().what for _ in range(3)] == ["start", "healthy", "unhealthy"]


def test_events_of_other_projects_are_not_told(told: Told, engine: docker.DockerClient) -> None:
    other = Told(engine)
    container = other.run("true")
    assert (other.next().what, other.next().what) == ("start", "die")
    container.remove(v=True)
    other.watch.close()
    assert told.watch.next(0.1) is None


def test_a_killed_container_is_seen_said_and_started_again(disturbed: Running, engine: docker.DockerClient) -> None:
    project = disturbed.project
    before = containers(engine, project)
    following = project.start("logs", "-f", "-n", "1", "hasura")
    watching = project.start("up", "--no-verify", "--watch", PYTHONUNBUFFERED="1")
    try:
        assert following.stdout
        assert watching.stderr
        assert following.stdout.readline()
        while "Watching" not in (line := watching.stderr.readline()):
            assert line, "the watch ended"
        before["hasura"].kill()
        for stream in (following.stdout, watching.stderr):
            while "ended with status 137" not in (line := stream.readline()):
                assert line, "nothing was told"
        watching.send_signal(signal.SIGINT)
    finally:
        for process in (following, watching):
            process.terminate()
            process.communicate(timeout=10)
    done = project.run("status")
    assert done.code == 1
    assert "ended with status 137" in done.out
    assert "Started" in project.ok("up", "--no-verify")
    assert containers(engine, project)["postgres"].id == before["postgres"].id


def test_no_acknowledged_row_is_lost_when_postgres_is_killed_under_load(
    disturbed: Running, engine: docker.DockerClient
) -> None:
    url = disturbed.facts["urls"]["postgres"]
    container = containers(engine, disturbed.project)["postgres"]

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
    assert disturbed.project.status()["services"]["postgres"]["state"] == "failed"
    disturbed.project.ok("up", "--no-verify")

    async def count() -> int:
        connection = await asyncpg.connect(url)
        try:
            counted: int = await connection.fetchval("SELECT count(*) FROM counted")
            return counted
        finally:
            await connection.execute("DROP TABLE counted")
            await connection.close()

    assert asyncio.run(count()) >= written
    wait_for(lambda: disturbed.project.run("verify").code == 0, "Hasura is connected again")

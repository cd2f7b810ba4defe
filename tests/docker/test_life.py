"""Up, down and up again on Docker, with either Compose; the embedded engine stands in for Hasura's image."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from tests.docker.conftest import ADMIN_SECRET, compose_1, containers, docker_project
from tests.flow.conftest import Project, Running

ADA = "ada@example.com"


def sign_up(project: Project, email: str) -> None:
    project.ok("sign-up", email, stdin="Correct-Horse-1\n")


def test_down_and_up_keep_data_and_containers_and_auto_stays_with_docker(
    disturbed: Running, engine: docker.DockerClient
) -> None:
    project = disturbed.project
    sign_up(project, ADA)
    before = {name: each.id for name, each in containers(engine, project).items()}
    assert "Stopped." in project.ok("down")
    assert {each["state"] for each in project.status()["services"].values()} == {"stopped"}
    again = project.run("up", "--no-verify", STACK_BACKEND="auto")
    assert again.code == 0, again.err
    assert "docker: an engine answers, and the images can be had" in again.err
    assert {name: each.id for name, each in containers(engine, project).items()} == before
    assert disturbed.as_admin("{ users { email } }") == {"users": [{"email": ADA}]}


@pytest.mark.timeout(120)
def test_the_two_backends_take_turns_on_one_project(disturbed: Running) -> None:
    project = disturbed.project
    project.ok("up", "--no-verify", STACK_BACKEND="embedded")
    assert project.status()["backend"] == "embedded"
    assert "Started" in project.ok("up")
    assert project.status()["backend"] == "docker"


@compose_1
@pytest.mark.timeout(120)
def test_docker_compose_1_29_does_all_of_it_too(
    engine: docker.DockerClient, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    without_plugins = str(tmp_path_factory.mktemp("docker-config"))
    with docker_project(engine, tmp_path / "project", {"DOCKER_CONFIG": without_plugins}) as project:
        assert "Started" in project.ok("up")
        assert "nothing changed" in project.ok("up")
        before = {name: each.id for name, each in containers(engine, project).items()}
        sign_up(project, ADA)
        assert "Stopped." in project.ok("down")
        project.ok("up", "--no-verify")
        stack = Running(project, project.status(), ADMIN_SECRET)
        assert stack.as_admin("{ users { email } }") == {"users": [{"email": ADA}]}
        assert {name: each.id for name, each in containers(engine, project).items()} == before

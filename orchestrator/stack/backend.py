"""Which backend runs PostgreSQL and Hasura: what the setting says, and for `auto` what this machine can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import StackError
from orchestrator.launchers import compose_command, compose_file, docker_engine, images
from orchestrator.services.spec import DockerHost
from orchestrator.settings import Settings

PING_SECONDS = 3


@dataclass(frozen=True)
class Choice:
    """The backend, and for `auto` why, in a few words. `docker` is None for the embedded one."""

    docker: DockerHost | None
    why: str | None = None

    @property
    def name(self) -> str:
        return "docker" if self.docker else "embedded"


def choose(settings: Settings, root: Path, environ: Mapping[str, str], *, before: str | None) -> Choice:
    """`before` is the backend that the stack last ran on, whose data `auto` stays with.

    Raises StackError where Docker is asked for and can't be had.
    """
    if settings.backend == "embedded":
        return Choice(None)
    if settings.backend == "docker":
        return Choice(docker_host(root, environ))
    if before == "embedded":
        return Choice(None, "as before, since its data is here")
    if not docker_engine.may_answer(environ):
        return Choice(None, "there is no Docker on this machine")
    try:
        return Choice(docker_host(root, environ, settings=settings), "an engine answers, and the images can be had")
    except StackError as error:
        return Choice(None, error.message.rstrip("."))


def docker_host(root: Path, environ: Mapping[str, str], *, settings: Settings | None = None) -> DockerHost:
    """What containers are run by. With settings, their images must be here, or their registry must answer.

    Raises StackError where there is no engine that answers, no Compose, or no docker-compose.yml.
    """
    text = compose_file.read(root)
    client = docker_engine.connect(environ, seconds=PING_SECONDS if settings else docker_engine.SECONDS)
    try:
        compose_command.find(environ)
        for image in wanted_images(text, settings) if settings else ():
            if not images.is_here(client, image) and not images.can_be_pulled(client, image):
                raise StackError(f"the image {image} is not here, and no registry has it or answers")
        return DockerHost(definition=text, gateway=docker_engine.gateway(client))
    finally:
        client.close()


def wanted_images(text: str, settings: Settings) -> tuple[str, ...]:
    variables = {"POSTGRES_IMAGE": settings.postgres.image, "HASURA_IMAGE": settings.hasura.image}
    return tuple(compose_file.image(service, variables) for service in compose_file.services(text).values())

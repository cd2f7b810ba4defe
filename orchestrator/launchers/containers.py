"""A stack's services as containers: Compose starts and stops them, Docker's SDK watches."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError
from orchestrator.launchers import compose_command, compose_file, container_log, docker_engine, images, ready
from orchestrator.launchers.child import State
from orchestrator.launchers.container_events import PROJECT_LABEL, SERVICE_LABEL, ContainerEvent, Watch
from orchestrator.private_file import write_private
from orchestrator.services.spec import InCompose, PostgresReady, Spec

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

ADDITIONS = "compose.json"
PROJECT = "compose.project"
NO_VARIABLES = "compose.env"
OVERRIDE = "docker-compose.override.yml"
POLL_SECONDS = 0.05
# What a program that was asked to stop ends with.
ASKED_TO_STOP = (0, 130, 143)
SILENCE = "it said nothing"


@dataclass(frozen=True)
class ContainerState:
    """`since` in seconds of Unix time; `exit_status` is None while it runs."""

    state: State
    container: str
    since: float
    exit_status: int | None


class Containers:
    """The containers of one project folder; any process of the same user may make this object."""

    def __init__(self, root: Path, state: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._root, self._state = root, state
        self._environ = {name: value for name, value in environ.items() if not name.startswith("COMPOSE_")}
        self._variables: Mapping[str, str] = {}
        self._begun: dict[str, float] = {}
        self._watches: dict[str, Watch] = {}

    @property
    def known(self) -> bool:
        """Whether this project ever had containers."""
        return (self._state / PROJECT).exists()

    @cached_property
    def client(self) -> DockerClient:
        return docker_engine.connect(self._environ)

    @cached_property
    def project(self) -> str:
        """Compose's name for this project: made once, so that projects in folders of one name keep apart."""
        path = self._state / PROJECT
        if not path.exists():
            write_private(path, f"hasura-cognito-{secrets.token_hex(4)}\n")
        return path.read_text("utf-8").strip()

    @cached_property
    def _command(self) -> tuple[str, ...]:
        return compose_command.find(self._environ)

    def open(self, specs: Sequence[Spec], show: images.Show) -> None:
        """Makes these services known, and their images present; starts none. Raises StackError if that can't be."""
        if not specs:
            return
        text = compose_file.read(self._root)
        self._variables = {name: value for spec in specs for name, value in spec.env.items()}
        write_private(self._state / ADDITIONS, compose_file.additions(text, self._variables))
        for service in compose_file.services(text).values():
            image = compose_file.image(service, self._variables)
            if not images.is_here(self.client, image):
                images.pull(self.client, image, show)

    def start(self, spec: Spec) -> None:
        """Starts the service without waiting for it; one that runs as described is left alone."""
        self._begun[spec.name] = time.time()
        with contextlib.ExitStack() as undo:
            # From before it starts, for it may die before anybody asks.
            watch = undo.enter_context(contextlib.closing(self.watch(spec.name)))
            self._compose("up", "-d", "--no-deps", spec.name)
            self._watches[spec.name] = watch
            undo.pop_all()

    def wait_ready(self, spec: Spec, deadline: float) -> None:
        """Returns when the service answers.

        Raises StackError with its last words as soon as it dies, or when `time.monotonic()` passes `deadline`.
        """
        begin, answered = time.monotonic(), False
        with contextlib.closing(self._watch_of(spec.name)) as watch:
            self._refuse_absence(spec.name)
            while not answered:
                answered = self._answers(spec, max(0.1, min(2.0, deadline - time.monotonic())))
                # Looked at after the question, for somebody else may have answered in place of one that died.
                while event := watch.next(0 if answered else POLL_SECONDS):
                    self._refuse_end(event)
                if not answered and time.monotonic() > deadline:
                    raise self._late(spec.name, time.monotonic() - begin)
        if isinstance(spec.run, InCompose) and isinstance(spec.ready, PostgresReady):
            asyncio.run(make_databases(spec.ready.url, spec.run.databases))

    def watch(self, service: str | None = None) -> Watch:
        """What happens to the containers, or to the one of a service, from now on."""
        with docker_engine.speaking():
            return Watch(self.client, self.project, service)

    def active(self) -> Sequence[str]:
        """The services whose containers run, or are about to. Raises StackError when no engine answers."""
        if not self.known:
            return ()
        return tuple(name for name, container in self.by_service().items() if is_active(container.attrs))

    def stop(self, names: Sequence[str]) -> None:
        """Stops these services, gently at first; the containers and their data stay."""
        if names:
            self._compose("stop", *names)

    def remove(self) -> None:
        """Stops the containers and removes them, with their network and their data."""
        if self.known:
            self._compose("down", "--volumes", "--remove-orphans", "--timeout", "5")

    def states(self) -> Mapping[str, ContainerState]:
        """Every container by its service. Raises StackError when no engine answers."""
        if not self.known:
            return {}
        return {name: state_of(container.attrs) for name, container in self.by_service().items()}

    def comes_back(self, service: str) -> bool:
        """Whether Docker starts its container again, or has done so."""
        container = self._container(service)
        return container is not None and is_active(container.attrs)

    def by_service(self) -> Mapping[str, Container]:
        label = f"{PROJECT_LABEL}={self.project}"
        with docker_engine.speaking():
            found = self.client.containers.list(all=True, filters={"label": label}, ignore_removed=True)
        return {each.labels[SERVICE_LABEL]: each for each in found}

    def _container(self, name: str) -> Container | None:
        return self.by_service().get(name)

    def _answers(self, spec: Spec, seconds: float) -> bool:
        try:
            return ready.answers(spec.ready, seconds=seconds)
        except StackError as error:
            raise StackError(
                error.message,
                "The volume keeps the password that it was made with: set that again, or `hasura-cognito reset`.",
            ) from error

    def _compose(self, *arguments: str) -> None:
        files = [compose_file.NAME, *([OVERRIDE] if (self._root / OVERRIDE).exists() else [])]
        paths = [*(self._root / name for name in files), self._state / ADDITIONS]
        flags = [flag for path in paths for flag in ("-f", str(path))]
        nothing = self._state / NO_VARIABLES
        nothing.touch(mode=0o600)
        # All values come by the environment, where they are literal: of .env, Compose would expand every `$`.
        everywhere = (*flags, "-p", self.project, "--project-directory", str(self._root), "--env-file", str(nothing))
        required = {} if self._variables else {"POSTGRES_PASSWORD": "-", "HASURA_GRAPHQL_ADMIN_SECRET": "-"}
        compose_command.run(self._command, (*everywhere, *arguments), {**self._environ, **required, **self._variables})

    def _watch_of(self, name: str) -> Watch:
        return self._watches.pop(name) if name in self._watches else self.watch(name)

    def _refuse_absence(self, name: str) -> None:
        """Raises StackError unless the service's container runs."""
        container = self._container(name)
        if container is None:
            raise StackError(f"The container of {name} was removed.", "Run `hasura-cognito up` again.")
        state = container.attrs["State"]
        if not state["Running"]:
            raise self._died(container, f"ended with status {state['ExitCode']}")

    def _refuse_end(self, event: ContainerEvent) -> None:
        """Raises StackError if this is the end of the container that its service has now, not of an earlier one."""
        if event.what not in ("die", "destroy"):
            return
        container = self._container(event.service)
        if container is None:
            self._refuse_absence(event.service)
        elif container.id == event.container:
            raise self._died(container, event.ending)

    def _died(self, container: Container, ending: str) -> StackError:
        name = container.labels[SERVICE_LABEL]
        since = self._begun.get(name, 0)
        if explained := container_log.explanation(container, since=since):
            return StackError(f"{name} gave up: {explained[0]}", explained[1])
        words = container_log.last_words(container, since=since) or SILENCE
        return StackError(f"{name} {ending}: {words}", f"See `hasura-cognito logs {name}`.")

    def _late(self, name: str, seconds: float) -> StackError:
        container = self._container(name)
        words = container_log.last_words(container, since=self._begun.get(name, 0)) if container else ""
        return StackError(
            f"{name} was not ready within {seconds:.0f} s: {words or SILENCE}", f"See `hasura-cognito logs {name}`."
        )


def is_active(attrs: Mapping[str, Any]) -> bool:
    """Whether a container runs, healthy or not, or Docker is about to start it."""
    return bool(attrs["State"]["Running"] or attrs["State"]["Restarting"])


def state_of(attrs: Mapping[str, Any]) -> ContainerState:
    """A container as `docker inspect` shows it. Health counts: one that does not answer has failed."""
    state = attrs["State"]
    health = (state.get("Health") or {}).get("Status")
    found: State = "stopped" if state["ExitCode"] in ASKED_TO_STOP else "failed"
    if state["Restarting"]:
        found = "restarting"
    elif state["Running"]:
        found = "failed" if health == "unhealthy" else "running"
    return ContainerState(
        state=found,
        container=attrs["Id"][:12],
        since=seconds_of(state["StartedAt"] if state["Running"] else state["FinishedAt"]),
        exit_status=None if state["Running"] else state["ExitCode"],
    )


def seconds_of(time_text: str) -> float:
    """
    >>> seconds_of("1970-01-01T00:00:01.123456789Z")
    1.0
    """
    return datetime.fromisoformat(f"{time_text[:19]}+00:00").timestamp()


async def make_databases(url: str, names: Sequence[str]) -> None:
    """Makes those that the server lacks: its image made those of its first start only."""
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        there = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in names:
            if name not in there:
                await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()

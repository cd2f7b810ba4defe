"""What a service is, as a value: how it is run, where it listens, when it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class DataDirectory:
    """A PostgreSQL data directory that must exist, with these databases, before the server starts."""

    path: Path
    binaries: Path
    version: str  # what `postgres --version` says, "15.18"
    superuser: str
    password: str = field(repr=False)
    databases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Child:
    """A supervised process. `files` are written first, readable by the owner only."""

    argv: tuple[str, ...]
    cwd: Path
    files: Mapping[Path, str] = field(default_factory=dict, repr=False)
    data: DataDirectory | None = None
    stop_signal: str = "TERM"
    stop_seconds: float = 10
    unprivileged: bool = False  # refuses to run as root, as PostgreSQL does


@dataclass(frozen=True)
class DockerHost:
    """What containers are run by: the text of docker-compose.yml, and the address at which they reach this machine.

    `gateway` is None where host.docker.internal leads to this machine's loopback, as in Docker Desktop.
    """

    definition: str = field(repr=False)
    gateway: str | None


@dataclass(frozen=True)
class InCompose:
    """A service of docker-compose.yml, whose variables are the spec's `env`; `definition` is that file's text.

    `databases` are to be there once PostgreSQL is ready.
    """

    service: str
    definition: str = field(repr=False)
    databases: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpReady:
    """Ready when this URL answers 200."""

    url: str


@dataclass(frozen=True)
class PostgresReady:
    """Ready when this server accepts this login and answers a query."""

    url: str = field(repr=False)


@dataclass(frozen=True)
class StateReady:
    """Ready when the service says in this file that it is `open`; it says there, too, why it never will be."""

    path: Path


Ready = HttpReady | PostgresReady | StateReady


@dataclass(frozen=True)
class Spec:
    """One service. `env` comes on top of PATH, HOME and the locale; `ports` are by the variable that sets them.

    One that is `last` is started when migrations and metadata are applied.
    """

    name: str
    run: Child | InCompose
    ready: Ready
    ports: Mapping[str, int]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    needs: tuple[str, ...] = ()
    last: bool = False

    @property
    def child(self) -> Child:
        """How its process is run. Raises TypeError for a service that is none."""
        if not isinstance(self.run, Child):
            raise TypeError(f"{self.name} is no process of this machine.")
        return self.run

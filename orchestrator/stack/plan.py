"""The stack as a value: where things are, every address, every service. `planning` makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.services.spec import Spec

STACK_NAME = "hasura-cognito"
# How a container names the machine that it runs on.
CONTAINERS_HOST = "host.docker.internal"
ANYWHERE = ("127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104
NO_FRONTS: Mapping[str, int] = {}


@dataclass(frozen=True)
class Layout:
    """The places under the project's `.stack/`, or under `elsewhere` for one more stack of the project's.

    Only the owner can read them.
    """

    root: Path
    elsewhere: Path | None = None

    @property
    def state(self) -> Path:
        return self.elsewhere or self.root / ".stack"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets.env"

    @property
    def record(self) -> Path:
        return self.state / "stack.json"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def logs(self) -> Path:
        return self.state / "logs"


@dataclass(frozen=True)
class Addresses:
    """Host and port of each service: chosen first, since the services point at each other in a circle.

    A service may have a front, which passes on what it is sent: then everybody asks at the front's port.
    """

    host: str
    ports: Mapping[str, int]
    fronts: Mapping[str, int] = field(default_factory=dict)

    def url(self, of: str, *, in_container: bool = False) -> str:
        """The address of a service as its users on this machine write it, or as a container has to.

        >>> Addresses("127.0.0.1", {"hasura": 8080}).url("hasura")
        'http://localhost:8080'
        >>> Addresses("127.0.0.1", {"cognito": 9229}).url("cognito", in_container=True)
        'http://host.docker.internal:9229'
        >>> Addresses("127.0.0.1", {"hasura": 8080}, {"hasura": 8081}).url("hasura")
        'http://localhost:8081'
        """
        return f"http://{CONTAINERS_HOST if in_container else self.name}:{self.fronts.get(of, self.ports[of])}"

    def own_url(self, of: str) -> str:
        """The address where a service itself listens.

        >>> Addresses("127.0.0.1", {"hasura": 8080}, {"hasura": 8081}).own_url("hasura")
        'http://localhost:8080'
        """
        return f"http://{self.name}:{self.ports[of]}"

    @property
    def name(self) -> str:
        if self.host in ANYWHERE:
            return "localhost"
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def number(self) -> str:
        """The host for who would take `localhost` for ::1, where somebody else may listen."""
        if self.name != "localhost":
            return self.name
        return "[::1]" if ":" in self.host else "127.0.0.1"


@dataclass(frozen=True)
class Urls:
    hasura: str
    graphql: str
    console: str | None
    postgres: str = field(repr=False)
    cognito: str
    issuer: str
    jwks: str
    hosted_ui: str | None
    awslambda: str
    tunnel: str | None
    callback: str | None = None
    gateway: str | None = None


@dataclass(frozen=True)
class Pool:
    id: str
    client_id: str
    region: str


@dataclass(frozen=True)
class Plan:
    backend: str
    identity: str
    layout: Layout
    urls: Urls
    pool: Pool
    specs: tuple[Spec, ...]
    ports: Mapping[str, int]
    admin_secret: str = field(repr=False)
    wait_seconds: int
    notices: tuple[tuple[str, str], ...] = ()

    @property
    def synced(self) -> bool:
        """Whether sign-ins reach this machine's table of users: those in AWS do by a tunnel only."""
        return is_synced(self.identity, [spec.name for spec in self.specs])


def is_synced(identity: str, services: Iterable[str]) -> bool:
    return identity == "local" or "tunnel" in services

"""The settings as frozen values: what each room gets its slice of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Backend = Literal["auto", "docker", "embedded"]
Identity = Literal["local", "aws"]
OnFailure = Literal["allow", "deny"]
TunnelProvider = Literal["none", "ngrok", "ngrok-sdk", "ssh", "cloudflared", "static"]
Registration = Literal["auto", "lease", "env", "none"]


@dataclass(frozen=True)
class Ports:
    """The wanted port of each service; with `free`, any free one is taken instead.

    `callback` is the testing web page's: None where it is not said, 0 where the page is not wanted.
    """

    postgres: int
    hasura: int
    cognito: int
    awslambda: int
    gateway: int
    callback: int | None
    free: bool


@dataclass(frozen=True)
class Postgres:
    """`image` is Docker's; empty for the one that docker-compose.yml names."""

    user: str
    password: str = field(repr=False)
    database: str
    bin: Path | None
    image: str = ""


@dataclass(frozen=True)
class Hasura:
    """`passed_on` are the HASURA_GRAPHQL_* variables that Hasura gets as they are; `image` as PostgreSQL's."""

    admin_secret: str = field(repr=False)
    unauthorized_role: str
    passed_on: Mapping[str, str] = field(repr=False)
    image: str = ""


@dataclass(frozen=True)
class Cognito:
    """`pool_id` and `client_id` are the local pool's, or with the identity aws those of the real one."""

    pool_id: str
    client_id: str

    @property
    def region(self) -> str:
        """The part of the pool id before the underscore: clients read the region from there, too."""
        return self.pool_id.partition("_")[0]


@dataclass(frozen=True)
class Aws:
    """`stack_name` is CloudFormation's name for what `aws deploy` makes."""

    stack_name: str


@dataclass(frozen=True)
class Sync:
    """The user sync: which columns it may write, and how the sync function learns of a tunnel's URL."""

    on_failure: OnFailure
    columns: tuple[str, ...]
    registration: Registration
    lease_table: str
    function: str
    url_variable: str
    key_variable: str
    gateway_key: str = field(repr=False)


@dataclass(frozen=True)
class Ngrok:
    """`path` is the agent's, None for the one on PATH; `policy` a file with a traffic policy."""

    authtoken: str = field(repr=False)
    path: Path | None
    domain: str
    region: str
    policy: Path | None


@dataclass(frozen=True)
class Ssh:
    """`host` as ssh takes it (user@server); with the remote port 0 the server chooses one."""

    host: str
    port: int
    key: Path | None
    known_hosts: Path | None
    remote_port: int
    bind: str


@dataclass(frozen=True)
class Cloudflared:
    """With a token it is a named tunnel, whose public URL is the tunnel's `url`."""

    path: Path | None
    token: str = field(repr=False)


@dataclass(frozen=True)
class Tunnel:
    """`url` is the public URL where it is known before: of a static, an ssh or a named cloudflared tunnel."""

    provider: TunnelProvider
    url: str
    ngrok: Ngrok
    ssh: Ssh
    cloudflared: Cloudflared


@dataclass(frozen=True)
class Settings:
    backend: Backend
    identity: Identity
    host: str
    wait_seconds: int
    ports: Ports
    postgres: Postgres
    hasura: Hasura
    cognito: Cognito
    aws: Aws
    sync: Sync
    tunnel: Tunnel

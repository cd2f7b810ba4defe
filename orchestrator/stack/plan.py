"""Every address and every service of the stack, decided before anything starts (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.services import awslambda, callback, cognito, hasura, postgres
from orchestrator.services.postgres import PostgresBinaries
from orchestrator.services.spec import DockerHost, Spec
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.project.template import Function, Template

STACK_NAME = "hasura-cognito"
METADATA_DATABASE = "hasura_metadata"
# How a container names the machine that it runs on.
CONTAINERS_HOST = "host.docker.internal"
ANYWHERE = ("127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104
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


def postgres_url(settings: Settings, addresses: Addresses, database: str) -> str:
    """The superuser's login; 127.0.0.1 rather than a name, because libpq would try ::1 first."""
    return postgres.url(
        user=settings.postgres.user,
        password=settings.postgres.password,
        host="127.0.0.1" if addresses.name == "localhost" else addresses.name,
        port=addresses.ports["postgres"],
        database=database,
    )


def make_urls(settings: Settings, addresses: Addresses) -> Urls:
    issuer = f"{addresses.url('cognito')}/{settings.cognito.pool_id}"
    return Urls(
        hasura=addresses.url("hasura"),
        graphql=f"{addresses.url('hasura')}/v1/graphql",
        console=hasura.console_url(settings.hasura, addresses.url("hasura")),
        postgres=postgres_url(settings, addresses, settings.postgres.database),
        cognito=addresses.url("cognito"),
        issuer=issuer,
        jwks=f"{issuer}/.well-known/jwks.json",
        hosted_ui=None,
        awslambda=addresses.url("lambda"),
        tunnel=None,
    )


def template_parameters(settings: Settings, urls: Urls) -> Mapping[str, str]:
    """What the parameters of lambdas/template.yaml are on this machine; the others keep their defaults."""
    return {
        "HasuraGraphqlUrl": urls.graphql,
        "HasuraAdminSecret": settings.hasura.admin_secret,
        "SyncOnFailure": settings.sync.on_failure,
    }


def function_values(function: Function) -> Mapping[str, Any]:
    return {
        "name": function.name,
        "handler": function.handler,
        "runtime": function.runtime,
        "code": str(function.code),
        "environment": dict(function.environment),
        "timeout": function.timeout,
        "memory": function.memory,
        "role": function.role,
        "description": function.description,
    }


def without_logical_id(client: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in client.items() if name != "logical_id"}


def callback_page(
    client: Mapping[str, Any], sign_in: str, urls: Urls, addresses: Addresses, layout: Layout, *, base: str
) -> Spec:
    return callback.callback(
        client,
        sign_in_url=sign_in,
        cognito_url=urls.cognito,
        graphql_url=urls.graphql,
        console_url=urls.console,
        claims_namespace=hasura.CLAIMS_NAMESPACE,
        base=base,
        host=addresses.host,
        port=addresses.ports[callback.NAME],
        state=layout.state,
    )


def postgres_spec(
    settings: Settings, addresses: Addresses, means: PostgresBinaries | DockerHost, layout: Layout
) -> Spec:
    databases = (settings.postgres.database, METADATA_DATABASE)
    port = addresses.ports["postgres"]
    if isinstance(means, DockerHost):
        login = postgres_url(settings, addresses, postgres.MAINTENANCE_DATABASE)
        return postgres.in_compose(
            means, settings.postgres, host=settings.host, port=port, login_url=login, databases=databases
        )
    return postgres.postgres(
        means,
        state=layout.state,
        host=settings.host,
        port=port,
        user=settings.postgres.user,
        password=settings.postgres.password,
        databases=databases,
    )


def hasura_spec(
    settings: Settings,
    addresses: Addresses,
    means: PostgresBinaries | DockerHost,
    layout: Layout,
    *,
    jwt_secret: str,
) -> Spec:
    env = hasura.environment(
        settings.hasura,
        database=postgres_url(settings, addresses, settings.postgres.database),
        metadata_database=postgres_url(settings, addresses, METADATA_DATABASE),
        jwt_secret=jwt_secret,
    )
    url, host, port = addresses.own_url("hasura"), settings.host, addresses.ports["hasura"]
    if isinstance(means, DockerHost):
        return hasura.in_compose(means, settings.hasura, env, url=url, host=host, port=port)
    return hasura.hasura(env, postgres_bin=means.bin, url=url, host=host, port=port, cwd=layout.state)


def make_plan(
    settings: Settings,
    template: Template,
    means: PostgresBinaries | DockerHost,
    *,
    ports: Mapping[str, int],
    layout: Layout,
    fronts: Mapping[str, int] = NO_FRONTS,
) -> Plan:
    """The whole stack on these ports; where there is none for it, there is no testing web page.

    `means` decides the backend: the binaries of the embedded PostgreSQL, or Docker.

    The services come in the order in which `down` stops them, reversed.
    """
    addresses = Addresses(settings.host, ports, fronts)
    page = addresses.url(callback.NAME) if callback.NAME in ports else None
    clients = [callback.with_urls(without_logical_id(client), page) for client in template.clients]
    urls = make_urls(settings, addresses)
    sign_in = callback.hosted_ui(clients[0], cognito_url=urls.cognito, base=page) if clients else None
    urls = replace(urls, hosted_ui=sign_in, callback=page if sign_in else None)
    audience = tuple(client["ClientId"] for client in template.clients)
    docker = means if isinstance(means, DockerHost) else None
    keys_at = f"{addresses.url('cognito', in_container=docker is not None)}/{settings.cognito.pool_id}"
    secret = hasura.jwt_secret(jwks=f"{keys_at}/.well-known/jwks.json", issuer=urls.issuer, audience=audience)
    specs = (
        postgres_spec(settings, addresses, means, layout),
        cognito.cognito(
            settings.cognito,
            pool=template.pool,
            clients=clients,
            groups=template.groups,
            providers=template.providers,
            resource_servers=template.resource_servers,
            mfa=template.mfa,
            domain=template.domain,
            url=addresses.url("cognito"),
            lambda_url=addresses.url("lambda"),
            host=settings.host,
            port=ports["cognito"],
            state=layout.state,
            also_host=docker.gateway if docker and settings.host not in EVERYWHERE else None,
        ),
        awslambda.awslambda(
            [function_values(function) for function in template.functions],
            region=settings.cognito.region,
            url=addresses.own_url("lambda"),
            host=settings.host,
            port=ports["lambda"],
            state=layout.state,
            logs=layout.logs,
        ),
        hasura_spec(settings, addresses, means, layout, jwt_secret=secret),
    )
    shown = (callback_page(clients[0], sign_in, urls, addresses, layout, base=page),) if page and sign_in else ()
    return Plan(
        backend="docker" if docker else "embedded",
        identity="local",
        layout=layout,
        urls=urls,
        pool=Pool(settings.cognito.pool_id, settings.cognito.client_id, settings.cognito.region),
        specs=(*specs, *shown),
        ports=ports,
        admin_secret=settings.hasura.admin_secret,
        wait_seconds=settings.wait_seconds,
    )

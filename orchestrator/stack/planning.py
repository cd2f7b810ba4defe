"""Decides every address and every service of the stack before anything starts (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.aws.pool import RemotePool
from orchestrator.services import callback, gateway, hasura, jwt_secret, origins, postgres
from orchestrator.services.postgres import PostgresBinaries
from orchestrator.services.spec import DockerHost, Spec
from orchestrator.settings import Settings
from orchestrator.stack import user_pool
from orchestrator.stack.exposure import Here, exposed
from orchestrator.stack.plan import NO_FRONTS, Addresses, Layout, Plan, Pool, Urls
from orchestrator.stack.user_pool import UserPool

if TYPE_CHECKING:
    from orchestrator.project.template import Template

METADATA_DATABASE = "hasura_metadata"


def graphql_url(addresses: Addresses) -> str:
    return f"{addresses.url('hasura')}/v1/graphql"


def template_parameters(settings: Settings, addresses: Addresses) -> Mapping[str, str]:
    """What the parameters of lambdas/template.yaml are on this machine; the others keep their defaults."""
    return {
        "DeveloperLeases": "false",
        "HasuraGraphqlUrl": graphql_url(addresses),
        "HasuraAdminSecret": settings.hasura.admin_secret,
        "SyncOnFailure": settings.sync.on_failure,
    }


def make_plan(
    settings: Settings,
    content: Template | RemotePool,
    means: PostgresBinaries | DockerHost,
    *,
    ports: Mapping[str, int],
    layout: Layout,
    here: Here,
    fronts: Mapping[str, int] = NO_FRONTS,
) -> Plan:
    """The whole stack on these ports; where there is none for it, there is no testing web page.

    Raises StackError where a JWT secret of the user's own would not take the pool's tokens.

    `content` decides who has the users: the template is the emulator's content, a pool in AWS is used as it is.
    `means` decides the backend: the binaries of the embedded PostgreSQL, or Docker.

    The services come in the order in which `down` stops them, reversed.
    """
    addresses = Addresses(settings.host, ports, fronts)
    docker = means if isinstance(means, DockerHost) else None
    page = addresses.url(callback.NAME) if callback.NAME in ports else None
    pool = pool_for(settings, content, addresses, layout, page=page, docker=docker)
    urls = make_urls(settings, addresses, pool, page)
    if own_secret := settings.hasura.passed_on.get(jwt_secret.VARIABLE):
        jwt_secret.check(own_secret, issuer=pool.issuer, clients=pool.audience, triggers=pool.triggers)
    secret = hasura.jwt_secret(jwks=pool.keys_for_hasura, issuer=pool.issuer, audience=pool.audience)
    return Plan(
        backend="docker" if docker else "embedded",
        identity=pool.identity,
        layout=layout,
        urls=urls,
        pool=Pool(settings.cognito.pool_id, settings.cognito.client_id, settings.cognito.region),
        specs=(
            postgres_spec(settings, addresses, means, layout),
            *pool.emulators,
            hasura_spec(settings, addresses, means, layout, pool, jwt_secret=secret),
            *callback_page(pool, urls, addresses, layout),
            *exposed(settings, here, addresses, layout, pool, graphql_url=urls.graphql),
        ),
        ports=ports,
        admin_secret=settings.hasura.admin_secret,
        wait_seconds=settings.wait_seconds,
    )


def pool_for(
    settings: Settings,
    content: Template | RemotePool,
    addresses: Addresses,
    layout: Layout,
    *,
    page: str | None,
    docker: DockerHost | None,
) -> UserPool:
    if isinstance(content, RemotePool):
        return user_pool.in_aws(content)
    return user_pool.local(
        settings,
        content,
        addresses,
        layout,
        page=page,
        in_containers=docker is not None,
        also_host=docker.gateway if docker else None,
    )


def make_urls(settings: Settings, addresses: Addresses, pool: UserPool, page: str | None) -> Urls:
    """`page` is the testing web page's address; where nobody can be sent to the hosted UI, there is none."""
    sign_in = (
        callback.hosted_ui(pool.client, cognito_url=pool.hosted_ui, base=page)
        if pool.client is not None and pool.hosted_ui
        else None
    )
    return Urls(
        hasura=addresses.url("hasura"),
        graphql=graphql_url(addresses),
        console=hasura.console_url(settings.hasura, addresses.url("hasura")),
        postgres=postgres_url(settings, addresses, settings.postgres.database),
        cognito=pool.cognito,
        issuer=pool.issuer,
        jwks=pool.jwks,
        hosted_ui=sign_in,
        awslambda=pool.awslambda,
        tunnel=None,
        gateway=addresses.url(gateway.NAME) if settings.tunnel.provider != "none" else None,
        callback=page if pool.client is not None and page and callback.leads_to(pool.client, page) else None,
    )


def postgres_url(settings: Settings, addresses: Addresses, database: str, *, host: str = "") -> str:
    """The superuser's login, at the stack's address unless there is another `host`."""
    return postgres.url(
        user=settings.postgres.user,
        password=settings.postgres.password,
        host=host or addresses.number,
        port=addresses.ports["postgres"],
        database=database,
    )


def callback_page(pool: UserPool, urls: Urls, addresses: Addresses, layout: Layout) -> tuple[Spec, ...]:
    """The testing web page, or nothing where there is no port for it or nobody can be sent there."""
    if urls.callback is None or urls.hosted_ui is None or pool.client is None or pool.hosted_ui is None:
        return ()
    page = callback.callback(
        pool.client,
        sign_in_url=urls.hosted_ui,
        cognito_url=pool.hosted_ui,
        graphql_url=urls.graphql,
        console_url=urls.console,
        claims_namespace=hasura.CLAIMS_NAMESPACE,
        base=urls.callback,
        host=addresses.host,
        port=addresses.ports[callback.NAME],
        state=layout.state,
    )
    return (page,)


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
    pool: UserPool,
    *,
    jwt_secret: str,
) -> Spec:
    # The embedded engine runs beside the server, whose socket answers sooner than TCP. A container has its own address.
    host = str(postgres.socket_folder(layout.state, addresses.ports["postgres"]) or "")
    env = hasura.environment(
        settings.hasura,
        database=postgres_url(settings, addresses, settings.postgres.database, host=host),
        metadata_database=postgres_url(settings, addresses, METADATA_DATABASE, host=host),
        jwt_secret=jwt_secret,
        cors_domain=origins.cors_domain(pool.origins, hasura=addresses.url("hasura")),
    )
    url, host, port = addresses.own_url("hasura"), settings.host, addresses.ports["hasura"]
    if isinstance(means, DockerHost):
        return hasura.in_compose(means, settings.hasura, env, url=url, host=host, port=port, needs=pool.keys_from)
    return hasura.hasura(
        env, postgres_bin=means.bin, url=url, host=host, port=port, cwd=layout.state, needs=pool.keys_from
    )

"""The user pool as the rest of the stack sees it: the emulator, filled from the template, or the one in AWS (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.services import awslambda, callback, cognito, origins
from orchestrator.services.spec import Spec
from orchestrator.settings import Settings
from orchestrator.stack.plan import Addresses, Layout

if TYPE_CHECKING:
    from orchestrator.aws.pool import RemotePool
    from orchestrator.project.template import Function, Template

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True)
class UserPool:
    """`client` is the first app client, None where the template has none; `audience` are the ids of all,
    `origins` those of their pages.

    `keys_for_hasura` is where Hasura reads the keys, in a container by another name than `issuer`; `emulators` are the
    services that have to run for it.
    """

    identity: str
    issuer: str
    keys_for_hasura: str
    client: Mapping[str, Any] | None
    audience: tuple[str, ...]
    origins: tuple[str, ...]
    triggers: Mapping[str, Any]
    cognito: str
    awslambda: str
    hosted_ui: str | None
    emulators: tuple[Spec, ...] = ()

    @property
    def jwks(self) -> str:
        return keys_of(self.issuer)

    @property
    def keys_from(self) -> tuple[str, ...]:
        """The service that Hasura reads the keys from when it starts, if it is one of ours."""
        return tuple(spec.name for spec in self.emulators if spec.name == "cognito")


def keys_of(issuer: str) -> str:
    return f"{issuer}/.well-known/jwks.json"


def in_aws(remote: RemotePool) -> UserPool:
    return UserPool(
        identity="aws",
        issuer=remote.issuer,
        keys_for_hasura=keys_of(remote.issuer),
        client=remote.client,
        audience=(remote.client["ClientId"],),
        origins=origins.of_clients([remote.client]),
        triggers=remote.triggers,
        cognito=remote.cognito,
        awslambda=remote.awslambda,
        hosted_ui=remote.hosted_ui,
    )


def local(
    settings: Settings,
    template: Template,
    addresses: Addresses,
    layout: Layout,
    *,
    page: str | None,
    in_containers: bool,
    also_host: str | None,
) -> UserPool:
    """The emulators of Cognito and Lambda. `page` is the testing web page's address, to which clients may call back.

    Hasura is in a container or not; `also_host` is one more address that Cognito listens on, for containers.
    """
    clients = [callback.with_urls(without_logical_id(client), page) for client in template.clients]
    here, pool_id = addresses.url("cognito"), settings.cognito.pool_id
    seen_by_hasura = addresses.url("cognito", in_container=in_containers)
    return UserPool(
        identity="local",
        issuer=f"{here}/{pool_id}",
        keys_for_hasura=keys_of(f"{seen_by_hasura}/{pool_id}"),
        client=clients[0] if clients else None,
        audience=tuple(client["ClientId"] for client in clients),
        origins=origins.of_clients(clients),
        triggers=template.pool.get("LambdaConfig") or {},
        cognito=here,
        awslambda=addresses.url("lambda"),
        hosted_ui=here,
        emulators=(
            cognito.cognito(
                settings.cognito,
                pool=template.pool,
                clients=clients,
                groups=template.groups,
                providers=template.providers,
                resource_servers=template.resource_servers,
                mfa=template.mfa,
                domain=template.domain,
                url=here,
                lambda_url=addresses.url("lambda"),
                host=settings.host,
                port=addresses.ports["cognito"],
                state=layout.state,
                also_host=also_host if settings.host not in EVERYWHERE else None,
            ),
            awslambda.awslambda(
                [function_values(function) for function in template.functions],
                region=settings.cognito.region,
                url=addresses.own_url("lambda"),
                host=settings.host,
                port=addresses.ports["lambda"],
                state=layout.state,
                logs=layout.logs,
            ),
        ),
    )


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

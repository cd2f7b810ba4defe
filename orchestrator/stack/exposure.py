"""How the sync function of a pool in AWS reaches this machine: gateway, tunnel and registration (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.services import gateway, tunnel
from orchestrator.services.spec import Spec
from orchestrator.settings import Settings
from orchestrator.stack.plan import Addresses, Layout
from orchestrator.stack.user_pool import UserPool


@dataclass(frozen=True)
class Here:
    """What only this machine knows: the mutation that may come through, who its user is, and the environment."""

    mutation: str
    holder: str
    environ: Mapping[str, str] = field(repr=False)


def exposed(
    settings: Settings, here: Here, addresses: Addresses, layout: Layout, pool: UserPool, *, graphql_url: str
) -> tuple[Spec, ...]:
    """The gateway and the tunnel that leads to it; nothing without a tunnel."""
    if settings.tunnel.provider == "none":
        return ()
    key = settings.sync.gateway_key
    let_in = gateway.gateway(
        mutation=here.mutation,
        columns=settings.sync.columns,
        key=key,
        admin_secret=settings.hasura.admin_secret,
        graphql_url=graphql_url,
        url=addresses.url(gateway.NAME),
        host=addresses.host,
        port=addresses.ports[gateway.NAME],
        state=layout.state,
    )
    lead_here = tunnel.tunnel(
        settings.tunnel,
        target=f"http://{addresses.number}:{addresses.ports[gateway.NAME]}",
        path=gateway.PATH,
        gateway_id=gateway.gateway_id(key),
        gateway_key=key,
        registration=registration(settings, here, layout, pool),
        environ=here.environ,
        state=layout.state,
    )
    # Whoever is told of the tunnel finds everything behind it at work.
    return let_in, replace(
        lead_here, needs=(gateway.NAME, "hasura", *(spec.name for spec in pool.emulators)), last=True
    )


def registration(settings: Settings, here: Here, layout: Layout, pool: UserPool) -> Mapping[str, Any] | None:
    """How the sync function is told of the tunnel, as `aws.register.from_config` takes it."""
    kind = settings.sync.registration
    if kind == "auto":
        kind = "lease" if pool.identity == "aws" else "env"
    if kind == "none":
        return None
    if kind == "lease":
        return {
            "kind": "lease",
            "region": settings.cognito.region,
            "table": settings.sync.lease_table,
            "client_id": settings.cognito.client_id,
            "owner": owner(settings.sync.gateway_key),
            "holder": here.holder,
        }
    return {
        "kind": "env",
        "region": settings.cognito.region,
        "endpoint": pool.awslambda if pool.identity == "local" else None,
        "function": settings.sync.function,
        "url_variable": settings.sync.url_variable,
        "key_variable": settings.sync.key_variable,
        "before_file": str(layout.state / "function-before.json"),
    }


def notices(settings: Settings) -> Iterator[tuple[str, str]]:
    """What whoever has a pool in AWS and no tunnel should know."""
    if settings.identity == "aws" and settings.tunnel.provider == "none":
        yield "tunnel", "none: sign-ins write no row here (STACK_TUNNEL); `users sync` does"


def owner(gateway_key: str) -> str:
    """Who holds a lease: the same as long as the stack has the same key, and nothing to sign with."""
    return hashlib.sha256(f"owner {gateway_key}".encode()).hexdigest()[:16]

"""What this machine has, put together with the settings and the project into a plan."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.aws.pool import RemotePool, describe
from orchestrator.errors import StackError
from orchestrator.launchers import ports, postgres_binaries
from orchestrator.project import template
from orchestrator.project.template import Template
from orchestrator.services import callback
from orchestrator.services.awslambda import ACCOUNT
from orchestrator.services.postgres import PostgresBinaries
from orchestrator.settings import Ports, Settings, load, read_env_file
from orchestrator.stack import exposure
from orchestrator.stack import record as records
from orchestrator.stack.backend import choose
from orchestrator.stack.exposure import Here
from orchestrator.stack.plan import NO_FRONTS, STACK_NAME, Addresses, Layout, Plan
from orchestrator.stack.planning import make_plan, template_parameters
from orchestrator.stack.record import Record

PORT_VARIABLES = {
    "postgres": "POSTGRES_PORT",
    "hasura": "HASURA_PORT",
    "cognito": "COGNITO_PORT",
    "lambda": "LAMBDA_PORT",
    "gateway": "GATEWAY_PORT",
}
MUTATION = Path("lambdas", "user_sync", "mutation.graphql")
# Where the template's client calls back to.
CALLBACK_PORT = 3000


def plan_here(
    layout: Layout,
    environ: Mapping[str, str],
    record: Record | None,
    *,
    running: bool,
    fronts: Mapping[str, int] = NO_FRONTS,
) -> Plan:
    """The plan for this project on this machine. Makes the secrets that are missing, and nothing else."""
    settings = settings_here(layout, environ)
    backend = choose(settings, layout.root, environ, before=record.backend if record else None)
    before = record.ports if record else {}
    usable = {name: port for name, port in before.items() if running or ports.is_free(port)}
    chosen = choose_ports(settings.ports, usable)
    if callback_port := free_callback_port(settings.ports, chosen, before if running else {}):
        chosen = {**chosen, callback.NAME: callback_port}
    content = (
        remote_pool(settings)
        if settings.identity == "aws"
        else read_template(layout.root, settings, Addresses(settings.host, chosen, fronts))
    )
    means = backend.docker or find_postgres(settings, environ)
    plan = make_plan(
        settings, content, means, ports=chosen, layout=layout, here=here(layout.root, settings, environ), fronts=fronts
    )
    chosen_by_us = [("backend", f"{backend.name}: {backend.why}")] if backend.why and not running else []
    pages = [(callback.NAME, notice) for notice in callback_notices(settings.ports, chosen)]
    return replace(plan, notices=(*chosen_by_us, *pages, *exposure.notices(settings)))


def read_template(root: Path, settings: Settings, addresses: Addresses) -> Template:
    """lambdas/template.yaml of the project, with its parameters as they are on this machine."""
    return template.read(
        root / "lambdas" / "template.yaml",
        template_parameters(settings, addresses),
        region=settings.cognito.region,
        account=ACCOUNT,
        stack_name=STACK_NAME,
        pool_id=settings.cognito.pool_id,
        client_id=settings.cognito.client_id,
    )


def remote_pool(settings: Settings) -> RemotePool:
    """The user pool in AWS that the settings name. Raises StackError where it is not, or AWS does not tell."""
    from orchestrator.aws import clients

    region = settings.cognito.region
    awslambda = clients.amazon("lambda", region=region).meta.endpoint_url
    return describe(
        clients.amazon("cognito-idp", region=region),
        pool_id=settings.cognito.pool_id,
        client_id=settings.cognito.client_id,
        awslambda=awslambda,
    )


def here(root: Path, settings: Settings, environ: Mapping[str, str]) -> Here:
    """What a tunnel needs of this machine. Raises StackError where there is no mutation that it may let through."""
    mutation = read_mutation(root) if settings.tunnel.provider != "none" else ""
    return Here(mutation, holder=f"{getpass.getuser()}@{socket.gethostname()}", environ=environ)


def read_mutation(root: Path) -> str:
    path = root / MUTATION
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(
            f"{path} can't be read: {error}.",
            "It is the mutation that the sync function sends, and the only one that the tunnel lets through.",
        ) from error


def settings_here(layout: Layout, environ: Mapping[str, str]) -> Settings:
    """The settings of this project. Makes the secrets that are missing."""
    return load(environ, read_env_file(layout.root / ".env"), records.make_secrets(layout.secrets))


def find_postgres(settings: Settings, environ: Mapping[str, str]) -> PostgresBinaries:
    folder = settings.postgres.bin
    return postgres_binaries.find(str(folder) if folder else None, search_path=environ.get("PATH", ""))


def choose_ports(wanted: Ports, before: Mapping[str, int]) -> Mapping[str, int]:
    """The port of each service: the wanted ones, or with `free` those it had before, or else any free ones."""
    fixed = {
        "postgres": wanted.postgres,
        "hasura": wanted.hasura,
        "cognito": wanted.cognito,
        "lambda": wanted.awslambda,
        "gateway": wanted.gateway,
    }
    if not wanted.free:
        for name, port in fixed.items():
            twins = [other for other, taken in fixed.items() if taken == port and other != name]
            if twins:
                raise StackError(
                    f"{PORT_VARIABLES[name]} and {PORT_VARIABLES[twins[0]]} are both {port}.", "Give each its own port."
                )
        return fixed
    had = {name: port for name, port in before.items() if name in fixed}
    return {**dict(zip(fixed, ports.free_ports(len(fixed)), strict=True)), **had}


def wanted_callback_port(wanted: Ports) -> int:
    """Where the testing web page is wanted; 0 for nowhere. With `free`, applications have addresses of their own."""
    return wanted.callback if wanted.callback is not None else 0 if wanted.free else CALLBACK_PORT


def free_callback_port(wanted: Ports, others: Mapping[str, int], running: Mapping[str, int]) -> int | None:
    """The port of the testing web page, or None if it is not wanted, or the application itself listens there."""
    port = wanted_callback_port(wanted)
    if not port or port in others.values():
        return None
    return port if running.get(callback.NAME) == port or ports.is_free(port) else None


def callback_notices(wanted: Ports, chosen: Mapping[str, int]) -> Iterator[str]:
    """Why there is no testing web page though it is wanted, in one line."""
    port = wanted_callback_port(wanted)
    if port and callback.NAME not in chosen:
        yield f"no page: port {port} is taken by {ports.owner(port) or 'another service'}"


def require_free(name: str, variable: str, port: int) -> None:
    """Raises StackError which says who holds the port, and which variable chooses another."""
    if ports.is_free(port):
        return
    holder = ports.owner(port) or "another process"
    raise StackError(
        f"Port {port} for {name} is taken by {holder}.",
        f"Stop it, or set {variable} to another port, or STACK_PORTS=free for any free ones.",
    )

"""The stack as it is now: what runs, where it is reached, and by which ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError
from orchestrator.launchers.child import Children, ChildState
from orchestrator.launchers.containers import ContainerState
from orchestrator.services import callback, gateway
from orchestrator.services.tunnel import NAME as TUNNEL
from orchestrator.stack import record as records
from orchestrator.stack import tunnel as tunnels
from orchestrator.stack.plan import Layout, Urls
from orchestrator.stack.record import Record
from orchestrator.stack.runners import Runners
from orchestrator.stack.tunnel import Tunnel

if TYPE_CHECKING:
    from docker.models.containers import Container

IN_CONTAINERS = ("postgres", "hasura")


def status(root: Path, unseen: Callable[[StackError], None] = lambda _: None) -> Mapping[str, Any]:
    """`{"backend", "identity", "services": {name: {"state", "url", "pid", "since"}}, "urls", "pool"}`.

    A service's state is running, restarting, failed, stopping or stopped. One in a container has `container` and
    `exit_status` instead of `pid`; the tunnel has `registered` and `error`, too. Why containers can't be seen is told
    to `unseen`: they count as stopped then.
    Raises StackError if nothing was ever started.
    """
    layout = Layout(root)
    record = records.read(layout.record)
    if record is None:
        raise StackError(f"There is no stack in {root} yet.", "Run `hasura-cognito up`.")
    states = states_now(layout, record.backend, unseen)
    tunnel = tunnels.read(layout) if record.urls.gateway else None
    services = {
        name: {
            "state": states[name].state if name in states else "stopped",
            "url": url,
            **running_as(states.get(name), in_container=record.backend == "docker" and name in IN_CONTAINERS),
            "since": shown_time(states[name].since) if name in states else None,
        }
        for name, url in service_urls(record).items()
    }
    if TUNNEL in services:
        services[TUNNEL] |= told_of(tunnel, services[TUNNEL]["state"])
    return {
        "backend": record.backend,
        "identity": record.identity,
        "services": services,
        "urls": {**named(record.urls), "tunnel": tunnel.url if tunnel else None},
        "pool": asdict(record.pool),
    }


def told_of(tunnel: Tunnel | None, state: str) -> Mapping[str, Any]:
    """What the keeper adds to a service: its process may run while the tunnel is away.

    >>> told_of(None, "stopped")
    {'state': 'stopped', 'url': None, 'registered': None, 'error': None}
    """
    if tunnel is None:
        return {"state": state, "url": None, "registered": None, "error": None}
    return {
        "state": tunnel.service_state if state == "running" else state,
        "url": tunnel.url,
        "since": shown_time(tunnel.since),
        "registered": tunnel.registered,
        "error": tunnel.error,
    }


def states_now(
    layout: Layout, backend: str, unseen: Callable[[StackError], None]
) -> Mapping[str, ChildState | ContainerState]:
    """The services by name; without a Docker engine that answers, there are no containers."""
    runners = Runners(layout)
    try:
        return runners.states(backend)
    except StackError as error:
        unseen(error)
        return runners.children.states()


def running_as(state: ChildState | ContainerState | None, *, in_container: bool) -> Mapping[str, Any]:
    """
    >>> running_as(None, in_container=False)
    {'pid': None}
    """
    if isinstance(state, ContainerState):
        return {"container": state.container, "exit_status": state.exit_status}
    if in_container:
        return {"container": None, "exit_status": None}
    return {"pid": state.pid if state else None}


def shown_time(seconds: float) -> str:
    """
    >>> shown_time(0)
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def service_urls(record: Record) -> Mapping[str, str | None]:
    """The address of each service of this stack; the tunnel's is known when it is open."""
    urls = record.urls
    emulators = {"cognito": urls.cognito} if record.identity == "local" else {}
    functions = {"lambda": urls.awslambda} if record.identity == "local" else {}
    page = {callback.NAME: urls.callback} if urls.callback else {}
    exposed = {gateway.NAME: urls.gateway, TUNNEL: None} if urls.gateway else {}
    return {"postgres": urls.postgres, **emulators, "hasura": urls.hasura, **functions, **page, **exposed}


def named(urls: Urls) -> Mapping[str, str | None]:
    """The URLs under the names that users know."""
    shown = {name: url for name, url in asdict(urls).items() if name not in ("hasura", callback.NAME, gateway.NAME)}
    return {"lambda" if name == "awslambda" else name: url for name, url in shown.items()}


def running(root: Path) -> Record:
    """The record of the running stack. Raises StackError if it does not run."""
    layout = Layout(root)
    record = records.read(layout.record)
    if record is None or not Children(layout.state).alive():
        raise StackError(f"The stack of {root} is not running.", "Run `hasura-cognito up`.")
    return record


def containers_of(root: Path) -> Mapping[str, Container]:
    """The containers of the stack by service; none on the embedded backend. Raises StackError if no engine answers."""
    layout = Layout(root)
    record = records.read(layout.record)
    if record is None or record.backend != "docker":
        return {}
    return Runners(layout).containers.by_service()

"""The Docker engine of this machine: whether it answers, and where containers reach us."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS = 60
EMBEDDED = "or set STACK_BACKEND=embedded, which needs no Docker"


def address(environ: Mapping[str, str]) -> str:
    """Where the engine listens: DOCKER_HOST, or else what the context of Docker's command line says."""
    if host := environ.get("DOCKER_HOST"):
        return host
    from docker.context import ContextAPI

    context = ContextAPI.get_current_context()
    return (context.Host if context else None) or "unix:///var/run/docker.sock"


def may_answer(environ: Mapping[str, str]) -> bool:
    """False where there is no trace of Docker: to know so is quick, to load its SDK is not."""
    sockets = ("/var/run/docker.sock", os.path.expanduser("~/.docker"))  # noqa: PTH111
    return "DOCKER_HOST" in environ or any(os.path.exists(path) for path in sockets)  # noqa: PTH110


def connect(environ: Mapping[str, str], *, seconds: int = SECONDS) -> DockerClient:
    """A client of the engine, which answers. Raises StackError which says why it does not, and what to do."""
    import docker
    import requests

    at = "its socket"
    try:
        at = address(environ)
        knock(at)
        client = docker.from_env(timeout=seconds, environment={**environ, "DOCKER_HOST": at})
        client.ping()
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise _unreachable(at, error) from error
    return client


def knock(at: str) -> None:
    """Raises OSError where nobody listens: the SDK leaves a socket open then."""
    if at.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(SECONDS)
            attempt.connect(at.removeprefix("unix://"))


@contextlib.contextmanager
def speaking() -> Iterator[None]:
    """Raises StackError where the engine does not do what it is asked for."""
    import docker
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.RequestException) as error:
        why = getattr(error, "explanation", None) or error
        raise StackError(f"The Docker engine failed: {why}.", "Is it still running? See `docker info`.") from error


def _unreachable(at: str, error: BaseException) -> StackError:
    if "Permission denied" in str(error):
        return StackError(
            f"You may not use the Docker engine at {at}: permission denied.",
            f"Add yourself to its group (`sudo usermod -aG docker $USER`, then sign in again), {EMBEDDED}.",
        )
    return StackError(f"No Docker engine answers at {at}.", f"Start Docker, {EMBEDDED}.")


@contextlib.contextmanager
def connected(environ: Mapping[str, str]) -> Iterator[DockerClient]:
    client = connect(environ)
    try:
        yield client
    finally:
        client.close()


def gateway(client: DockerClient) -> str | None:
    """The address of this machine that containers know as its gateway.

    None where that is not an address of ours: in Docker Desktop the engine runs in a virtual machine, which leads
    host.docker.internal to our loopback.
    """
    networks = client.networks.list(names=["bridge"], filters={"driver": "bridge"})
    configs = [config for network in networks for config in network.attrs["IPAM"]["Config"] or ()]
    # The engine names the gateway of its first network only if it was set; then it is the subnet's first address.
    gateways = [
        config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts())) for config in configs
    ]
    return next((each for each in gateways if "." in each and is_ours(each)), None)


def is_ours(address: str) -> bool:
    with socket.socket() as attempt:
        try:
            attempt.bind((address, 0))
        except OSError:
            return False
        return True

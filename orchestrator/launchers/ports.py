"""Which TCP ports of this machine are free, and who has the others."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

LOOPBACK = "127.0.0.1"
# The local ends of outgoing connections: Linux says which ports it takes for them, the others keep to IANA's.
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_OUTGOING = 49152
LOWEST = 20000
FEWEST = 1000


def free_ports(count: int) -> tuple[int, ...]:
    """That many different ports nobody listens on right now, and no outgoing connection will have for its local end."""
    found: dict[int, None] = {}
    for port in _candidates():
        if len(found) == count:
            break
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind((LOOPBACK, port))
            found[attempt.getsockname()[1]] = None
    return tuple(found)


def _candidates() -> Iterator[int]:
    """Ports below those of outgoing connections, at random; where few are left there, any that the system gives."""
    below = range(LOWEST, _first_outgoing())
    if len(below) >= FEWEST:
        # Not random's own generator, which a seed makes the same in every process.
        yield from (secrets.choice(below) for _ in below)
    while True:
        yield 0


def _first_outgoing() -> int:
    try:
        return int(OUTGOING.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return FIRST_OUTGOING


@contextlib.contextmanager
def held(ports: Iterable[int]) -> Iterator[None]:
    """Inside, nobody is given these ports who looks for free ones; a server that asks for one of them gets it.

    So it is on Linux. Other systems refuse the server, too, and nothing is held there.
    """
    with contextlib.ExitStack() as holders:
        for port in ports if sys.platform == "linux" else ():
            holder = holders.enter_context(socket.socket())
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):  # Somebody listens there already.
                holder.bind((LOOPBACK, port))
        yield


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as attempt:
        # As servers do: a port whose last connections are still fading away is free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def owner(port: int) -> str | None:
    """Who listens on the port, "node (pid 412)"; None if nobody does, or if the system does not tell.

    Other users' processes are seen by root only.
    """
    pid = next((pid for pid, listens_on in _listeners() if listens_on == port and pid), None)
    if pid is None:
        return None
    with contextlib.suppress(psutil.Error):
        return f"{psutil.Process(pid).name()} (pid {pid})"
    return None


def _listeners() -> Iterator[tuple[int | None, int]]:
    """Each listening process with its port; all at once where the system allows, which is forty times as fast."""
    try:
        found = [(each, each.pid) for each in psutil.net_connections("tcp")]
    except psutil.AccessDenied:  # macOS tells everything to root only.
        found = [(each, process.pid) for process in psutil.process_iter() for each in _connections(process)]
    for connection, pid in found:
        if connection.status == psutil.CONN_LISTEN and connection.laddr:
            yield pid, connection.laddr.port


def _connections(process: psutil.Process) -> Sequence[Any]:
    with contextlib.suppress(psutil.Error):
        return process.net_connections("tcp")
    return ()

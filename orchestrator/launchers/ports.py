"""Which TCP ports of this machine are free, and who has the others."""

from __future__ import annotations

import contextlib
import socket

import psutil

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> tuple[int, ...]:
    """That many different ports nobody listens on right now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return tuple(each.getsockname()[1] for each in sockets)


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
    for process in psutil.process_iter(["pid", "name"]):
        with contextlib.suppress(psutil.Error):
            if _listens(process, port):
                return f"{process.name()} (pid {process.pid})"
    return None


def _listens(process: psutil.Process, port: int) -> bool:
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
        for connection in process.net_connections("tcp")
    )

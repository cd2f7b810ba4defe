"""What the played agents forward with: a port of this machine that leads to another."""

from __future__ import annotations

import socket
import threading


def forward(upstream: str, *, port: int = 0) -> str:
    """The URL of this port, or any free one, from now on leading to the upstream."""
    host, _, upstream_port = upstream.removeprefix("http://").partition(":")
    listener = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        while True:
            near, _ = listener.accept()
            far = socket.create_connection((host, int(upstream_port)))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=pump, args=(one, other), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def pump(one: socket.socket, other: socket.socket) -> None:
    try:
        while part := one.recv(65536):
            other.sendall(part)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass

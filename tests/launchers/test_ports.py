from __future__ import annotations

import os
import socket

import psutil
import pytest

from orchestrator.launchers import ports


def test_free_ports_are_different_and_free() -> None:
    found = ports.free_ports(20)
    assert len(set(found)) == 20
    assert all(map(ports.is_free, found))


def test_a_taken_port_has_an_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.owner(port) == f"{psutil.Process().name()} (pid {os.getpid()})"
    assert ports.is_free(port)
    assert ports.owner(port) is None


def test_the_owner_is_found_where_the_system_tells_of_single_processes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert str(ports.owner(server.getsockname()[1])).endswith(f"(pid {os.getpid()})")


def test_a_port_taken_on_every_address_is_not_free() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_port_with_fading_connections_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()  # this side closes first, and stays in TIME_WAIT
            assert client.recv(1) == b""
    assert ports.is_free(port)


def test_a_held_port_is_given_to_nobody_and_a_server_can_listen_there() -> None:
    with ports.held_ports(2) as (port, other):
        assert port != other
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        assert ports.is_free(port)
        socket.create_server(("127.0.0.1", port)).close()

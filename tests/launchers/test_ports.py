from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

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


def test_free_ports_are_none_that_outgoing_connections_take() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken_by_the_system = server.getsockname()[1]
    first = int(ports.OUTGOING.read_text().split()[0]) if ports.OUTGOING.exists() else ports.FIRST_OUTGOING
    assert taken_by_the_system >= first
    assert all(port < first for port in ports.free_ports(20))


def test_where_outgoing_connections_take_nearly_all_ports_the_system_gives_free_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "ip_local_port_range"
    said.write_text("20100\t65535\n")
    monkeypatch.setattr(ports, "OUTGOING", said)
    found = ports.free_ports(20)
    assert len(set(found)) == 20
    assert all(map(ports.is_free, found))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems let nobody listen on a held port")
def test_a_held_port_is_given_to_nobody_and_a_server_can_listen_there() -> None:
    port, other = ports.free_ports(2)
    with ports.held([port, other]):
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        assert ports.is_free(port)
        socket.create_server(("127.0.0.1", port)).close()


def test_holding_a_port_that_is_taken_is_no_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ports.held([server.getsockname()[1]]):
        assert not ports.is_free(server.getsockname()[1])

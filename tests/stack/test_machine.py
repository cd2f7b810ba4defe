"""Which port the testing web page gets."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from orchestrator.launchers.ports import free_ports
from orchestrator.settings import Ports
from orchestrator.stack.machine import callback_notices, free_callback_port, wanted_callback_port

PORTS = Ports(postgres=1, hasura=2, cognito=3, awslambda=4, gateway=5, callback=None, free=False)


@pytest.mark.parametrize(
    ("callback", "free", "wanted"), [(None, False, 3000), (None, True, 0), (0, False, 0), (3111, True, 3111)]
)
def test_it_is_wanted_at_3000_unless_told_otherwise(callback: int | None, free: bool, wanted: int) -> None:
    assert wanted_callback_port(replace(PORTS, callback=callback, free=free)) == wanted


def test_it_gets_a_port_that_is_free_or_its_own() -> None:
    (port,) = free_ports(1)
    wanted = replace(PORTS, callback=port)
    assert free_callback_port(wanted, {}, {}) == port
    assert list(callback_notices(wanted, {"callback": port})) == []
    with socket.create_server(("127.0.0.1", port)):
        assert free_callback_port(wanted, {}, {}) is None
        assert free_callback_port(wanted, {}, {"callback": port}) == port
        (notice,) = callback_notices(wanted, {})
    assert notice.startswith(f"no page: port {port} is taken by ")


def test_it_gets_no_port_of_another_service() -> None:
    assert free_callback_port(replace(PORTS, callback=8080), {"hasura": 8080}, {}) is None

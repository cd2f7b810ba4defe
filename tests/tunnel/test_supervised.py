"""The keeper as a service of the stack: started, waited for and stopped by the launcher."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import processes
from orchestrator.launchers.child import Children
from orchestrator.services.spec import Spec
from orchestrator.services.tunnel import state_file, tunnel
from orchestrator.settings import load
from tests.tunnel.conftest import GATEWAY_ID, Gateway
from tests.tunnel.sshd import Sshd, needs_sshd

pytestmark = needs_sshd


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    children = Children(tmp_path / ".stack")
    yield children
    children.close()


def service(tmp_path: Path, sshd: Sshd, gateway: Gateway) -> Spec:
    options = sshd.options()
    variables = {
        "STACK_TUNNEL": "ssh",
        "SSH_TUNNEL_HOST": str(options["host"]),
        "SSH_TUNNEL_PORT": str(options["port"]),
        "SSH_TUNNEL_KEY": str(options["key"]),
        "SSH_TUNNEL_KNOWN_HOSTS": str(options["known_hosts"]),
    }
    return tunnel(
        load(variables, {}, {}).tunnel,
        target=gateway.url,
        path="/sync",
        gateway_id=GATEWAY_ID,
        gateway_key="0123456789abcdef" * 4,
        registration=None,
        state=tmp_path / ".stack",
        environ=os.environ,
    )


def test_up_waits_for_the_tunnel_and_down_leaves_nothing_of_it(
    tmp_path: Path, sshd: Sshd, gateway: Gateway, children: Children
) -> None:
    spec = service(tmp_path, sshd, gateway)
    children.open([spec])
    children.start(spec)
    children.wait_ready(spec, time.monotonic() + 30)
    assert json.loads(state_file(tmp_path / ".stack").read_text())["state"] == "open"
    pid = children.states()["tunnel"].pid
    assert pid
    keeper = psutil.Process(pid)
    family = [keeper, *keeper.children(recursive=True)]
    assert len(family) == 2
    children.stop(spec)
    assert [process for process in family if processes.is_alive(process)] == []
    assert not state_file(tmp_path / ".stack").exists()


def test_a_tunnel_that_cannot_be_opened_fails_up_in_the_keepers_own_words(
    tmp_path: Path, sshd: Sshd, gateway: Gateway, children: Children
) -> None:
    sshd.stop()
    spec = service(tmp_path, sshd, gateway)
    state_file(tmp_path / ".stack").parent.mkdir(mode=0o700)
    state_file(tmp_path / ".stack").write_text('{"state": "open"}')
    children.open([spec])
    children.start(spec)
    with pytest.raises(StackError, match=f"No ssh server listens on port {sshd.port}"):
        children.wait_ready(spec, time.monotonic() + 30)

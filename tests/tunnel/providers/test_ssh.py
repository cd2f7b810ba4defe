"""The ssh tunnel, through a real sshd."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers.ports import free_ports
from orchestrator.tunnel.config import fields
from orchestrator.tunnel.probe import probe
from orchestrator.tunnel.providers import ssh, ssh_failures
from orchestrator.tunnel.providers.provider import Dropped, Here
from tests.tunnel.conftest import GATEWAY_ID, Gateway
from tests.tunnel.sshd import USER, Keys, Sshd, needs_sshd

pytestmark = needs_sshd


@contextlib.asynccontextmanager
async def tunnel(gateway: Gateway, environ: dict[str, str], options: dict[str, object]) -> AsyncIterator[ssh.Ssh]:
    provider = ssh.Ssh(fields(ssh.Options, options, where="options"), Here(gateway.url, Path("/"), environ))
    try:
        yield provider
    finally:
        await provider.close()


def agents() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.name() == "ssh"]


async def refused(gateway: Gateway, environ: dict[str, str], options: dict[str, object]) -> StackError:
    async with tunnel(gateway, environ, options) as provider:
        with pytest.raises(StackError) as raised:
            await provider.open()
    return raised.value


async def test_a_request_goes_through_the_port_that_the_server_chose(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str]
) -> None:
    async with tunnel(gateway, environ, sshd.options()) as provider:
        url = await provider.open()
        assert url.startswith("http://127.0.0.1:")
        assert await probe(f"{url}/sync", GATEWAY_ID) is None
        assert await provider.watch(0.01) is None
        assert len(agents()) == 1
    assert agents() == []
    assert "nothing answered" in str(await probe(f"{url}/sync", GATEWAY_ID))


async def test_the_port_of_the_server_can_be_chosen(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    (port,) = free_ports(1)
    async with tunnel(gateway, environ, sshd.options(remote_port=port, bind="127.0.0.1")) as provider:
        assert await provider.open() == f"http://127.0.0.1:{port}"
        assert await probe(f"http://127.0.0.1:{port}/sync", GATEWAY_ID) is None


async def test_the_public_url_may_be_another_one(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    async with tunnel(gateway, environ, sshd.options(url="https://dev.example.com/")) as provider:
        assert await provider.open() == "https://dev.example.com"


async def test_a_server_that_goes_away_drops_the_tunnel(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    async with tunnel(gateway, environ, sshd.options()) as provider:
        await provider.open()
        watching = asyncio.create_task(provider.watch(20))
        await asyncio.sleep(0)
        sshd.stop()
        event = await watching
        assert isinstance(event, Dropped)
        assert event.why.startswith("ssh ended (Connection to 127.0.0.1 closed by remote host")
        sshd.start()
        assert await probe(f"{await provider.open()}/sync", GATEWAY_ID) is None


async def test_an_ssh_that_is_killed_has_no_last_word(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    async with tunnel(gateway, environ, sshd.options()) as provider:
        await provider.open()
        agents()[0].kill()
        assert await provider.watch(20) == Dropped("ssh ended (without a word)")


async def test_an_unknown_host_key_is_refused(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    sshd.known_hosts.write_text("")
    error = await refused(gateway, environ, sshd.options())
    assert error.message.startswith(f"The host key of {USER}@127.0.0.1 is not known")
    assert f"ssh-keyscan -p {sshd.port} 127.0.0.1" in error.hint


async def test_a_changed_host_key_is_refused(sshd: Sshd, gateway: Gateway, environ: dict[str, str], keys: Keys) -> None:
    sshd.know(keys.other_host)
    error = await refused(gateway, environ, sshd.options())
    assert f"has another host key than the one in {sshd.known_hosts}:1" in error.message


async def test_a_key_that_the_server_does_not_know_is_refused(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str], keys: Keys
) -> None:
    error = await refused(gateway, environ, sshd.options(key=str(keys.stranger)))
    assert error.message == f"{USER}@127.0.0.1 lets us in with none of our keys (it takes: publickey)."
    assert "authorized_keys" in error.hint


async def test_a_key_that_others_may_read_is_refused(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str], tmp_path: Path
) -> None:
    shutil.copy(sshd.keys.client, tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    error = await refused(gateway, environ, sshd.options(key=str(tmp_path / "key")))
    assert error.message == f"ssh does not take the key {tmp_path}/key, which others may read."


async def test_a_key_that_is_none_is_refused(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "key").touch(mode=0o600)
    (tmp_path / "key").write_text("no key")
    error = await refused(gateway, environ, sshd.options(key=str(tmp_path / "key")))
    assert error.message.startswith(f"ssh can't read the key {tmp_path}/key: ")


@pytest.mark.parametrize(("option", "variable"), [("key", "SSH_TUNNEL_KEY"), ("known_hosts", "SSH_TUNNEL_KNOWN_HOSTS")])
async def test_a_file_that_is_not_there_is_named(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str], option: str, variable: str
) -> None:
    error = await refused(gateway, environ, sshd.options(**{option: "/no/such/file"}))
    assert (error.message, error.hint) == ("There is no file /no/such/file.", f"Set {variable} to one that is there.")


async def test_no_server_at_the_port_is_said(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    sshd.stop()
    error = await refused(gateway, environ, sshd.options())
    assert error.message == f"No ssh server listens on port {sshd.port} of 127.0.0.1."


async def test_a_name_that_nobody_has_is_said(gateway: Gateway, environ: dict[str, str]) -> None:
    error = await refused(gateway, environ, {"host": "ada@server.invalid"})
    assert error.message.startswith("There is no server named server.invalid (")


async def test_no_server_at_all_is_said(gateway: Gateway, environ: dict[str, str]) -> None:
    error = await refused(gateway, environ, {"host": ""})
    assert (error.message, error.hint) == ("STACK_TUNNEL=ssh needs a server.", "Set SSH_TUNNEL_HOST to user@server.")


async def test_no_ssh_on_this_machine_is_said(gateway: Gateway, tmp_path: Path) -> None:
    error = await refused(gateway, {"PATH": str(tmp_path)}, {"host": "ada@example.com"})
    assert error.message == "There is no ssh on this machine."


async def test_a_port_that_is_taken_is_said(sshd: Sshd, gateway: Gateway, environ: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with socket.socket(socket.AF_INET6) as taken_too:
            with contextlib.suppress(OSError):  # A machine without IPv6.
                taken_too.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                taken_too.bind(("::1", port))
                taken_too.listen()
            error = await refused(gateway, environ, sshd.options(remote_port=port))
    assert error.message == f"Port {port} is taken on {USER}@127.0.0.1, or not for ordinary users."
    assert agents() == []


@pytest.mark.parametrize("line", ["AllowTcpForwarding no", "PermitListen localhost:1"])
async def test_a_server_that_permits_no_forwarding_is_said(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str], line: str
) -> None:
    sshd.stop()
    sshd.start(line)
    (port,) = free_ports(1)
    error = await refused(gateway, environ, sshd.options(remote_port=port))
    assert error.message == f"{USER}@127.0.0.1 does not permit forwarding of port {port}."
    error = await refused(gateway, environ, sshd.options())
    assert error.message == f"{USER}@127.0.0.1 does not permit forwarding of a port."


async def test_a_port_that_only_the_server_itself_reaches_needs_a_public_url(
    gateway: Gateway, environ: dict[str, str], tmp_path: Path
) -> None:
    """The server is played: its ssh says what a real one says after the same command."""
    played = tmp_path / "ssh"
    played.write_text(
        "#!/bin/sh\necho 'Authenticated to dev.example.com ([192.0.2.1]:22) using \"publickey\".'\n"
        "echo 'Allocated port 4711 for remote forward to 127.0.0.1:8090'\nexec sleep 60\n"
    )
    played.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{environ['PATH']}"}
    error = await refused(gateway, path, {"host": "dev"})
    assert error.message == "Port 4711 of dev.example.com can be reached on dev.example.com only."
    async with tunnel(gateway, path, {"host": "dev", "bind": "*"}) as provider:
        assert await provider.open() == "http://dev.example.com:4711"


async def test_a_server_that_never_answers_is_given_up(
    gateway: Gateway, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh, "OPEN_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = await refused(gateway, environ, {"host": "ada@127.0.0.1", "port": silent.getsockname()[1]})
    assert error.message == "ssh to ada@127.0.0.1 did not open the tunnel within 0.3 s."
    assert agents() == []


async def test_the_agent_sees_none_of_our_secrets(
    sshd: Sshd, gateway: Gateway, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", "a-secret-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-key")
    async with tunnel(gateway, environ, sshd.options()) as provider:
        await provider.open()
        (agent,) = agents()
        assert "a-secret-key" not in agent.environ().values()
        assert agent.environ()["PATH"] == os.environ["PATH"]


def test_words_that_we_do_not_know_are_passed_on() -> None:
    error = ssh_failures.failure(["Bytes per second: 1", "kex_exchange: banner"], "ada@example.com", port=22)
    assert error.message == "ssh to ada@example.com ended: kex_exchange: banner."


@pytest.mark.parametrize(
    ("remote_port", "bind", "asked"),
    [(0, "localhost", "127.0.0.1:0:"), (8090, "localhost", "localhost:8090:"), (0, "*", "*:0:")],
)
def test_a_port_that_the_server_chooses_is_asked_for_at_one_address(remote_port: int, bind: str, asked: str) -> None:
    options = ssh.Options("ada@example.com", bind=bind)
    line = ssh.command("ssh", options, remote_port, "127.0.0.1:8090")
    assert line[line.index("-R") + 1] == f"{asked}127.0.0.1:8090"

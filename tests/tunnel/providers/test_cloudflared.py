"""The cloudflared tunnel, with a cloudflared that is played (tests/tunnel/fake_cloudflared.py)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import processes
from orchestrator.launchers.ports import free_ports
from orchestrator.tunnel.probe import probe
from orchestrator.tunnel.providers import cloudflared
from orchestrator.tunnel.providers.provider import Dropped, Here
from tests.tunnel.conftest import GATEWAY_ID, Gateway
from tests.tunnel.fake_cloudflared import QUICK, FakeCloudflared

TOKEN = "eyJhIjoiZmFrZSJ9"


@pytest.fixture
def fake(tmp_path: Path) -> FakeCloudflared:
    return FakeCloudflared(tmp_path / "bin")


@contextlib.asynccontextmanager
async def tunnel(
    fake: FakeCloudflared, gateway: Gateway, *, token: str = "", **options: str
) -> AsyncIterator[cloudflared.Cloudflared]:
    environ = {"PATH": str(fake.folder), "HOME": str(fake.folder), **({"CLOUDFLARED_TOKEN": token} if token else {})}
    here = Here(gateway.url, fake.folder.parent / "state", environ)
    provider = cloudflared.Cloudflared(cloudflared.Options(**options), here)
    try:
        yield provider
    finally:
        await provider.close()


async def refused(fake: FakeCloudflared, gateway: Gateway, *, token: str = "", **options: str) -> StackError:
    async with tunnel(fake, gateway, token=token, **options) as provider:
        with pytest.raises(StackError) as raised:
            await provider.open()
    return raised.value


async def test_a_request_goes_through_a_played_named_tunnel(fake: FakeCloudflared, gateway: Gateway) -> None:
    (port,) = free_ports(1)
    fake.scenario(port=port)
    async with tunnel(fake, gateway, token=TOKEN, url=f"http://127.0.0.1:{port}/") as provider:
        url = await provider.open()
        assert url == f"http://127.0.0.1:{port}"
        assert await probe(f"{url}/sync", GATEWAY_ID) is None
        assert await provider.watch(0.01) is None
        agent = psutil.Process(fake.calls[0]["pid"])
    assert not processes.is_alive(agent)


async def test_the_url_of_a_played_quick_tunnel_is_read_off_its_log(fake: FakeCloudflared, gateway: Gateway) -> None:
    async with tunnel(fake, gateway) as provider:
        assert await provider.open() == QUICK
        (call,) = fake.calls
    argv = call["argv"]
    assert argv[0] == "tunnel"
    assert argv[-2:] == ["--url", gateway.url]
    assert "run" not in argv
    assert "TUNNEL_TOKEN" not in call["env"]
    assert argv[argv.index("--config") + 1] == str(fake.folder.parent / "state" / "cloudflared.yml")


async def test_the_token_is_in_no_command_line(fake: FakeCloudflared, gateway: Gateway) -> None:
    (port,) = free_ports(1)
    fake.scenario(port=port)
    async with tunnel(fake, gateway, token=TOKEN, url=f"http://127.0.0.1:{port}") as provider:
        await provider.open()
        (call,) = fake.calls
    assert call["env"]["TUNNEL_TOKEN"] == TOKEN
    assert not [word for word in call["argv"] if TOKEN in word]


async def test_a_played_cloudflared_that_dies_drops_the_tunnel(fake: FakeCloudflared, gateway: Gateway) -> None:
    async with tunnel(fake, gateway) as provider:
        await provider.open()
        psutil.Process(fake.calls[0]["pid"]).kill()
        assert await provider.watch(10) == Dropped("cloudflared ended")
        await provider.close()
        assert await provider.open() == QUICK


LOOKUP = 'Post "https://api.trycloudflare.com/tunnel": dial tcp: lookup api.trycloudflare.com: no such host'


@pytest.mark.parametrize(
    ("line", "ends", "message"),
    [
        ("Provided Tunnel token is not valid.", True, "CLOUDFLARED_TOKEN is no token of a tunnel."),
        (
            'ERR Register tunnel error from server side error="Unauthorized: Invalid tunnel secret" connIndex=0',
            False,
            "Cloudflare does not accept CLOUDFLARED_TOKEN.",
        ),
        (
            'ERR Error unmarshaling QuickTunnel response: error code: 1015 status_code="429 Too Many Requests"',
            True,
            "Cloudflare gives this network no more quick tunnels for now.",
        ),
        (f"failed to request quick Tunnel: {LOOKUP}", True, "cloudflared does not reach Cloudflare."),
        (
            'ERR Failed to create new quic connection error="failed to dial to edge with quic: timeout"',
            True,
            "cloudflared does not reach Cloudflare's edge.",
        ),
        ("flag provided but not defined", True, "cloudflared did not open the tunnel: 2026-01-01T00:00:00Z flag"),
    ],
)
async def test_what_a_played_cloudflared_fails_at_is_said(
    fake: FakeCloudflared, gateway: Gateway, line: str, ends: bool, message: str
) -> None:
    fake.scenario(lines=(line,), ends=ends)
    error = await refused(fake, gateway)
    assert error.message.startswith(message)
    assert error.hint
    assert not psutil.pid_exists(fake.calls[0]["pid"])


async def test_a_played_cloudflared_that_never_connects_is_given_up(
    fake: FakeCloudflared, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.scenario(lines=("INF Requesting new quick Tunnel on trycloudflare.com...",))
    for seconds in (1, 20):  # A busy machine may take longer than a second to start the fake.
        monkeypatch.setattr(cloudflared, "OPEN_SECONDS", seconds)
        error = await refused(fake, gateway)
        if "it said nothing" not in error.message:
            break
    assert error.message.endswith("INF Requesting new quick Tunnel on trycloudflare.com.")


async def test_a_named_tunnel_needs_its_url(fake: FakeCloudflared, gateway: Gateway) -> None:
    error = await refused(fake, gateway, token=TOKEN)
    assert error.message == "A named cloudflared tunnel needs its public URL."
    assert TOKEN not in str(error)
    error = await refused(fake, gateway, token=TOKEN, url="http://dev.example.com")
    assert "is not https" in error.message


async def test_without_a_cloudflared_none_is_downloaded(fake: FakeCloudflared, gateway: Gateway) -> None:
    fake.program.unlink()
    error = await refused(fake, gateway)
    assert error.message == "There is no cloudflared on this machine."
    error = await refused(fake, gateway, path="/no/such/cloudflared")
    assert error.message == "CLOUDFLARED_PATH=/no/such/cloudflared is no program."

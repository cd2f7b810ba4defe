"""The ngrok tunnel: real pyngrok, and an agent that is played (tests/tunnel/fake_ngrok.py)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import processes
from orchestrator.tunnel.probe import probe
from orchestrator.tunnel.providers import ngrok, ngrok_failures
from orchestrator.tunnel.providers.provider import Dropped, Here, Moved
from tests.processes import command_of
from tests.tunnel.conftest import GATEWAY_ID, Gateway
from tests.tunnel.fake_ngrok import TOKEN, FakeNgrok

SECONDS = 20


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNgrok:
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return FakeNgrok(tmp_path / "bin")


@contextlib.asynccontextmanager
async def tunnel(fake: FakeNgrok, gateway: Gateway, tmp_path: Path, **options: str) -> AsyncIterator[ngrok.Ngrok]:
    here = Here(gateway.url, tmp_path / "state", {"PATH": f"{fake.folder}:{os.environ['PATH']}", "HOME": str(tmp_path)})
    provider = ngrok.Ngrok(ngrok.Options(**options), here)
    try:
        yield provider
    finally:
        await provider.close()


async def refused(fake: FakeNgrok, gateway: Gateway, tmp_path: Path, **options: str) -> StackError:
    async with tunnel(fake, gateway, tmp_path, **options) as provider:
        with pytest.raises(StackError) as raised:
            await provider.open()
    assert TOKEN not in f"{raised.value}"
    return raised.value


def told(fake: FakeNgrok, what: str) -> Any:
    api = f"http://127.0.0.1:{fake.calls[-1]['api']}"
    return httpx.post(f"{api}/{what}").json() if what != "endpoints" else httpx.get(api).json()["endpoints"]


def started(fake: FakeNgrok) -> psutil.Process:
    """The agent, as soon as there is one."""
    deadline = time.monotonic() + SECONDS
    while not fake.calls:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return psutil.Process(fake.calls[0]["pid"])


async def test_a_request_goes_through_a_played_ngrok(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    async with tunnel(fake, gateway, tmp_path) as provider:
        url = await provider.open()
        assert await probe(f"{url}/sync", GATEWAY_ID) is None
        assert await provider.watch(0.01) is None
        agent = psutil.Process(fake.calls[0]["pid"])
        assert agent.is_running()
    assert not processes.is_alive(agent)
    assert "nothing answered" in str(await probe(f"{url}/sync", GATEWAY_ID))


async def test_the_token_is_in_a_file_of_its_owners_and_nowhere_else(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_KEY", "a-secret-key")
    async with tunnel(fake, gateway, tmp_path) as provider:
        await provider.open()
        (call,) = fake.calls
        assert call["config"] == {"version": "3", "agent": {"authtoken": TOKEN}}
        assert not [word for word in call["argv"] if TOKEN in word]
        assert not [value for value in call["env"].values() if value in (TOKEN, "a-secret-key")]
        everybody_sees = [command_of(child) for child in psutil.Process().children(recursive=True)]
        assert any(everybody_sees)
        assert not [line for line in everybody_sees if TOKEN in line]
        config = tmp_path / "state" / "ngrok" / "ngrok.yml"
        assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert not config.exists()


async def test_domain_region_and_policy_reach_the_agent(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("on_http_request:\n  - actions:\n      - type: deny\n")
    async with tunnel(fake, gateway, tmp_path, domain="ada.ngrok.app", region="eu", policy=str(policy)) as provider:
        await provider.open()
        (endpoint,) = told(fake, "endpoints")
        assert endpoint["asked"] == {
            "name": "hasura-cognito",
            "url": "https://ada.ngrok.app",
            "traffic_policy": {"on_http_request": [{"actions": [{"type": "deny"}]}]},
            "upstream": {"url": gateway.url},
        }
        argv = fake.calls[0]["argv"]
        assert argv[argv.index("--region") + 1] == "eu"


@pytest.mark.parametrize("text", ["version: 2\nauthtoken: {}\n", 'version: "3"\nagent:\n  authtoken: {}\n'])
async def test_the_token_that_ngrok_keeps_will_do(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.delenv("NGROK_AUTHTOKEN")
    kept = tmp_path / ".config" / "ngrok" / "ngrok.yml"
    kept.parent.mkdir(parents=True)
    kept.write_text(text.format("kept-token"))
    async with tunnel(fake, gateway, tmp_path) as provider:
        await provider.open()
        assert fake.calls[0]["config"]["agent"] == {"authtoken": "kept-token"}


async def test_a_proxy_of_the_environment_does_not_stand_between_pyngrok_and_its_agent(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com")
    async with tunnel(fake, gateway, tmp_path) as provider:
        assert await probe(f"{await provider.open()}/sync", GATEWAY_ID) is None
        assert fake.calls[0]["env"]["no_proxy"] == "127.0.0.1,example.com"


async def test_an_agent_that_dies_drops_the_tunnel_which_can_be_opened_again(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path
) -> None:
    async with tunnel(fake, gateway, tmp_path) as provider:
        first = await provider.open()
        psutil.Process(fake.calls[0]["pid"]).kill()
        assert await provider.watch(SECONDS) == Dropped("ngrok ended with status -9")
        await provider.close()
        second = await provider.open()
        assert first != second
        assert await probe(f"{second}/sync", GATEWAY_ID) is None


async def test_another_url_is_noticed(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    async with tunnel(fake, gateway, tmp_path) as provider:
        first = await provider.open()
        told(fake, "move")
        event = await provider.watch(SECONDS)
        assert isinstance(event, Moved)
        assert event.url != first
        assert await probe(f"{event.url}/sync", GATEWAY_ID) is None


async def test_an_endpoint_that_is_closed_has_dropped(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    async with tunnel(fake, gateway, tmp_path) as provider:
        await provider.open()
        told(fake, "close")
        assert await provider.watch(SECONDS) == Dropped("ngrok has closed the endpoint")


async def test_nothing_is_left_of_an_opening_that_is_broken_off(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path
) -> None:
    fake.scenario(silent=True)
    async with tunnel(fake, gateway, tmp_path) as provider:
        opening = asyncio.create_task(provider.open())
        agent = await asyncio.to_thread(started, fake)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    assert not processes.is_alive(agent)


async def test_an_agent_that_says_nothing_is_given_up(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ngrok, "OPEN_SECONDS", 1)
    fake.scenario(silent=True)
    error = await refused(fake, gateway, tmp_path)
    assert error.message == "ngrok gave no URL: it said nothing for 1 s."


TAKEN = "failed to start endpoint: The endpoint 'https://ada.ngrok.app' is already online.\n\nERR_NGROK_334\n"
BAD_TOKEN = f"The authtoken is properly formed, but it is invalid.\nYour authtoken: {TOKEN}\n\nERR_NGROK_107\n"


async def test_a_token_that_a_played_ngrok_refuses_is_said_and_not_repeated(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path
) -> None:
    fake.scenario(log=BAD_TOKEN)
    error = await refused(fake, gateway, tmp_path)
    assert error.message == "ngrok does not accept the authtoken."


async def test_a_domain_that_a_played_ngrok_refuses_is_said(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    fake.scenario(refuse=TAKEN)
    error = await refused(fake, gateway, tmp_path, domain="ada.ngrok.app")
    assert error.message == "ada.ngrok.app is in use by another ngrok agent."


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("It does not look like one.\n\nERR_NGROK_105\n", "ngrok does not accept the authtoken."),
        ("It is of version 1.\n\nERR_NGROK_106\n", "ngrok does not accept the authtoken."),
        ("Usage of ngrok requires a verified account.\n\nERR_NGROK_4018\n", "ngrok needs an authtoken."),
        (
            "Your account is limited to 1 simultaneous ngrok agent sessions.\n\nERR_NGROK_108\n",
            "The ngrok account has as many agents running as it may have.",
        ),
        ('Your agent version "3.1.0" is too old.\n\nERR_NGROK_121\n', "This ngrok is too old for its service."),
        ("This domain is reserved.\n\nERR_NGROK_320\n", "ada.ngrok.app belongs to another ngrok account."),
        ("The TrafficPolicy is invalid.\n\nERR_NGROK_9026\n", "ngrok does not accept the traffic policy."),
        ("dial tcp: lookup connect.ngrok-agent.com: no such host", "ngrok does not reach its service."),
        ("failed to connect session\nfailed to establish tcp connection", "ngrok does not reach its service."),
        (
            "API returned 404 (your ngrok binary may be too old to support /api/endpoints; call ngrok.update())",
            "This ngrok is too old: it has no endpoints (version 3.16).",
        ),
        ("", "ngrok gave no URL: it said nothing."),
    ],
)
def test_every_refusal_has_a_message_and_a_next_step(said: str, message: str) -> None:
    error = ngrok_failures.failure(said, domain="ada.ngrok.app")
    assert error.message == message
    assert error.hint


async def test_a_code_that_we_do_not_know_is_passed_on_without_the_token(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path
) -> None:
    fake.scenario(refuse=f"No, {TOKEN}.\n\nERR_NGROK_9999\n")
    error = await refused(fake, gateway, tmp_path)
    assert "ERR_NGROK_9999" in error.message
    assert error.hint == "See https://ngrok.com/docs/errors/err_ngrok_9999."


async def test_no_token_at_all_starts_no_agent(
    fake: FakeNgrok, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NGROK_AUTHTOKEN")
    error = await refused(fake, gateway, tmp_path)
    assert error.message == "ngrok needs an authtoken."
    assert fake.calls == []


async def test_without_an_ngrok_none_is_downloaded(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    fake.program.unlink()
    error = await refused(fake, gateway, tmp_path)
    assert error.message == "There is no ngrok on this machine."
    assert "https://ngrok.com/download" in error.hint
    error = await refused(fake, gateway, tmp_path, path="/no/such/ngrok")
    assert error.message == "NGROK_PATH=/no/such/ngrok is no program."


async def test_an_ngrok_in_a_usual_place_is_found(fake: FakeNgrok, gateway: Gateway, tmp_path: Path) -> None:
    fake.program.unlink()
    FakeNgrok(tmp_path / ".local" / "bin")
    async with tunnel(fake, gateway, tmp_path) as provider:
        assert await probe(f"{await provider.open()}/sync", GATEWAY_ID) is None


@pytest.mark.parametrize("text", ["a: [", "", "just text", "\x00"])
async def test_a_policy_that_is_none_is_said(fake: FakeNgrok, gateway: Gateway, tmp_path: Path, text: str) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(text)
    error = await refused(fake, gateway, tmp_path, policy=str(policy))
    assert error.message.startswith(f"The traffic policy {policy} ")
    error = await refused(fake, gateway, tmp_path, policy="/no/such/policy")
    assert error.message == "There is no file /no/such/policy."


async def test_the_real_sdk_says_why_it_gives_no_url(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no network, or else a token that ngrok's service never gave out."""
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)
    provider = ngrok.NgrokSdk(ngrok.SdkOptions(), Here(gateway.url, tmp_path, {}))
    try:
        with pytest.raises(StackError) as raised:
            await provider.open()
    finally:
        await provider.close()
    assert raised.value.message in ("ngrok does not reach its service.", "ngrok does not accept the authtoken.")


async def test_the_sdk_needs_a_token(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    provider = ngrok.NgrokSdk(ngrok.SdkOptions(), Here(gateway.url, tmp_path, {}))
    with pytest.raises(StackError, match="ngrok needs an authtoken"):
        await provider.open()
    await provider.close()

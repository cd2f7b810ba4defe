from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.services import tunnel
from orchestrator.services.spec import Spec, StateReady
from orchestrator.settings import load

STATE = Path("/project/.stack")
NGROK_TOKEN = "the-token-of-ngrok"
CLOUDFLARED_TOKEN = "the-token-of-cloudflared"
KEY = "0123456789abcdef" * 4


def made(provider: str, environ: dict[str, str] | None = None, **variables: str) -> Spec:
    settings = load({"STACK_TUNNEL": provider, **variables}, {}, {})
    return tunnel.tunnel(
        settings.tunnel,
        target="http://127.0.0.1:8090",
        path="/sync",
        gateway_id="00112233445566aa",
        gateway_key=KEY,
        registration={"kind": "lease"},
        state=STATE,
        environ=environ or {},
    )


def written(spec: Spec) -> Any:
    (text,) = spec.child.files.values()
    return json.loads(text)


def test_the_keeper_is_told_what_leads_where() -> None:
    spec = made("static", TUNNEL_URL="https://dev.example.com/")
    assert written(spec) == {
        "provider": "static",
        "options": {"url": "https://dev.example.com"},
        "target": "http://127.0.0.1:8090",
        "path": "/sync",
        "gateway_id": "00112233445566aa",
        "registration": {"kind": "lease"},
        "state": "/project/.stack/tunnel.state.json",
    }
    assert spec.ready == StateReady(Path("/project/.stack/tunnel.state.json"))
    assert spec.needs == ("gateway",)


@pytest.mark.parametrize(
    ("provider", "variables", "options"),
    [
        (
            "ngrok",
            {"NGROK_PATH": "/opt/ngrok", "NGROK_DOMAIN": "a.ngrok.app", "NGROK_REGION": "eu", "NGROK_POLICY": "/p.yml"},
            {"path": "/opt/ngrok", "domain": "a.ngrok.app", "region": "eu", "policy": "/p.yml"},
        ),
        ("ngrok-sdk", {"NGROK_DOMAIN": "a.ngrok.app"}, {"domain": "a.ngrok.app", "policy": ""}),
        (
            "ssh",
            {"SSH_TUNNEL_HOST": "ada@example.com", "SSH_TUNNEL_KEY": "/k", "SSH_TUNNEL_REMOTE_PORT": "9000"},
            {
                "host": "ada@example.com",
                "port": 22,
                "key": "/k",
                "known_hosts": "",
                "remote_port": 9000,
                "bind": "localhost",
                "url": "",
            },
        ),
        ("cloudflared", {"TUNNEL_URL": "https://dev.example.com"}, {"path": "", "url": "https://dev.example.com"}),
    ],
)
def test_each_provider_gets_its_own_options(
    provider: str, variables: dict[str, str], options: dict[str, object]
) -> None:
    assert written(made(provider, **variables))["options"] == options


@pytest.mark.parametrize(
    ("provider", "secrets"),
    [
        ("ngrok", {"NGROK_AUTHTOKEN": NGROK_TOKEN}),
        ("ngrok-sdk", {"NGROK_AUTHTOKEN": NGROK_TOKEN}),
        ("cloudflared", {"CLOUDFLARED_TOKEN": CLOUDFLARED_TOKEN}),
        ("ssh", {}),
    ],
)
def test_secrets_reach_only_who_needs_them_and_only_by_the_environment(provider: str, secrets: dict[str, str]) -> None:
    spec = made(provider, NGROK_AUTHTOKEN=NGROK_TOKEN, CLOUDFLARED_TOKEN=CLOUDFLARED_TOKEN)
    assert spec.env == {**secrets, "GATEWAY_KEY": KEY}
    seen = " ".join([*spec.child.argv, *spec.child.files.values(), repr(spec)])
    assert not [secret for secret in (NGROK_TOKEN, CLOUDFLARED_TOKEN, KEY) if secret in seen]


def test_of_the_terminals_environment_it_gets_what_reaches_the_internet_and_aws() -> None:
    environ = {"AWS_PROFILE": "dev", "SSH_AUTH_SOCK": "/s", "https_proxy": "http://proxy", "EDITOR": "vi"}
    assert made("ssh", environ).env == {
        "AWS_PROFILE": "dev",
        "SSH_AUTH_SOCK": "/s",
        "https_proxy": "http://proxy",
        "GATEWAY_KEY": KEY,
    }

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import StackError
from orchestrator.tunnel import config, providers
from orchestrator.tunnel.providers.static import Static

WHOLE: dict[str, Any] = {
    "provider": "static",
    "options": {"url": "https://dev.example.com"},
    "target": "http://127.0.0.1:8090",
    "path": "/sync",
    "gateway_id": "00112233445566aa",
    "registration": None,
    "state": "/project/.stack/tunnel.state.json",
}


def read(path: Path, document: object) -> config.Config:
    path.write_text(json.dumps(document))
    return config.read(path)


def test_a_whole_configuration_makes_a_provider(tmp_path: Path) -> None:
    made = providers.make(read(tmp_path / "config", WHOLE), {})
    assert isinstance(made, Static)
    assert made.options.url == "https://dev.example.com"
    assert made.hint == "Make TUNNEL_URL lead to http://127.0.0.1:8090."


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "is not a JSON object."),
        ({**WHOLE, "color": "red"}, "color is unknown."),
        ({**WHOLE, "path": 5}, "path must be text."),
        ({name: value for name, value in WHOLE.items() if name != "target"}, "target is missing."),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, document: object, message: str) -> None:
    with pytest.raises(StackError) as raised:
        read(tmp_path / "config", document)
    assert raised.value.message == f"{tmp_path / 'config'}: {message}"


@pytest.mark.parametrize(
    ("provider", "options", "message"),
    [
        ("pigeon", {}, "There is no tunnel provider pigeon."),
        ("static", {}, "Options of static: url is missing."),
        ("ssh", {"host": "a", "port": "22"}, "Options of ssh: port must be a whole number."),
        ("ssh", {"host": "a", "port": True}, "Options of ssh: port must be a whole number."),
        ("ssh", {"host": "a", "color": "red"}, "Options of ssh: color is unknown."),
        ("ngrok", {"authtoken": "x"}, "Options of ngrok: authtoken is unknown."),
    ],
)
def test_what_is_wrong_with_options_is_said(
    tmp_path: Path, provider: str, options: dict[str, Any], message: str
) -> None:
    found = read(tmp_path / "config", {**WHOLE, "provider": provider, "options": options})
    with pytest.raises(StackError) as raised:
        providers.make(found, {})
    assert raised.value.message == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "STACK_TUNNEL=static needs a public URL."),
        (
            "http://example.com",
            "The public URL http://example.com is not https, so that anybody on its way could read it.",
        ),
    ],
)
async def test_a_static_url_has_to_be_one(tmp_path: Path, url: str, message: str) -> None:
    static = providers.make(read(tmp_path / "config", {**WHOLE, "options": {"url": url}}), {})
    with pytest.raises(StackError) as raised:
        await static.open()
    assert raised.value.message == message

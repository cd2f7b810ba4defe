"""The program that serves the callback page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.dashboard.__main__ import main, read
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.ready import answers
from orchestrator.services.spec import HttpReady


def document(port: int) -> dict[str, Any]:
    return {
        "host": "127.0.0.1",
        "port": port,
        "path": "/cognito-callback",
        "graphql_url": "http://localhost:8080/v1/graphql",
        "cognito_url": "http://localhost:9229",
        "client_id": "</script><b>",
        "sign_in_url": "http://localhost:9229/login",
        "sign_out_url": "http://localhost:9229/logout",
        "claims_namespace": "https://hasura.io/jwt/claims",
    }


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    (port,) = free_ports(1)
    config, url = tmp_path / "callback.json", f"http://127.0.0.1:{port}"
    config.write_text(json.dumps(document(port)))
    with subprocess.Popen([sys.executable, "-m", "orchestrator.dashboard", "--config", str(config)]) as process:
        while not answers(HttpReady(f"{url}/_local/health"), seconds=5):
            assert process.poll() is None
        yield url
        process.terminate()
        assert process.wait(5) == 0


def test_the_page_is_served_with_its_scripts_and_nothing_else(page: str) -> None:
    answer = httpx.get(f"{page}/cognito-callback?code=x")
    assert answer.status_code == 200
    assert "</script><b>" not in answer.text
    told = answer.text.split('id="config">')[1].split("</script>")[0]
    assert json.loads(told)["client_id"] == "</script><b>"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "connect-src http://localhost:8080 http://localhost:9229;" in policy
    assert httpx.get(f"{page}/_local/callback.js").headers["content-type"].startswith("text/javascript")
    assert httpx.get(f"{page}/_local/callback.css").headers["content-type"].startswith("text/css")
    assert httpx.get(f"{page}/_local/../__main__.py").status_code == 404
    assert httpx.head(page).status_code == 200
    assert httpx.post(page).status_code == 501


def test_a_configuration_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "callback.json"
    wrong = {"[]": "no object", '{"other": 1}': "unknown member other", "{}": "missing", "{": "Expecting"}
    for text, message in wrong.items():
        config.write_text(text)
        with pytest.raises(ValueError, match=message):
            read(config)
        assert main(["--config", str(config)]) == 1
    assert "callback: " in capsys.readouterr().err

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest

from orchestrator.launchers import processes
from tests.aws.conftest import REGION, FakeAmazon, aws_home, credentials, fake_amazon, moto, moto_url
from tests.tunnel.conftest import GATEWAY_ID, Gateway
from tests.tunnel.fake_ngrok import TOKEN, FakeNgrok
from tests.tunnel.program import Program
from tests.tunnel.sshd import Sshd, needs_sshd

# pytest finds fixtures by their names.
__all__ = ["aws_home", "credentials", "fake_amazon", "moto", "moto_url"]

KEY = "0123456789abcdef" * 4
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")


def config(gateway: Gateway, provider: str, options: Mapping[str, Any], registration: object = None) -> dict[str, Any]:
    return {
        "provider": provider,
        "options": options,
        "target": gateway.url,
        "path": "/sync",
        "gateway_id": GATEWAY_ID,
        "registration": registration,
    }


def gone(agents: list[psutil.Process]) -> bool:
    return processes.wait_gone(agents, 5) == []


@needs_sshd
def test_sigterm_ends_the_keeper_its_agent_and_its_state(
    tmp_path: Path, sshd: Sshd, gateway: Gateway, environ: dict[str, str]
) -> None:
    with Program(tmp_path, config(gateway, "ssh", sshd.options()), environ) as program:
        state = program.until_open()
        assert httpx.get(f"{state['url']}/sync").json() == {"gateway": GATEWAY_ID}
        assert stat.S_IMODE(program.state_file.stat().st_mode) == 0o600
        (agent,) = program.agents
        assert agent.name() == "ssh"
        assert program.stop() == 0
        assert gone([agent])
        assert not program.state_file.exists()
        assert program.lines == [f"opened {state['url']}"]


@needs_sshd
@on_linux
def test_a_keeper_that_is_killed_leaves_no_agent_and_its_successor_opens_the_tunnel_again(
    tmp_path: Path, sshd: Sshd, gateway: Gateway, environ: dict[str, str]
) -> None:
    with Program(tmp_path, config(gateway, "ssh", sshd.options()), environ) as program:
        program.until_open()
        agents = program.agents
        program.process.kill()
        program.process.wait()
        assert gone(agents)
        assert program.state()["state"] == "open"
        program.start()
        program.until(lambda state: state["state"] == "reopening")
        assert httpx.get(f"{program.until_open()['url']}/sync").json() == {"gateway": GATEWAY_ID}
        assert program.stop() == 0


@on_linux
def test_a_keeper_that_is_killed_leaves_no_played_ngrok(
    tmp_path: Path, gateway: Gateway, environ: dict[str, str]
) -> None:
    fake = FakeNgrok(tmp_path / "bin")
    settings = config(gateway, "ngrok", {"path": str(fake.program)})
    with Program(tmp_path, settings, {**environ, "NGROK_AUTHTOKEN": TOKEN}) as program:
        program.until_open()
        agents = program.agents
        assert len(agents) == 2
        program.process.kill()
        program.process.wait()
        assert gone(agents)
        assert TOKEN not in program.log


@needs_sshd
def test_a_server_that_comes_back_gets_its_tunnel_again(
    tmp_path: Path, sshd: Sshd, gateway: Gateway, environ: dict[str, str]
) -> None:
    with Program(tmp_path, config(gateway, "ssh", sshd.options()), environ) as program:
        first = program.until_open()
        sshd.stop()
        state = program.until(lambda state: state["state"] == "reopening")
        assert state["url"] is None
        assert state["error"]["message"].startswith("The tunnel dropped: ssh ended (")
        sshd.start()
        assert program.until_open()["since"] > first["since"]


@needs_sshd
def test_a_failure_of_the_first_opening_is_said_and_stays(
    tmp_path: Path, sshd: Sshd, gateway: Gateway, environ: dict[str, str]
) -> None:
    sshd.stop()
    with Program(tmp_path, config(gateway, "ssh", sshd.options()), environ) as program:
        state = program.until(lambda state: state.get("state") == "failed")
        assert state["error"] == {
            "message": f"No ssh server listens on port {sshd.port} of 127.0.0.1.",
            "hint": "Look at SSH_TUNNEL_HOST and SSH_TUNNEL_PORT.",
        }
        assert program.agents == []
        assert program.stop() == 0
        assert not program.state_file.exists()


def test_a_configuration_that_cannot_work_is_a_failure_as_any_other(
    tmp_path: Path, gateway: Gateway, environ: dict[str, str]
) -> None:
    with Program(tmp_path, config(gateway, "pigeon", {}), environ) as program:
        state = program.until(lambda state: state.get("state") == "failed")
        assert state["error"]["message"] == "There is no tunnel provider pigeon."
        assert program.stop() == 0
        assert "Traceback" not in program.log


def test_a_file_that_is_no_configuration_ends_the_program(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "config").write_text("{")
    argv = [sys.executable, "-m", "orchestrator.tunnel", "--config", str(tmp_path / "config")]
    answer = subprocess.run(argv, capture_output=True, text=True, env=os.environ, timeout=20, check=False)
    assert answer.returncode == 1
    assert f"{tmp_path}/config is not JSON" in answer.stdout
    assert answer.stderr == ""


def test_a_static_url_is_proved_and_held_by_a_lease_in_moto(
    tmp_path: Path, gateway: Gateway, environ: dict[str, str], moto: str
) -> None:
    table = boto3.client("dynamodb", region_name=REGION, endpoint_url=moto)
    table.create_table(
        TableName="leases",
        KeySchema=[{"AttributeName": "client_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "client_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    lease = {"kind": "lease", "region": REGION, "table": "leases", "client_id": "c", "owner": "o", "holder": "ada"}
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    environ = {**environ, **aws, "GATEWAY_KEY": KEY}
    key = {"client_id": {"S": "c"}}
    with Program(tmp_path, config(gateway, "static", {"url": gateway.url + "/"}, lease), environ) as program:
        state = program.until_open()
        assert state["registered"] == "lease of app client c in the table leases"
        item = table.get_item(TableName="leases", Key=key)["Item"]
        assert item["url"]["S"] == f"{gateway.url}/sync"
        assert abs(int(item["proved_at"]["N"]) - state["since"] * 1000) < 60_000
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(20) == 0
        assert "Item" not in table.get_item(TableName="leases", Key=key)
        assert KEY not in program.log
        assert program.lines[-1] == "released the lease of app client c"


def test_a_keeper_that_could_not_release_leaves_its_state_for_whoever_can(
    tmp_path: Path, gateway: Gateway, environ: dict[str, str], fake_amazon: Callable[..., FakeAmazon]
) -> None:
    amazon = fake_amazon((200, "", ""), (400, "AccessDeniedException", "No."))
    lease = {"kind": "lease", "region": REGION, "table": "leases", "client_id": "c", "owner": "o", "holder": "ada"}
    aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    settings = config(gateway, "static", {"url": gateway.url}, lease)
    with Program(tmp_path, settings, {**environ, **aws, "GATEWAY_KEY": KEY}) as program:
        program.until_open()
        assert program.stop() == 0
        assert program.state()["state"] == "open"
        assert program.lines[-1].startswith("not released: ")
        assert len(amazon.requests) == 2

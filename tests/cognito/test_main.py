"""The program itself: starting, stopping, being killed, and what it says when it can't start."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from orchestrator.launchers.ports import free_ports

from .conftest import CLIENT, PASSWORD, POOL
from .program import command, running


def configured(tmp_path: Path, **change: Any) -> Path:
    document = {
        "database": str(tmp_path / "cognito.sqlite"),
        "pool": {"Id": POOL, "PoolName": "test"},
        "clients": [{"ClientId": CLIENT, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}],
        **change,
    }
    path = tmp_path / "cognito.json"
    path.write_text(json.dumps(document))
    return path


def outcome(config: Path, port: int = 0) -> tuple[int, str]:
    """Exit status and stderr of a program that does not start."""
    done = subprocess.run(command(config, port), capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


def client(aws: boto3.Session, port: int) -> Any:
    return aws.client("cognito-idp", endpoint_url=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(tmp_path: Path, port: int, stop: signal.Signals) -> None:
    with running(configured(tmp_path), port) as program:
        program.send_signal(stop)
        assert program.wait(10) == 0
        assert "Traceback" not in (program.stderr.read() if program.stderr else "")


def test_a_kill_loses_no_user_that_was_acknowledged(tmp_path: Path, port: int, aws: boto3.Session) -> None:
    config = configured(tmp_path)
    with running(config, port) as program:
        api = client(aws, port)
        subs = [
            api.sign_up(ClientId=CLIENT, Username=f"user{number}", Password=PASSWORD)["UserSub"] for number in range(5)
        ]
        program.kill()
        program.wait(10)
    with running(config, port):
        api = client(aws, port)
        users = api.list_users(UserPoolId=POOL)["Users"]
        api.close()
    assert [user["Username"] for user in users] == [f"user{number}" for number in range(5)]
    assert [user["Attributes"][0]["Value"] for user in users] == subs


def test_neither_passwords_nor_codes_nor_tokens_are_logged(tmp_path: Path, port: int, aws: boto3.Session) -> None:
    with running(configured(tmp_path), port) as program:
        api = client(aws, port)
        api.sign_up(ClientId=CLIENT, Username="ann", Password=PASSWORD)
        api.admin_confirm_sign_up(UserPoolId=POOL, Username="ann")
        given = {"USERNAME": "ann", "PASSWORD": PASSWORD}
        result = api.initiate_auth(ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        api.close()
        program.terminate()
        log = program.stderr.read() if program.stderr else ""
    assert "InitiateAuth 200" in log
    tokens = result["AuthenticationResult"]
    for secret in (PASSWORD, tokens["IdToken"], tokens["AccessToken"], tokens["RefreshToken"]):
        assert secret not in log


def test_a_bad_configuration_is_one_line_and_status_1(tmp_path: Path) -> None:
    status, said = outcome(configured(tmp_path, colour="red"))
    assert status == 1
    assert said.startswith(f"cognito: {tmp_path}/cognito.json: unknown member 'colour'")
    assert said.count("\n") == 1


def test_a_port_that_is_taken_is_one_line_and_status_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = outcome(configured(tmp_path), port)
    assert status == 1
    assert said.startswith(f"cognito: 127.0.0.1:{port} can't be listened on: ")
    assert said.count("\n") == 1


def test_a_spoilt_database_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "cognito.sqlite").write_bytes(b"nonsense" * 1000)
    status, said = outcome(configured(tmp_path))
    assert status == 1
    assert said.startswith(f"cognito: {tmp_path}/cognito.sqlite can't be used as a database")
    assert said.count("\n") == 1

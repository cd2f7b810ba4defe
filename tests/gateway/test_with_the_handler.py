"""The user-sync handler, in a process of its own as in AWS, and the gateway that it posts to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from orchestrator.gateway.hasura import ANSWER_SECONDS
from tests.gateway.conftest import Gateway, Start
from tests.gateway.requests import KEY
from tests.gateway.upstream import Upstream

HANDLER = Path(__file__).parents[2] / "lambdas/user_sync"
EVENT = {
    "version": "1",
    "triggerSource": "PostAuthentication_Authentication",
    "region": "us-east-1",
    "userPoolId": "us-east-1_LocalDev1",
    "userName": "ada",
    "callerContext": {"awsSdkVersion": "1", "clientId": "hasuralocalclient"},
    "request": {"userAttributes": {"sub": "ada-1", "email": "ada@example.com", "email_verified": "true"}},
    "response": {},
}
# No test depends on how quick the machine is.
TWICE = """
import app, gateway, json, sys
gateway.FIRST_BYTE_SECONDS = app.TOTAL_SECONDS = 20
event = json.load(sys.stdin)
app.handler(event, None)
app.handler(event, None)
"""


def signed_in_twice(gateway: Gateway, *, key: str = KEY) -> str:
    """What the handler logs of two sign-ins, one right after the other."""
    environ = {
        "SYNC_GATEWAY_URL": f"http://127.0.0.1:{gateway.port}/sync",
        "SYNC_GATEWAY_KEY": key,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    argv = [sys.executable, "-c", TWICE]
    done = subprocess.run(
        argv, cwd=HANDLER, env=environ, input=json.dumps(EVENT), capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


def test_each_sign_in_is_admitted(start: Start, hasura: Upstream) -> None:
    gateway = start()
    logged = signed_in_twice(gateway)
    assert [line["outcome"] for line in gateway.lines()] == ["passed-on"] * 2, logged
    assert [body["variables"]["user"]["id"] for body in hasura.bodies] == ["ada-1"] * 2


def test_a_handler_with_another_key_says_so_in_its_log(start: Start, hasura: Upstream) -> None:
    gateway = start()
    logged = signed_in_twice(gateway, key=KEY[::-1])
    assert {line["outcome"] for line in gateway.lines()} == {"wrong-signature"}
    assert "of another key" in logged
    assert not hasura.asked


def test_a_slow_hasura_is_not_taken_for_a_dead_tunnel(start: Start, hasura: Upstream) -> None:
    gateway = start()
    hasura.silent = True
    logged = signed_in_twice(gateway)
    assert [line["outcome"] for line in gateway.lines()] == ["hasura-slow"] * 2, logged
    assert "Hasura did not answer within" in logged


def test_the_gateway_tells_of_a_slow_hasura_before_the_handler_takes_the_tunnel_for_dead() -> None:
    said = re.search(r"^FIRST_BYTE_SECONDS = ([\d.]+)", (HANDLER / "gateway.py").read_text(), re.MULTILINE)
    assert said
    assert float(said[1]) >= ANSWER_SECONDS + 0.2

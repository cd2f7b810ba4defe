"""What the handler, the lease and the gateway agree on: the real ones, before a small server in Hasura's place.

The lease is registered as a stack does it, in moto's DynamoDB.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from orchestrator.aws.register.lease import Lease
from tests.gateway.conftest import Gateway, config, started
from tests.gateway.requests import ADMIN_SECRET, KEY
from tests.gateway.upstream import Upstream, upstream
from tests.lambdas.dynamodb import CREDENTIALS, Leases
from tests.lambdas.events import CLIENT, event


@pytest.fixture
def played() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


@pytest.fixture
def gateway(played: Upstream, tmp_path: Path) -> Iterator[Gateway]:
    with ExitStack() as running:
        yield running.enter_context(started(config(played.url, tmp_path), tmp_path))


@pytest.fixture
def user_sync(load: Callable, leases: Leases) -> Any:
    return load("user_sync", SYNC_LEASE_TABLE=leases.table, AWS_ENDPOINT_URL=leases.endpoint, **CREDENTIALS)


def registered(leases: Leases, gateway: Gateway, key: str = KEY) -> Lease:
    lease = Lease(leases.client, leases.table, CLIENT, owner="o-1", holder="ada@laptop", key=key, clock=time.time)
    lease.register(f"http://127.0.0.1:{gateway.port}/sync", proved_at=time.time_ns() // 1_000_000)
    return lease


def test_a_sign_in_reaches_hasura_with_the_admin_secret_that_only_the_gateway_has(
    user_sync, leases, gateway, played, deny
):
    registered(leases, gateway)
    for source in ("PostConfirmation_ConfirmSignUp", "PostAuthentication_Authentication"):
        assert user_sync.handler(event(source), None) == event(source)
    assert [body["variables"]["user"]["username"] for body in played.bodies] == ["ada", "ada"]
    assert {headers["x-hasura-admin-secret"] for _, headers, _ in played.asked} == {ADMIN_SECRET}


def test_a_released_lease_lets_the_sign_in_pass(user_sync, leases, gateway, played, logged):
    registered(leases, gateway).release()
    assert user_sync.handler(event(), None) == event()
    assert logged()["level"] == "warning"
    assert played.asked == []


def test_a_wrong_key_is_a_failure_that_the_log_tells(user_sync, leases, gateway, played, logged):
    registered(leases, gateway, key="f" * 64)
    assert user_sync.handler(event(), None) == event()
    line = logged()
    assert line["level"] == "error"
    assert line["error"].startswith("the gateway refused the mutation: ")
    assert played.asked == []


def test_clocks_that_differ_by_ten_minutes_are_a_failure_that_the_log_tells(
    user_sync, leases, gateway, played, logged, monkeypatch
):
    registered(leases, gateway)
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 600_000_000_000)
    assert user_sync.handler(event(), None) == event()
    line = logged()
    assert line["level"] == "error"
    assert "clock" in line["error"]
    assert played.asked == []


def test_what_hasura_says_against_the_mutation_is_logged(user_sync, leases, gateway, played, logged):
    registered(leases, gateway)
    played.answer = json.dumps({"errors": [{"message": "check constraint"}]}).encode()
    assert user_sync.handler(event(), None) == event()
    assert logged()["error"].endswith(": check constraint")


def test_a_gateway_that_went_away_is_nobody(user_sync, leases, gateway, played, logged):
    registered(leases, gateway)
    user_sync.handler(event(), None)
    assert logged()["message"] == "user synced"
    gateway.stop()
    assert user_sync.handler(event(), None) == event()
    line = logged()
    assert (line["level"], line["error"]) == ("warning", "the tunnel 127.0.0.1 does not answer: ConnectionRefusedError")

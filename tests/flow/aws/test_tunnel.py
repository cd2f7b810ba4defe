"""A sign-in at a pool in AWS (played by the emulators) reaches the local table, through a real sshd."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.flow.aws.conftest import CLIENT, Cloud, Developer, until
from tests.tunnel.fake_ngrok import TOKEN, FakeNgrok

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def test_up_proves_the_way_through_the_tunnel_and_down_takes_the_lease_back(
    cloud: Cloud, new_developer: Callable[..., Developer]
) -> None:
    grace = new_developer("grace")
    done = grace.project.run("up")
    assert done.code == 0, done.err + grace.project.logs() + cloud.said()
    assert done.err.count("✓ verify") == 7
    facts = grace.project.status()
    assert set(facts["services"]) == {"postgres", "hasura", "gateway", "tunnel"}
    assert facts["identity"] == "aws"
    assert facts["urls"]["tunnel"] == facts["services"]["tunnel"]["url"]
    assert cloud.leases()[CLIENT]["url"] == f"{facts['urls']['tunnel']}/sync"
    grace.project.ok("down")
    assert CLIENT not in cloud.leases()
    cloud.sign_in(cloud.sign_up())
    assert f"no stack is up for the app client {CLIENT}" in cloud.said()


def test_a_tunnel_that_dies_is_opened_anew_and_its_other_url_registered(cloud: Cloud, ada: Developer) -> None:
    sub, before = cloud.sign_up(), ada.tunnel()
    (ssh,) = [each for each in psutil.Process(before["pid"]).children(recursive=True) if each.name() == "ssh"]
    ssh.kill()
    until(lambda: ada.tunnel()["state"] == "running" and ada.tunnel()["url"] != before["url"], "another tunnel is open")
    until(lambda: ada.lease()["url"] == f"{ada.tunnel()['url']}/sync", "the lease has the other URL")
    ada.sign_in(sub)
    until(lambda: ada.has_row(sub), "the row is there")


def test_with_a_played_ngrok_agent_the_url_that_its_service_changes_is_registered(
    cloud: Cloud, new_developer: Callable[..., Developer], tmp_path: Path
) -> None:
    ngrok = FakeNgrok(tmp_path / "bin")
    grace = new_developer("grace", STACK_TUNNEL="ngrok", NGROK_PATH=str(ngrok.program), NGROK_AUTHTOKEN=TOKEN)
    grace.up()
    first, before = cloud.sign_up(), grace.tunnel()["url"]
    cloud.sign_in(first)
    until(lambda: grace.has_row(first), "the row is there")
    httpx.post(f"http://127.0.0.1:{ngrok.calls[-1]['api']}/move", trust_env=False).raise_for_status()
    until(lambda: grace.lease()["url"] != f"{before}/sync", "the lease has another URL")
    second = cloud.sign_up()
    cloud.sign_in(second)
    until(lambda: grace.has_row(second), "the row is there by the other URL, too")
    assert TOKEN not in f"{ngrok.calls[-1]['argv']}{grace.project.logs()}"


@pytest.mark.parametrize("on_failure", ["allow", "deny"])
def test_a_hasura_that_hangs_costs_the_sign_in_only_where_that_is_asked_for_and_has_the_row_when_it_is_back(
    cloud: Cloud, ada: Developer, on_failure: str
) -> None:
    cloud.set_function(SYNC_ON_FAILURE=on_failure)
    sub, before = cloud.sign_up(), len(ada.answers())
    hasura = ada.project.status()["services"]["hasura"]["pid"]
    os.kill(hasura, signal.SIGSTOP)
    try:
        if on_failure == "allow":
            ada.sign_in(sub)
        else:
            with pytest.raises(cloud.stack.cognito.exceptions.UserLambdaValidationException):
                ada.sign_in(sub)
        until(lambda: set(ada.answers()[before:]) == {504}, "the gateway has said so")
    finally:
        os.kill(hasura, signal.SIGCONT)
    until(lambda: ada.has_row(sub), "the row is there")
    # The function of a busy machine may have taken the tunnel for dead: a new one remembers nothing.
    cloud.set_function(SYNC_ON_FAILURE=on_failure)
    later = cloud.sign_up()
    ada.sign_in(later)
    until(lambda: ada.has_row(later), "the later row is there")


def test_a_lease_that_has_expired_or_is_signed_with_another_key_lets_the_sign_in_pass_without_a_row(
    cloud: Cloud, ada: Developer
) -> None:
    sub, before = cloud.sign_up(), len(ada.answers())
    keeper = ada.tunnel()["pid"]
    os.kill(keeper, signal.SIGSTOP)  # It would put right what follows when it renews the lease.
    try:
        cloud.change_lease(ada.client_id, "expires_at", {"N": "1"})
        ada.sign_in(sub)
        assert "ran out" in cloud.said()
        cloud.change_lease(ada.client_id, "expires_at", {"N": "99999999999"})
        cloud.change_lease(ada.client_id, "key", {"S": "x" * len(ada.key)})
        ada.sign_in(sub)
        until(lambda: ada.answers()[before:] == [401], "the gateway has refused it")
    finally:
        os.kill(keeper, signal.SIGCONT)
    assert not ada.has_row(sub)


@pytest.mark.skipif(FAKETIME is None, reason="no libfaketime on this machine: apt-get install libfaketime")
def test_a_function_whose_clock_is_ten_minutes_late_is_refused(cloud: Cloud, ada: Developer) -> None:
    sub, before = cloud.sign_up(), len(ada.answers())
    cloud.set_function(LD_PRELOAD=str(FAKETIME), FAKETIME="-600s", FAKETIME_DONT_FAKE_MONOTONIC="1")
    ada.sign_in(sub)
    until(lambda: ada.answers()[before:] == [401], "the gateway has refused it")
    assert not ada.has_row(sub)


def test_two_developers_share_a_pool_with_an_app_client_each(
    cloud: Cloud, ada: Developer, new_developer: Callable[..., Developer]
) -> None:
    grace = new_developer("grace")
    grace.up()
    adas, graces = cloud.sign_up(), cloud.sign_up()
    ada.sign_in(adas)
    grace.sign_in(graces)
    until(lambda: ada.has_row(adas) and grace.has_row(graces), "each has the own row")
    assert not ada.has_row(graces)
    assert not grace.has_row(adas)
    grace.project.ok("down")
    grace.sign_in(cloud.sign_up())
    assert set(cloud.leases()) == {ada.client_id}


def test_a_client_that_somebody_else_holds_is_told_and_left_alone(
    ada: Developer, new_developer: Callable[..., Developer]
) -> None:
    before = ada.lease()
    grace = new_developer("grace", COGNITO_CLIENT_ID=ada.client_id)
    said = grace.project.fails("up")
    assert f"App client {ada.client_id} is in use by" in said
    assert grace.project.processes() == []
    assert ada.lease()["owner"] == before["owner"]


def test_a_failed_up_leaves_nothing_registered(cloud: Cloud, new_developer: Callable[..., Developer]) -> None:
    cloud.replace_environment({})
    grace = new_developer("grace")
    assert "no row came into the table users" in grace.project.fails("up")
    assert CLIENT not in cloud.leases()
    assert grace.project.processes() == []

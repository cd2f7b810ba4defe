"""Sign-ins at a real pool: the lease says where a developer's gateway is. DynamoDB is played by moto's server."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.lambdas.conftest import Server
from tests.lambdas.dynamodb import CREDENTIALS, KEY, Leases
from tests.lambdas.events import CLIENT, event

SECRETS = (KEY, CREDENTIALS["AWS_SECRET_ACCESS_KEY"], CREDENTIALS["AWS_SESSION_TOKEN"])


@pytest.fixture
def user_sync(load: Callable, leases: Leases) -> Any:
    return load("user_sync", SYNC_LEASE_TABLE=leases.table, AWS_ENDPOINT_URL=leases.endpoint, **CREDENTIALS)


@pytest.fixture
def no_memory(user_sync: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sign-in asks DynamoDB."""
    monkeypatch.setattr(sys.modules["leases"], "KEPT_SECONDS", 0)


@pytest.fixture
def hasty(user_sync: Any, gateway: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that says nothing is given up sooner, so that the tests are quick; one that answers has its time."""
    module = sys.modules["gateway"]
    post = module.post

    def hasty_post(url: str, *more: Any, **named: Any) -> Any:
        monkeypatch.setattr(module, "FIRST_BYTE_SECONDS", 0.2 if gateway.silent and url == gateway.url else 30)
        return post(url, *more, **named)

    monkeypatch.setattr(module, "post", hasty_post)


@pytest.fixture
def dynamodb_played(load: Callable, hasura: Server) -> tuple[Any, Server]:
    """The function, with a server whose answers a test chooses in DynamoDB's place."""
    function = load(
        "user_sync",
        SYNC_LEASE_TABLE="leases",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        AWS_ENDPOINT_URL_DYNAMODB=hasura.url.removesuffix("/v1/graphql"),
        **CREDENTIALS,
    )
    return function, hasura


def test_the_mutation_goes_to_the_gateway_of_the_lease(user_sync, leases, gateway, deny, logged):
    leases.put(gateway.url)
    assert user_sync.handler(event(), None) == event()
    assert gateway.user["username"] == "ada"
    assert logged()["message"] == "user synced"


def test_each_app_client_has_a_lease_of_its_own(user_sync, leases, gateway, another_gateway, deny):
    leases.put(gateway.url, client="adas")
    leases.put(another_gateway.url, client="bobs")
    for client in ("adas", "bobs", "adas"):
        user_sync.handler(event(client=client), None)
    assert (len(gateway.requests), len(another_gateway.requests)) == (2, 1)


def test_a_lease_counts_for_a_few_seconds(user_sync, leases, gateway, another_gateway, deny, monkeypatch):
    leases.put(gateway.url)
    user_sync.handler(event(), None)
    leases.put(another_gateway.url)
    user_sync.handler(event(), None)
    assert (len(gateway.requests), len(another_gateway.requests)) == (2, 0)
    lease, _ = sys.modules["leases"]._kept[CLIENT]
    monkeypatch.setitem(sys.modules["leases"]._kept, CLIENT, (lease, time.monotonic()))
    user_sync.handler(event(), None)
    assert (len(gateway.requests), len(another_gateway.requests)) == (2, 1)


def test_a_kept_lease_counts_no_longer_than_it_lasts(user_sync, leases, gateway, deny, monkeypatch):
    leases.put(gateway.url)
    user_sync.handler(event(), None)
    leases.delete()
    lease, until = sys.modules["leases"]._kept[CLIENT]
    monkeypatch.setitem(sys.modules["leases"]._kept, CLIENT, (lease._replace(expires_at=time.time() - 1), until))
    with pytest.raises(RuntimeError):
        user_sync.handler(event(), None)
    assert len(gateway.requests) == 1


def test_without_a_lease_the_user_signs_in_and_the_log_says_why(user_sync, logged):
    assert user_sync.handler(event(), None) == event()
    line = logged()
    assert line["level"] == "warning"
    assert line["error"] == f"no stack is up for the app client {CLIENT}; `hasura-cognito up` registers one"


def test_an_expired_lease_is_none(user_sync, leases, gateway, logged):
    leases.put(gateway.url, seconds=-600)
    assert user_sync.handler(event(), None) == event()
    assert gateway.requests == []
    line = logged()
    assert line["level"] == "warning"
    assert line["error"].startswith(f"the lease of the app client {CLIENT} ran out 60")
    assert "clock" in line["error"]


def test_that_nobody_is_there_is_not_remembered(user_sync, leases, gateway, logged):
    user_sync.handler(event(), None)
    assert logged()["level"] == "warning"
    leases.put(gateway.url)
    user_sync.handler(event(), None)
    assert logged()["message"] == "user synced"


@pytest.mark.parametrize("context", [{"clientId": "CLIENT_ID_NOT_APPLICABLE"}, {}])
def test_what_an_administrator_does_is_for_no_app_clients_stack(dynamodb_played, logged, context):
    function, dynamodb = dynamodb_played
    given = {**event("PostConfirmation_ConfirmSignUp"), "callerContext": {"awsSdkVersion": "3", **context}}
    assert function.handler(given, None) == given
    assert dynamodb.requests == []
    line = logged()
    assert (line["level"], line["error"][:29]) == ("warning", "the event is of no app client")


def test_deny_refuses_the_user_when_nobody_is_there(user_sync, deny):
    with pytest.raises(RuntimeError, match="could not be saved"):
        user_sync.handler(event(), None)


def test_a_silent_tunnel_is_let_be_until_it_is_proved_anew(user_sync, leases, gateway, no_memory, hasty, logged):
    gateway.silent = True
    leases.put(gateway.url, proved_at=1)
    user_sync.handler(event(), None)
    assert logged()["error"] == "the tunnel 127.0.0.1 does not answer: TimeoutError"
    leases.put(gateway.url, proved_at=1, seconds=160)
    user_sync.handler(event(), None)
    assert len(gateway.requests) == 1
    line = logged()
    assert (line["level"], line["error"][:27]) == ("warning", "the tunnel did not answer a")
    gateway.silent = False
    leases.put(gateway.url, proved_at=2)
    user_sync.handler(event(), None)
    assert len(gateway.requests) == 2
    assert logged()["message"] == "user synced"


def test_a_tunnel_with_a_new_address_is_tried_although_the_old_one_was_silent(
    user_sync, leases, gateway, another_gateway, no_memory, hasty, logged
):
    gateway.silent = True
    leases.put(gateway.url)
    user_sync.handler(event(), None)
    assert "does not answer" in logged()["error"]
    leases.put(another_gateway.url)
    user_sync.handler(event(), None)
    assert logged()["message"] == "user synced"


def test_one_silent_tunnel_does_not_keep_other_app_clients_waiting(
    user_sync, leases, gateway, another_gateway, hasty, logged
):
    gateway.silent = True
    leases.put(gateway.url, client="adas")
    leases.put(another_gateway.url, client="bobs")
    for _ in range(2):
        user_sync.handler(event(client="adas"), None)
        assert logged()["level"] == "warning"
        user_sync.handler(event(client="bobs"), None)
        assert logged()["message"] == "user synced"
    assert len(gateway.requests) == 1


def test_a_tunnel_that_moved_since_the_lease_was_read_is_found_in_the_same_sign_in(
    user_sync, leases, gateway, another_gateway, deny
):
    leases.put(gateway.url)
    user_sync.handler(event(), None)
    gateway.status, gateway.answer = 404, b"Tunnel not found (ERR_NGROK_3200)"
    leases.put(another_gateway.url)
    user_sync.handler(event(), None)
    assert len(another_gateway.requests) == 1


def test_a_tunnel_that_stayed_is_tried_once_only_however_new_its_lease_is(user_sync, leases, gateway, hasty, logged):
    leases.put(gateway.url, proved_at=1)
    user_sync.handler(event(), None)
    logged()
    gateway.silent = True
    leases.put(gateway.url, proved_at=2)
    user_sync.handler(event(), None)
    assert len(gateway.requests) == 2
    assert "does not answer" in logged()["error"]


def test_the_request_to_dynamodb_is_a_consistent_read_of_one_item(dynamodb_played, logged):
    function, dynamodb = dynamodb_played
    dynamodb.answer = b"{}"
    function.handler(event(), None)
    assert dynamodb.requests == [
        {"TableName": "leases", "Key": {"client_id": {"S": CLIENT}}, "ConsistentRead": True},
    ]
    assert dynamodb.headers[0]["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert dynamodb.headers[0]["x-amz-security-token"] == CREDENTIALS["AWS_SESSION_TOKEN"]
    assert "/eu-central-1/dynamodb/aws4_request, SignedHeaders=" in dynamodb.headers[0]["authorization"]
    assert logged()["error"].startswith("no stack is up")


def test_dynamodb_is_amazons_unless_an_endpoint_is_told(user_sync):
    endpoint = sys.modules["leases"]._endpoint
    assert endpoint({}, "eu-west-1") == "https://dynamodb.eu-west-1.amazonaws.com"
    assert endpoint({"AWS_ENDPOINT_URL": "http://localhost:1"}, "eu-west-1") == "http://localhost:1"


def test_the_connection_to_dynamodb_stays_open(dynamodb_played, capsys):
    function, dynamodb = dynamodb_played
    dynamodb.answer = b"{}"
    function.handler(event(), None)
    function.handler(event(), None)
    assert (len(dynamodb.requests), dynamodb.connections) == (2, 1)


def test_a_connection_to_dynamodb_that_went_stale_is_replaced(dynamodb_played, logged):
    function, dynamodb = dynamodb_played
    dynamodb.answer, dynamodb.hang_up = b"{}", True
    function.handler(event(), None)
    logged()
    assert dynamodb.hung_up.wait(5)
    function.handler(event(), None)
    assert (len(dynamodb.requests), dynamodb.connections) == (2, 2)
    assert logged()["error"].startswith("no stack is up")


def aws_error(code: str, message: str = "") -> bytes:
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}).encode()


FAILURES_OF_DYNAMODB = {
    "no permission": (400, aws_error("AccessDeniedException"), "AccessDeniedException; the function's role needs"),
    "throttled": (400, aws_error("ThrottlingException"), "ThrottlingException; it is asked too often"),
    "wrong signature": (
        400,
        aws_error("InvalidSignatureException", f"should have been x-amz-security-token:{SECRETS[2]}"),
        "InvalidSignatureException; the function's credentials or its clock are wrong",
    ),
    "its own failure": (500, aws_error("InternalServerError"), "InternalServerError"),
    "no words": (503, b"<html>", "HTTP status 503"),
    "not its words": (200, b"[]", "HTTP status 200"),
}


@pytest.mark.parametrize("case", FAILURES_OF_DYNAMODB)
def test_an_error_of_dynamodb_is_logged_without_a_secret(dynamodb_played, capsys, case):
    function, dynamodb = dynamodb_played
    dynamodb.status, dynamodb.answer, said = FAILURES_OF_DYNAMODB[case]
    assert function.handler(event(), None) == event()
    printed = capsys.readouterr().out
    line = json.loads(printed)
    assert line["level"] == "error"
    assert line["error"].startswith(f"DynamoDB does not read the table leases in eu-central-1: {said}")
    assert not any(secret in printed for secret in SECRETS)


def test_a_missing_table_is_told_with_the_way_out(load, dynamodb, logged):
    function = load("user_sync", SYNC_LEASE_TABLE="no-such-table", AWS_ENDPOINT_URL=dynamodb, **CREDENTIALS)
    assert function.handler(event(), None) == event()
    line = logged()
    assert line["level"] == "error"
    assert line["error"] == (
        "DynamoDB does not read the table no-such-table in eu-central-1: ResourceNotFoundException; "
        "deploy the template with DeveloperLeases=true, or unset SYNC_LEASE_TABLE"
    )


def test_a_dynamodb_without_an_answer_costs_a_sign_in_a_second_at_most(dynamodb_played, logged, monkeypatch):
    function, dynamodb = dynamodb_played
    monkeypatch.setattr(sys.modules["leases"], "READ_SECONDS", 0.2)
    dynamodb.silent = True
    started = time.monotonic()
    assert function.handler(event(), None) == event()
    assert time.monotonic() - started < function.TOTAL_SECONDS
    assert logged()["error"] == "no answer from DynamoDB at 127.0.0.1: TimeoutError"


@pytest.mark.parametrize("missing", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_an_environment_without_what_a_signature_needs_is_told(user_sync, monkeypatch, missing, logged):
    monkeypatch.delenv(missing)
    assert user_sync.handler(event(), None) == event()
    assert logged()["error"].startswith("DynamoDB cannot be asked: the environment lacks")


def test_a_lease_of_another_form_is_told_without_its_key(user_sync, leases, capsys):
    leases.client.put_item(TableName=leases.table, Item={"client_id": {"S": CLIENT}, "key": {"S": KEY}})
    assert user_sync.handler(event(), None) == event()
    printed = capsys.readouterr().out
    assert "lacks url, key, expires_at or proved_at" in printed
    assert KEY not in printed

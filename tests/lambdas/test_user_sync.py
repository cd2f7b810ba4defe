from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from tests.lambdas.events import SUB, event

SECRET = "a-secret-that-nobody-may-see"


@pytest.fixture
def user_sync(load, hasura):
    return load("user_sync", HASURA_GRAPHQL_URL=hasura.url, HASURA_ADMIN_SECRET=SECRET)


def test_the_event_is_returned_as_it_came(user_sync):
    assert user_sync.handler(event(), None) == event()


def test_the_row_is_keyed_on_sub_and_never_on_the_user_name(user_sync, hasura):
    user_sync.handler(event(), None)
    assert hasura.user["id"] == SUB
    assert hasura.user["username"] == "ada"
    assert hasura.user["email"] == "ada@example.com"
    assert hasura.user["email_verified"] is True


def test_the_mutation_is_an_upsert_of_the_columns_it_names(user_sync, hasura):
    user_sync.handler(event("PostConfirmation_ConfirmSignUp"), None)
    request = hasura.requests[0]
    assert "constraint: users_pkey, update_columns: $columns, where: { synced_at: { _lte: $at } }" in request["query"]
    assert request["variables"]["columns"] == ["username", "email", "email_verified", "synced_at", "deleted_at"]
    assert set(request["variables"]["user"]) == {"id", *request["variables"]["columns"]}
    assert request["variables"]["at"] == hasura.user["synced_at"]


def test_a_newer_event_that_was_first_is_no_failure(user_sync, hasura, deny, capsys):
    hasura.answer = b'{"data": {"insert_users_one": null}}'
    assert user_sync.handler(event(), None) == event()
    assert json.loads(capsys.readouterr().out)["message"] == "user not synced: a newer event was first"


def test_the_admin_secret_goes_into_its_header(user_sync, hasura):
    user_sync.handler(event(), None)
    assert hasura.headers[0]["x-hasura-admin-secret"] == SECRET


def test_a_sign_in_is_dated(user_sync, hasura):
    before = datetime.now(UTC)
    user_sync.handler(event(), None)
    assert before <= datetime.fromisoformat(hasura.user["last_sign_in_at"]) <= datetime.now(UTC)
    assert "last_sign_in_at" in hasura.requests[0]["variables"]["columns"]


@pytest.mark.parametrize("source", ["PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"])
def test_a_confirmation_is_no_sign_in(user_sync, hasura, source):
    assert user_sync.handler(event(source), None) == event(source)
    assert "last_sign_in_at" not in hasura.user


def test_the_first_social_sign_in_comes_as_a_confirmation_and_is_dated(user_sync, hasura):
    user_sync.handler(event("PostConfirmation_ConfirmSignUp", **{"cognito:user_status": "EXTERNAL_PROVIDER"}), None)
    assert "last_sign_in_at" in hasura.user


def test_a_user_without_an_address_loses_the_one_in_the_row(user_sync, hasura):
    given = event()
    del given["request"]["userAttributes"]["email"], given["request"]["userAttributes"]["email_verified"]
    user_sync.handler(given, None)
    assert hasura.user["email"] is None
    assert hasura.user["email_verified"] is False
    assert "email" in hasura.requests[0]["variables"]["columns"]


@pytest.mark.parametrize("chunked", [False, True])
def test_two_events_share_one_connection(user_sync, hasura, deny, chunked):
    hasura.chunked = chunked
    user_sync.handler(event(), None)
    user_sync.handler(event(), None)
    assert len(hasura.requests) == 2
    assert hasura.connections == 1


def test_a_connection_that_went_stale_is_replaced_once(user_sync, hasura, deny):
    hasura.hang_up = True
    user_sync.handler(event(), None)
    assert hasura.hung_up.wait(5)
    user_sync.handler(event("PostConfirmation_ConfirmSignUp"), None)
    assert len(hasura.requests) == 2
    assert hasura.connections == 2


@pytest.mark.parametrize("hang_up", [False, True])
def test_https_is_kept_alive_and_replaced_when_stale_too(load, hasura_with_tls, hang_up, deny):
    hasura, certificate = hasura_with_tls
    hasura.hang_up = hang_up
    function = load(
        "user_sync", HASURA_GRAPHQL_URL=hasura.url, HASURA_ADMIN_SECRET=SECRET, SSL_CERT_FILE=str(certificate)
    )
    function.handler(event(), None)
    if hang_up:
        assert hasura.hung_up.wait(5)
    function.handler(event(), None)
    assert len(hasura.requests) == 2
    assert hasura.connections == (2 if hang_up else 1)


def test_a_certificate_that_nobody_trusts_gets_no_secret(load, hasura_with_tls, capsys):
    hasura, _ = hasura_with_tls
    function = load("user_sync", HASURA_GRAPHQL_URL=hasura.url, HASURA_ADMIN_SECRET=SECRET)
    assert function.handler(event(), None) == event()
    assert hasura.requests == []
    assert json.loads(capsys.readouterr().out)["error"] == "no answer from localhost: SSLCertVerificationError"


def test_a_connection_is_not_kept_for_another_address(user_sync, hasura, another_hasura, monkeypatch, deny):
    user_sync.handler(event(), None)
    monkeypatch.setenv("HASURA_GRAPHQL_URL", another_hasura.url)
    user_sync.handler(event(), None)
    assert len(hasura.requests) == len(another_hasura.requests) == 1


ANSWERS_THAT_FAIL = {
    "graphql error": (
        200,
        b'{"errors": [{"message": "check constraint"}]}',
        "Hasura refused the mutation: check constraint",
    ),
    "no row": (200, b'{"data": {}}', "Hasura's answer tells of no row"),
    "no data": (200, b'{"data": null}', "Hasura's answer tells of no row"),
    "not json": (200, b"<html>offline</html>", "HTTP status 200 without a GraphQL answer"),
    "gateway": (502, b"ERR_NGROK_3200", "HTTP status 502 without a GraphQL answer"),
    "a list": (200, b"[]", "HTTP status 200 without a GraphQL answer"),
    "strange errors": (500, b'{"errors": "down"}', "Hasura refused the mutation: down"),
    "strange cause": (
        200,
        b'{"errors": [{"message": "no", "extensions": {"internal": {"error": "x"}}}]}',
        "Hasura refused the mutation: no",
    ),
    "postgresql's words": (
        200,
        b'{"errors": [{"message": "no", "extensions": {"internal": {"error": {"message": "disk full"}}}}]}',
        "Hasura refused the mutation: no: disk full",
    ),
}


@pytest.mark.parametrize("case", ANSWERS_THAT_FAIL)
def test_an_answer_that_wrote_nothing_is_logged_and_the_user_may_sign_in(user_sync, hasura, capsys, case):
    hasura.status, hasura.answer, error = ANSWERS_THAT_FAIL[case]
    assert user_sync.handler(event(), None) == event()
    line = json.loads(capsys.readouterr().out)
    assert line["error"] == error
    assert line["level"] == "error"
    assert line["sub"] == SUB


@pytest.mark.parametrize(
    "message",
    [
        "field 'email' not found in type: 'users_insert_input'",
        "expected one of the values ['id'] for type 'users_update_column', but found 'email'",
        'database query error: column "email" of relation "users" does not exist',
        'database query error: column users.email does not exist: column "@1.email" does not exist',
    ],
)
def test_a_column_that_the_table_lacks_is_named_with_the_next_step(user_sync, hasura, capsys, message):
    hasura.answer = json.dumps({"errors": [{"message": message}]}).encode()
    user_sync.handler(event(), None)
    said = json.loads(capsys.readouterr().out)["error"]
    assert said == (
        f"Hasura refused the mutation: {message}. The table users has no column email: "
        "add it with a migration, and have Hasura reload its metadata"
    )


@pytest.mark.parametrize("case", ANSWERS_THAT_FAIL)
def test_deny_refuses_the_user_without_saying_why(user_sync, hasura, monkeypatch, case):
    monkeypatch.setenv("SYNC_ON_FAILURE", "deny")
    hasura.status, hasura.answer, _ = ANSWERS_THAT_FAIL[case]
    with pytest.raises(RuntimeError, match=r"^The user could not be saved, please try again later$"):
        user_sync.handler(event(), None)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://localhost/", "http://localhost:port/"])
def test_a_url_that_cannot_be_used_does_not_stop_a_sign_in(load, capsys, url):
    function = load("user_sync", HASURA_GRAPHQL_URL=url, HASURA_ADMIN_SECRET=SECRET)
    assert function.handler(event(), None) == event()
    assert json.loads(capsys.readouterr().out)["level"] == "error"


def test_hasura_being_down_is_told_at_once(load, capsys, refusing_port):
    url = f"http://127.0.0.1:{refusing_port}/v1/graphql"
    function = load("user_sync", HASURA_GRAPHQL_URL=url, HASURA_ADMIN_SECRET=SECRET)
    started = time.monotonic()
    assert function.handler(event(), None) == event()
    assert time.monotonic() - started < function.TOTAL_SECONDS
    assert json.loads(capsys.readouterr().out)["error"] == "no answer from 127.0.0.1: ConnectionRefusedError"


@pytest.mark.parametrize("trouble", [{"silent": True}, {"drip": "head"}, {"drip": "body"}], ids=str)
def test_a_slow_hasura_costs_no_more_than_the_budget(user_sync, hasura, capsys, monkeypatch, trouble):
    monkeypatch.setattr(user_sync, "TOTAL_SECONDS", 0.5)
    vars(hasura).update(trouble)
    started = time.monotonic()
    assert user_sync.handler(event(), None) == event()
    assert time.monotonic() - started < 8  # The fake needs 8 seconds for its drops, and 20 when it is silent.
    assert json.loads(capsys.readouterr().out)["error"] == "no answer from 127.0.0.1: TimeoutError"


def test_after_a_failure_the_next_event_works(user_sync, hasura, monkeypatch):
    monkeypatch.setattr(user_sync, "TOTAL_SECONDS", 0.2)
    hasura.silent = True
    user_sync.handler(event(), None)
    hasura.silent = False
    monkeypatch.setattr(user_sync, "TOTAL_SECONDS", 10)
    monkeypatch.setenv("SYNC_ON_FAILURE", "deny")
    assert user_sync.handler(event(), None) == event()


def test_an_event_without_a_sub_writes_nothing(user_sync, hasura, capsys):
    given = event()
    del given["request"]["userAttributes"]["sub"]
    assert user_sync.handler(given, None) == given
    assert hasura.requests == []
    assert json.loads(capsys.readouterr().out)["error"] == "the event has no sub attribute"


def test_the_log_is_one_line_without_the_secret_or_the_address(user_sync, capsys):
    user_sync.handler(event(), None)
    printed = capsys.readouterr().out
    line = json.loads(printed)
    assert printed.count("\n") == 1
    assert (line["message"], line["trigger"]) == ("user synced", "PostAuthentication_Authentication")
    assert SECRET not in printed
    assert "ada@example.com" not in printed

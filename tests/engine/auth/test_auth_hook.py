"""The authentication hook against a real web service on loopback, alone and behind an engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from orchestrator.engine.auth.auth_hook import AuthHook, HookClient, expiry
from orchestrator.engine.auth.session import AuthConfig, Authenticator
from orchestrator.engine.errors import EngineError
from tests.engine.conftest import start_engine, stop_engine
from tests.engine.web_hook import Hook, serving

ADMIN = {"x-hasura-admin-secret": "secret"}
NOW = 1_700_000_000.0
USER = {"X-Hasura-Role": "user", "X-Hasura-User-Id": "7"}


@pytest.fixture
def hook() -> Iterator[Hook]:
    with serving(USER) as hook:
        yield hook


async def session_of(setting: AuthHook, headers: dict[str, str], body: bytes = b"") -> Any:
    client = HookClient(setting, lambda: NOW)
    try:
        return await Authenticator(AuthConfig(("secret",), hook=setting), ask_hook=client.session).admit(headers, body)
    finally:
        await client.close()


async def test_a_get_has_the_clients_headers_but_those_of_its_connection(hook: Hook) -> None:
    sent = {"authorization": "Token é", "cookie": "a=b", "host": "app.test", "content-length": "999", "origin": "x"}
    session = await session_of(AuthHook(hook.url), sent)
    assert (session.role, session.variables) == ("user", {"x-hasura-role": "user", "x-hasura-user-id": "7"})
    assert not session.backend_only
    ((method, headers, _),) = hook.asked
    assert method == "GET"
    assert headers["cookie"] == "a=b"
    assert headers["authorization"].encode("latin-1").decode() == "Token é"
    assert headers["host"] != "app.test"
    assert "origin" not in headers


async def test_a_post_has_the_headers_and_the_request_in_its_body(hook: Hook) -> None:
    request = {"query": "{ a }", "variables": {"b": 1}}
    await session_of(AuthHook(hook.url, posts=True), {"x-a": "1", "host": "app.test"}, json.dumps(request).encode())
    await session_of(AuthHook(hook.url, posts=True), {"x-a": "1"}, b"no json")
    await session_of(AuthHook(hook.url, posts=True, sends_request=False), {"x-a": "1"}, b"{}")
    assert [(method, body) for method, _, body in hook.asked] == [
        ("POST", {"headers": {"x-a": "1", "host": "app.test"}, "request": request}),
        ("POST", {"headers": {"x-a": "1"}, "request": None}),
        ("POST", {"headers": {"x-a": "1"}}),
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, b""), ("access-denied", "Authentication hook unauthorized this request", 401)),
        ((403, b""), ("unexpected", "Invalid response from authorization hook", 500)),
        ((204, b""), ("unexpected", "Invalid response from authorization hook", 500)),
        (
            (200, b"<html>"),
            ("unexpected", "Invalid response from authorization hook: Error in $: not valid JSON", 500),
        ),
        (
            (200, []),
            (
                "unexpected",
                (
                    "Invalid response from authorization hook: Error in $: "
                    "parsing HashMap failed, expected Object, but encountered Array"
                ),
                500,
            ),
        ),
        (
            (200, {"X-Hasura-User-Id": 7}),
            (
                "unexpected",
                (
                    "Invalid response from authorization hook: Error in $['X-Hasura-User-Id']: "
                    "parsing Text failed, expected String, but encountered Number"
                ),
                500,
            ),
        ),
        ((200, {}), ("invalid-params", "x-hasura-role not found in session variables", 400)),
        ((200, {"X-Hasura-Role": ""}), ("invalid-params", "x-hasura-role not found in session variables", 400)),
    ],
)
async def test_what_is_no_session_is_an_error(hook: Hook, answer: tuple[int, Any], error: tuple[str, str, int]) -> None:
    hook.answer = answer
    with pytest.raises(EngineError) as caught:
        await session_of(AuthHook(hook.url), {})
    assert (caught.value.code, caught.value.message, caught.value.status) == error


async def test_a_hook_that_is_not_there_is_an_error_of_the_servers() -> None:
    with pytest.raises(EngineError, match="webhook authentication request failed") as caught:
        await session_of(AuthHook("http://127.0.0.1:1/hook"), {})
    assert caught.value.status == 500


async def test_the_admin_secret_asks_no_hook(hook: Hook) -> None:
    assert (await session_of(AuthHook(hook.url), {"x-hasura-admin-secret": "secret"})).is_admin
    with pytest.raises(EngineError, match="invalid"):
        await session_of(AuthHook(hook.url), {"x-hasura-admin-secret": "wrong"})
    assert hook.asked == []


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public, max-age=60"}, 60),
        ({"Cache-Control": "no-store"}, None),
        ({"Cache-Control": "max-age=soon"}, None),
        ({"Expires": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"Expires": "tomorrow"}, None),
    ],
)
def test_the_answer_says_how_long_a_connection_may_last(answer: dict[str, str], seconds: float | None) -> None:
    assert expiry(answer, at=NOW) == (None if seconds is None else NOW + seconds)


def test_an_engine_asks_its_hook_about_each_request(database: str, hook: Hook) -> None:
    engine = start_engine(
        database,
        HASURA_GRAPHQL_ADMIN_SECRET="secret",
        HASURA_GRAPHQL_AUTH_HOOK=hook.url,
        HASURA_GRAPHQL_AUTH_HOOK_MODE="POST",
    )
    assert engine.client.get("/v1alpha1/config", headers=ADMIN).json()["is_auth_hook_set"] is True
    assert engine.data("{ __typename }", authorization="Token 1") == {"__typename": "query_root"}
    assert hook.asked[0][2]["headers"]["authorization"] == "Token 1"
    assert hook.asked[0][2]["request"]["query"] == "{ __typename }"
    hook.answer = (401, b"")
    refused = ("access-denied", "$", "Authentication hook unauthorized this request")
    assert engine.error("{ __typename }") == refused
    answer = engine.post("/v1/metadata", {"type": "export_metadata", "args": {}})
    assert (answer.status_code, answer.json()["error"]) == (401, refused[2])
    log = stop_engine(engine)
    assert "Traceback" not in log

"""What a request transform makes of a webhook's request is shown without sending it."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.engine.commands import Call, Context, find
from orchestrator.engine.consistency.inconsistency import Databases
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Metadata


def show(**args: Any) -> Any:
    given = {"webhook_url": "http://app.test/hook", "body": {"name": "Ada"}, **args}
    call = Call(Metadata(), JsonValue(given, "$.args"), Context(Databases({}), environ={"HOOK": "http://own.test"}))
    return find("test_webhook_transform")(call).answer


def test_without_changes_the_request_is_shown_as_it_is() -> None:
    assert show(request_transform={"version": 2}) == {
        "webhook_url": "http://app.test/hook",
        "method": "POST",
        "headers": [],
        "body": {"name": "Ada"},
    }


def test_every_part_is_a_template() -> None:
    transform = {
        "url": "{{$base_url}}/users?a=1",
        "method": "put",
        "query_params": {"who": "{{$body.name}} L", "none": None},
        "request_headers": {"add_headers": {"X-Role": "{{$session_variables['x-hasura-role']}}"}},
        "body": {"action": "transform", "template": '{"id": {{$body.name}}}'},
    }
    assert show(request_transform=transform, session_variables={"x-hasura-role": "user"}) == {
        "webhook_url": "http://app.test/hook/users?a=1&none=&who=Ada+L",
        "method": "PUT",
        "headers": [["x-role", "user"]],
        "body": {"id": "Ada"},
    }


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("[{{$body.name}}]", ["Ada"]),
        ({"action": "remove"}, ""),
        ({"action": "x_www_form_urlencoded", "form_template": {"b": "1&2", "a": "{{$body.name}}"}}, "a=Ada&b=1%262"),
    ],
)
def test_the_body_is_a_template_a_form_or_nothing(body: Any, shown: Any) -> None:
    assert show(request_transform={"body": body})["body"] == shown


def test_the_address_may_come_from_the_environment() -> None:
    url = {"from_env": "HOOK"}
    assert show(webhook_url=url, request_transform={})["webhook_url"] == "http://own.test"
    assert show(webhook_url=url, env={"HOOK": "http://x"}, request_transform={})["webhook_url"] == "http://x"


def test_a_template_that_does_not_read_is_told_by_the_side_it_is_on() -> None:
    broken = {"body": {"action": "transform", "template": "{{"}}
    for side, args in (
        ("request", {"request_transform": broken}),
        ("response", {"request_transform": {}, "response_transform": broken}),
    ):
        with pytest.raises(EngineError, match=f"{side} transform validation failed") as caught:
            show(**args)
        assert caught.value.internal[0]["error_code"] == "Parse Error"


@pytest.mark.parametrize(
    ("transform", "path"),
    [
        ({"url": 1}, "$.args.request_transform.url"),
        ({"method": "DROP"}, "$.args.request_transform.method"),
        ({"body": {"action": "burn"}}, "$.args.request_transform.body.action"),
        ({"query_params": {"a": []}}, "$.args.request_transform.query_params.a"),
    ],
)
def test_what_is_no_transform_is_refused_where_it_stands(transform: Any, path: str) -> None:
    with pytest.raises(EngineError) as caught:
        show(request_transform=transform)
    assert (caught.value.code, caught.value.path) == ("parse-failed", path)

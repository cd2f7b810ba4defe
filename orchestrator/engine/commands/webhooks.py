"""The command that shows what a transform makes of a webhook's request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrator.engine.commands.command import Call, Result, refusal
from orchestrator.engine.commands.sources import from_env
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.transform.kriti import KritiError
from orchestrator.engine.transform.webhook import (
    Body,
    FormBody,
    JsonBody,
    NoBody,
    Transform,
    transformed,
    transformed_body,
)

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def show_webhook_transform(call: Call) -> Result:
    """`test_webhook_transform`: nothing is sent anywhere."""
    url, body = webhook_url(call), call.args["body"].json
    session = {name: value.text() for name, value in call.args.members_of("session_variables").items()}
    request = read_transform(call.args["request_transform"])
    response = call.args.optional("response_transform", read_transform, Transform())
    try:
        shown = transformed(request, url=url, body=body, session_variables=session)
    except KritiError as error:
        raise refusal("validation-failed", "request transform validation failed", [error.as_json()]) from error
    try:
        transformed_body(response.body, {"$body": shown.body, "$session_variables": session})
    except KritiError as error:
        raise refusal("validation-failed", "response transform validation failed", [error.as_json()]) from error
    return Result(call.metadata, shown.as_json())


def webhook_url(call: Call) -> str:
    """The address, straight or by a variable of those that the arguments bring along, or of the engine's own."""
    given = call.args["webhook_url"]
    if isinstance(given.json, str):
        return given.text()
    brought = {name: value.text() for name, value in call.args.members_of("env").items()}
    return from_env(given["from_env"].text(), {**call.context.environ, **brought})


def read_transform(value: JsonValue) -> Transform:
    headers, query = value.get("request_headers"), value.get("query_params")
    method = value.optional_text("method")
    if method is not None and method.upper() not in METHODS:
        raise value["method"].refuse(f"expected one of {', '.join(METHODS)}")
    return Transform(
        url=value.optional_text("url"),
        method=method and method.upper(),
        query=read_query(query) if query else "",
        headers=texts_of(headers, "add_headers") if headers else {},
        body=value.optional("body", read_body, None),
    )


def read_query(value: JsonValue) -> Mapping[str, str] | str:
    if isinstance(value.json, str):
        return value.text()
    return {name: "" if item.json is None else item.text() for name, item in value.members().items()}


def read_body(value: JsonValue) -> Body:
    """By version 1 a template, by version 2 what to do."""
    if isinstance(value.json, str):
        return JsonBody(value.text())
    action = value["action"].text()
    if action == "remove":
        return NoBody()
    if action == "transform":
        return JsonBody(value["template"].text())
    if action == "x_www_form_urlencoded":
        return FormBody(texts_of(value, "form_template"))
    raise value["action"].refuse("expected remove, transform or x_www_form_urlencoded")


def texts_of(value: JsonValue, key: str) -> dict[str, str]:
    return {name: item.text() for name, item in value.members_of(key).items()}

"""AWS's `runtime_client` in pure Python, for systems that its C++ original does not build on (macOS).

awslambdaric imports it by this name. A worker finds it on its PYTHONPATH.
"""

from __future__ import annotations

import http.client
import os

_PREFIX = "/2018-06-01/runtime/invocation"
_connection: http.client.HTTPConnection | None = None
_user_agent = ""


def initialize_client(user_agent: str) -> None:
    global _user_agent
    _user_agent = user_agent


def next() -> tuple[bytes, dict[str, str]]:  # noqa: A001
    """The event's bytes and the headers that came with it."""
    status, headers, body = _request("GET", f"{_PREFIX}/next")
    if status != 200:
        raise RuntimeError(f"Failed to get next invocation. Http response code: {status}.")
    return body, headers


def post_invocation_result(
    request_id: str, content: bytes, content_type: str, _invocation_id: str | None = None
) -> None:
    status, _, _ = _request("POST", f"{_PREFIX}/{request_id}/response", content, {"content-type": content_type})
    if status >= 300:
        raise RuntimeError(f"Failed to post handler success response. Http response code: {status}.")


def post_error(request_id: str, error: str, xray_fault: str, _invocation_id: str | None = None) -> None:
    headers = {"content-type": "application/json", "lambda-runtime-function-xray-error-cause": xray_fault}
    # A header is one line of Latin-1, and this one is for X-Ray only.
    headers = {name: value for name, value in headers.items() if value.isascii() and "\n" not in value}
    status, _, _ = _request("POST", f"{_PREFIX}/{request_id}/error", error.encode(), headers)
    if status >= 300:
        raise RuntimeError(f"Failed to post handler error response. Http response code: {status}.")


def _request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    global _connection
    if _connection is None:
        _connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    _connection.request(method, path, body, {"user-agent": _user_agent, **(headers or {})})
    response = _connection.getresponse()
    return response.status, {name.title(): value for name, value in response.getheaders()}, response.read()

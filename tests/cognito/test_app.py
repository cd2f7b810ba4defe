"""The AWS JSON protocol as it is on the wire, CORS, and what no client library would send."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import CLIENT, Running, error_of

TARGET = "AWSCognitoIdentityProviderService."
JSON = "application/x-amz-json-1.1"


def send(
    cognito: Running, method: str, path: str = "/", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, and body."""
    connection = http.client.HTTPConnection(urlsplit(cognito.url).netloc, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def call(cognito: Running, operation: str, body: Any) -> tuple[int, dict[str, str], Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, headers, answer = send(cognito, "POST", "/", data, X_Amz_Target=TARGET + operation, Content_Type=JSON)
    return status, headers, json.loads(answer)


def test_an_answer_is_amazons_json(cognito: Running) -> None:
    status, headers, body = call(cognito, "ListUserPools", {"MaxResults": 1})
    assert (status, headers["content-type"]) == (200, JSON)
    assert len(headers["x-amzn-requestid"]) == 36
    assert len(body["UserPools"]) == 1


def test_an_error_is_in_the_body_and_the_header(cognito: Running) -> None:
    status, headers, body = call(cognito, "SignUp", {"ClientId": "unknown", "Username": "ann", "Password": "x"})
    assert status == 400
    assert headers["x-amzn-errortype"] == "ResourceNotFoundException"
    assert body == {"__type": "ResourceNotFoundException", "message": "User pool client unknown does not exist."}


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("Nonsense", {}, "UnknownOperationException"),
        ("", {}, "UnknownOperationException"),
        ("SignUp", b"{", "SerializationException"),
        ("SignUp", b"\xff", "SerializationException"),
        ("SignUp", b"[" * 100_000, "SerializationException"),
        ("SignUp", [], "SerializationException"),
        ("SignUp", b'{"ClientId": "\\ud800", "Username": "x"}', "SerializationException"),
        ("SignUp", {"ClientId": 1}, "SerializationException"),
        ("SignUp", b"", "InvalidParameterException"),
        ("SignUp", {"ClientId": CLIENT, "Username": "a\x00b"}, "InvalidParameterException"),
        ("ListUsers", b'{"UserPoolId": "a_1", "Limit": 99999999999999999999999}', "SerializationException"),
        ("SignUp", b'{"ClientId": "' + b"x" * 1_100_000 + b'"}', "SerializationException"),
    ],
)
def test_whatever_is_sent_is_answered_with_an_error_of_the_client(
    cognito: Running, operation: str, body: Any, code: str
) -> None:
    status, _, answer = call(cognito, operation, body)
    assert (status, answer["__type"]) == (400, code)
    assert "Traceback" not in answer["message"]


def test_an_operation_that_is_missing_here_says_so(cognito: Running) -> None:
    assert error_of(cognito.api.list_terms, UserPoolId="p_1") == (
        "InvalidParameterException",
        "The operation ListTerms is missing in this emulator.",
    )


def test_null_counts_as_absent_on_the_wire(cognito: Running) -> None:
    body = {"ClientId": CLIENT, "Username": "ann", "Password": "Correct-Horse-1", "ValidationData": None}
    status, _, answer = call(cognito, "SignUp", body)
    assert (status, answer["UserConfirmed"]) == (200, False)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/us-east-1_Test1/.well-known/jwks.json", "/_local/health"])
def test_every_answer_is_for_pages_of_any_origin(cognito: Running, path: str) -> None:
    for method in ("GET", "POST"):
        _, headers, _ = send(cognito, method, path, b"{}", Origin="http://localhost:3000")
        assert headers["access-control-allow-origin"] == "*"


def test_a_preflight_allows_the_headers_it_asks_for(cognito: Running) -> None:
    status, headers, _ = send(
        cognito,
        "OPTIONS",
        Origin="http://localhost:3000",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,x-amz-target,x-amz-user-agent",
    )
    assert status == 200
    assert headers["access-control-allow-headers"] == "authorization,x-amz-target,x-amz-user-agent"
    assert "POST" in headers["access-control-allow-methods"]


def test_health_is_told(cognito: Running) -> None:
    status, _, body = send(cognito, "GET", "/_local/health")
    assert (status, json.loads(body)) == (200, {"status": "ok"})

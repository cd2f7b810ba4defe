"""The handler's own signature beside botocore's."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

TEXT = some.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-_. ", min_size=1, max_size=80)
NAMES = some.from_regex(r"[a-z0-9][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)


@pytest.fixture
def sigv4(load):
    load("user_sync")
    import sigv4

    return sigv4


def by_botocore(url: str, headers: dict, body: bytes, credentials: tuple, service: str, region: str, at: datetime):
    request = AWSRequest("POST", url, headers, body)
    with patch("botocore.auth.get_current_datetime", lambda: at.replace(tzinfo=None)):
        SigV4Auth(Credentials(*credentials), service, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=some.binary(max_size=300),
    table=TEXT,
    key_id=some.from_regex(r"A[SK]IA[A-Z0-9]{16}", fullmatch=True),
    secret=TEXT,
    token=some.none() | TEXT.map(str.strip).filter(bool),
    service=NAMES,
    region=NAMES,
    host=some.sampled_from(["localhost:8000", "127.0.0.1:4566", "dynamodb.eu-central-1.amazonaws.com", "[::1]:8000"]),
    path=some.sampled_from(["/", "/aws/", "/a b/ä~", "/a%20b"]),
    at=some.datetimes(min_value=datetime(2000, 1, 1), timezones=some.just(UTC)),
)
def test_it_is_byte_for_byte_botocores(
    sigv4, body, table, key_id, secret, token, service, region, host, path, at
) -> None:
    headers = {"content-type": "application/x-amz-json-1.0", "host": host, "x-amz-target": table.strip() or "x"}
    ours = sigv4.signed(
        headers,
        body,
        path=path,
        service=service,
        region=region,
        credentials=sigv4.Credentials(key_id, secret, token),
        at=at,
    )
    theirs = by_botocore(f"http://{host}{path}", headers, body, (key_id, secret, token), service, region, at)
    assert ours == theirs

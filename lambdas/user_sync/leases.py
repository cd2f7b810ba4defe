"""The leases in DynamoDB, by which running stacks say where their gateways are: one item for each app client.

`hasura-cognito up` writes one, `{client_id, owner, url, key, expires_at, proved_at}`, and renews it; `down` deletes it.
Whoever closes the computer before that leaves one that expires two minutes later.
"""

from __future__ import annotations

import json
import os
import time
from collections import namedtuple
from datetime import UTC, datetime

import http_json
import sigv4
from failures import NobodyThere, SyncFailed

READ_SECONDS = 1.0
KEPT_SECONDS = 5.0

# url and key are the gateway's. expires_at: seconds since the epoch. proved_at: when the stack last reached its gateway
# through the tunnel; here it only matters whether it has changed.
Lease = namedtuple("Lease", "url key expires_at proved_at")

TOO_OFTEN = "it is asked too often; the next sign-in tries again"
# What helps against an error of DynamoDB. Its own message is not logged: it may quote the session token.
ADVICE = {
    "AccessDeniedException": "the function's role needs dynamodb:GetItem on this table",
    "ExpiredTokenException": "the function's credentials are too old; AWS renews them",
    "InvalidSignatureException": "the function's credentials or its clock are wrong",
    "ProvisionedThroughputExceededException": TOO_OFTEN,
    "RequestLimitExceeded": TOO_OFTEN,
    "ResourceNotFoundException": "deploy the template with DeveloperLeases=true, or unset SYNC_LEASE_TABLE",
    "ThrottlingException": TOO_OFTEN,
    "UnrecognizedClientException": "the function's credentials are none of this account",
}

_kept = {}  # client id: (its lease, until when by time.monotonic() the table need not be asked)


def kept(client_id):
    """The lease that was read a few seconds ago and has not expired; None if there is none."""
    lease, until = _kept.get(client_id, (None, 0))
    return lease if lease and time.monotonic() < until and time.time() < lease.expires_at else None


def read(table, client_id, *, deadline):
    """The lease of this app client. Raises NobodyThere if there is none or it has expired, else SyncFailed."""
    item = _item(table, client_id, deadline=min(deadline, time.monotonic() + READ_SECONDS))
    if item is None:
        raise NobodyThere(f"no stack is up for the app client {client_id}; `hasura-cognito up` registers one")
    try:
        lease = Lease(item["url"]["S"], item["key"]["S"], float(item["expires_at"]["N"]), item["proved_at"]["N"])
    except (KeyError, TypeError, ValueError):
        raise SyncFailed(f"the lease of {client_id} in {table} lacks url, key, expires_at or proved_at") from None
    ago = time.time() - lease.expires_at
    if ago >= 0:
        raise NobodyThere(
            f"the lease of the app client {client_id} ran out {ago:.0f} s ago; "
            "is its stack up (`hasura-cognito status`), and the clock of its computer right?"
        )
    _kept[client_id] = (lease, time.monotonic() + KEPT_SECONDS)
    return lease


def _item(table, client_id, *, deadline):
    """GetItem: the attributes of the item with their types (`{"url": {"S": "…"}}`), or None."""
    body = json.dumps({"TableName": table, "Key": {"client_id": {"S": client_id}}, "ConsistentRead": True}).encode()
    try:
        region, credentials = os.environ["AWS_REGION"], _credentials(os.environ)
        address = http_json.address_of(_endpoint(os.environ, region))
    except (KeyError, ValueError):
        raise SyncFailed(
            "DynamoDB cannot be asked: the environment lacks AWS_REGION, AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY, "
            "or AWS_ENDPOINT_URL is no URL"
        ) from None

    def headers():
        named = {
            "content-type": "application/x-amz-json-1.0",
            "host": http_json.host_of(address),
            "x-amz-target": "DynamoDB_20120810.GetItem",
        }
        at, path = datetime.now(UTC), address.path or "/"
        return sigv4.signed(named, body, path=path, service="dynamodb", region=region, credentials=credentials, at=at)

    try:
        answer = http_json.post(address, body, headers, deadline=deadline)
    except http_json.NO_ANSWER as error:
        raise SyncFailed(f"no answer from DynamoDB at {address.hostname}: {type(error).__name__}") from error
    document = answer.document
    if answer.status != 200 or document is None:
        raise SyncFailed(f"DynamoDB does not read the table {table} in {region}: {_problem(answer.status, document)}")
    return document.get("Item")


def _problem(status, document):
    code = str((document or {}).get("__type", f"HTTP status {status}")).rpartition("#")[2]
    return f"{code}; {ADVICE[code]}" if code in ADVICE else code


def _credentials(environ):
    """Those that Lambda gives a function: its role's."""
    return sigv4.Credentials(
        environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN")
    )


def _endpoint(environ, region):
    """Where the SDKs would find DynamoDB: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html"""
    return (
        environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        or environ.get("AWS_ENDPOINT_URL")
        or f"https://dynamodb.{region}.amazonaws.com"
    )

"""Where the mutation goes: by a lease or by the environment to a gateway, or straight to Hasura."""

from __future__ import annotations

import math
import os
import time
from collections import namedtuple

import gateway
import http_json
import leases
from failures import NobodyThere, SyncFailed, Unreachable

AGAIN_SECONDS = 30.0  # For a tunnel that has no lease, whose change would tell when it is worth another try.

Reply = namedtuple("Reply", "document by")  # The GraphQL answer, and whose it is.

_silent = {}  # URL of a tunnel that did not answer: (its proved_at then, when by time.monotonic() it is tried again)


def needs_tls(environ):
    """Whether HTTPS will be spoken, to DynamoDB or to what a URL names."""
    urls = (environ.get("SYNC_GATEWAY_URL", ""), environ.get("HASURA_GRAPHQL_URL", ""))
    return bool(environ.get("SYNC_LEASE_TABLE")) or any(url.startswith("https:") for url in urls)


def send(body, client_id, *, deadline):
    """The reply to this GraphQL request about a user of this app client, if any. Raises SyncFailed."""
    if table := os.environ.get("SYNC_LEASE_TABLE"):
        return _by_lease(table, client_id, body, deadline=deadline)
    if url := os.environ.get("SYNC_GATEWAY_URL"):
        key = os.environ.get("SYNC_GATEWAY_KEY")
        if not key:
            raise SyncFailed("SYNC_GATEWAY_URL is set, but SYNC_GATEWAY_KEY is not")
        return _through(url, key, body, deadline=deadline, silent_seconds=AGAIN_SECONDS)
    if url := os.environ.get("HASURA_GRAPHQL_URL"):
        return _to_hasura(url, os.environ.get("HASURA_ADMIN_SECRET"), body, deadline=deadline)
    raise NobodyThere("none of SYNC_LEASE_TABLE, SYNC_GATEWAY_URL and HASURA_GRAPHQL_URL says where Hasura is")


def _by_lease(table, client_id, body, *, deadline):
    if not client_id:
        raise NobodyThere("the event is of no app client, so that it is nobody's; a sign-in will write the row")
    kept = leases.kept(client_id)
    lease = kept or leases.read(table, client_id, deadline=deadline)
    try:
        return _through(lease.url, lease.key, body, deadline=deadline, proved_at=lease.proved_at)
    except Unreachable:
        newer = leases.read(table, client_id, deadline=deadline) if kept else lease
        if newer.url == lease.url:
            raise
    return _through(newer.url, newer.key, body, deadline=deadline, proved_at=newer.proved_at)


def _through(url, key, body, *, deadline, proved_at=None, silent_seconds=math.inf):
    """The gateway's reply. A tunnel without an answer is let be for so long, or until it was proved anew."""
    proof, until = _silent.get(url, (None, 0))
    if proof == proved_at and time.monotonic() < until:
        raise NobodyThere("the tunnel did not answer a while ago; `hasura-cognito status` tells how it is")
    try:
        document = gateway.post(url, key, body, deadline=deadline)
    except Unreachable:
        _silent[url] = (proved_at, time.monotonic() + silent_seconds)
        raise
    _silent.pop(url, None)
    return Reply(document, "the gateway")


def _to_hasura(url, secret, body, *, deadline):
    try:
        address = http_json.address_of(url)
    except ValueError:
        raise SyncFailed("HASURA_GRAPHQL_URL must be an http or https URL") from None
    headers = {"content-type": "application/json"}
    if secret:
        headers["x-hasura-admin-secret"] = secret
    try:
        answer = http_json.post(address, body, lambda: headers, deadline=deadline)
    except http_json.NO_ANSWER as error:
        raise SyncFailed(f"no answer from {address.hostname}: {type(error).__name__}") from error
    if answer.document is None:
        raise SyncFailed(f"HTTP status {answer.status} without a GraphQL answer")
    return Reply(answer.document, "Hasura")

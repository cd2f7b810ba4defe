"""Cognito's Post Confirmation and Post Authentication triggers: keep the row of the user in Hasura's `users` table.

One GraphQL mutation, in mutation.graphql, inserts the row or brings it up to date. The row's key is the user's `sub`,
which is also the `x-hasura-user-id` of the tokens. Cognito may deliver an event up to three times, and two events may
overtake each other on their way: the row is the same every time, and an older event never overwrites a newer one.

Environment:
  HASURA_GRAPHQL_URL   for example https://hasura.example.com/v1/graphql
  HASURA_ADMIN_SECRET  sent as x-hasura-admin-secret
  SYNC_ON_FAILURE      allow (default): the user signs in although the row could not be written; one line in the log
                       deny: Cognito refuses the confirmation or the sign-in

Which trigger writes what:
  username, email, email_verified  always, as Cognito has them now: an address that was removed becomes null
  synced_at                        when this was so: it decides which of two events is the newer one
  deleted_at                       null: whoever signs in is there (`hasura-cognito users sync --delete` sets it)
  last_sign_in_at                  when the user signs in: Post Authentication, and Post Confirmation for a social
                                   user, whose first sign-in Cognito reports like that only
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

CONNECT_SECONDS = 1.0
TOTAL_SECONDS = 2.5  # Cognito waits for 5 seconds, cold start included.
IDLE_SECONDS = 50.0  # Past this, gateways on the way may have forgotten the connection without saying so.

MUTATION = Path(__file__).with_name("mutation.graphql").read_text(encoding="utf-8")


class SyncFailed(Exception):
    """The row was not written. The message is for the log and holds no secret."""


def handler(event, _context):
    """The event as it came. Raises an error, which makes Cognito refuse the user, only when SYNC_ON_FAILURE is deny."""
    started = time.monotonic()
    try:
        written = sync(user_row(event, now=datetime.now(UTC)), deadline=started + TOTAL_SECONDS)
    except SyncFailed as error:
        log("error", "user not synced", event, started, error=str(error))
        if os.environ.get("SYNC_ON_FAILURE", "allow") == "deny":
            raise RuntimeError("The user could not be saved, please try again later") from None
    else:
        log("info", "user synced" if written else "user not synced: a newer event was first", event, started)
    return event


def user_row(event, *, now):
    """The columns that this event tells. `sub` is the key: with social sign-in, `userName` is another value."""
    attributes = event["request"]["userAttributes"]
    if "sub" not in attributes:
        raise SyncFailed("the event has no sub attribute")
    row = {
        "id": attributes["sub"],
        "username": event.get("userName", attributes["sub"]),
        "email": attributes.get("email"),
        "email_verified": attributes.get("email_verified") == "true",
        "synced_at": now.isoformat(),
        "deleted_at": None,
    }
    if event["triggerSource"].startswith("PostAuthentication") or is_social(attributes):
        row["last_sign_in_at"] = now.isoformat()
    return row


def is_social(attributes):
    """Whether the user came from Google, Facebook, Apple, SAML or OpenID Connect."""
    return attributes.get("cognito:user_status") == "EXTERNAL_PROVIDER"


def sync(row, *, deadline):
    """Insert the row, or update its columns if it is there; False where a newer event has written them before."""
    columns = [column for column in row if column != "id"]
    variables = {"user": row, "columns": columns, "at": row["synced_at"]}
    answer = post({"query": MUTATION, "variables": variables}, deadline=deadline)
    if answer.get("errors"):
        raise SyncFailed(f"Hasura refused the mutation: {reason(answer['errors'])}")
    data = answer.get("data")
    if not isinstance(data, dict) or "insert_users_one" not in data:
        raise SyncFailed("Hasura's answer tells of no row")
    return data["insert_users_one"] is not None


def reason(errors):
    first = errors[0] if isinstance(errors, list) else errors
    return str(first.get("message") if isinstance(first, dict) else first)[:500]


# From here on: JSON over a connection that stays open between two invocations of this Lambda.

_kept = None  # (address, connection, time of its last use)


def post(document, *, deadline):
    """Hasura's answer to this GraphQL request."""
    url = os.environ.get("HASURA_GRAPHQL_URL", "")
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SyncFailed("HASURA_GRAPHQL_URL must be an http or https URL")
    headers = {"content-type": "application/json", "connection": "keep-alive"}
    if secret := os.environ.get("HASURA_ADMIN_SECRET"):
        headers["x-hasura-admin-secret"] = secret
    body = json.dumps(document).encode()
    try:
        status, answer = send(address, body, headers, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SyncFailed(f"no answer from {address.hostname}: {type(error).__name__}") from error
    return parsed(status, answer)


def parsed(status, answer):
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise SyncFailed(f"HTTP status {status} without a GraphQL answer")
    return document


def send(address, body, headers, deadline):
    """Status and body. A kept connection that turns out to be closed is replaced once: the mutation is idempotent."""
    connection = take_kept(address)
    if connection is not None:
        try:
            return exchange(connection, address, body, headers, deadline)
        except TimeoutError:
            raise
        except (OSError, http.client.BadStatusLine):
            pass
    return exchange(connect(address, deadline), address, body, headers, deadline)


def take_kept(address):
    """The open connection to this address, if there is one that was used a moment ago."""
    global _kept
    kept, _kept = _kept, None
    if kept is None:
        return None
    kept_address, connection, used = kept
    if kept_address == address and time.time() - used < IDLE_SECONDS:
        return connection
    connection.close()
    return None


def connect(address, deadline):
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    port = address.port or kind.default_port
    connection = kind(address.hostname, port, timeout=min(CONNECT_SECONDS, seconds_left(deadline)))
    connection.connect()
    return connection


def exchange(connection, address, body, headers, deadline):
    """Status and body of one request. The connection is kept if it can be used again, else closed."""
    global _kept
    reusable = False
    try:
        connection.sock.settimeout(seconds_left(deadline))
        connection.request("POST", address.path or "/", body, headers)
        response = connection.getresponse()
        answer = read(response, connection, deadline)
        reusable = connection.sock is not None
        return response.status, answer
    finally:
        if reusable:
            _kept = (address, connection, time.time())
        else:
            connection.close()


def read(response, connection, deadline):
    """The whole body, in the time that is left even if it comes in drops."""
    parts = []
    while part := response.read1():
        parts.append(part)
        if connection.sock is not None:
            connection.sock.settimeout(seconds_left(deadline))
    response.close()  # Says that all was read; the connection stays open.
    return b"".join(parts)


def seconds_left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def log(level, message, event, started, **more):
    """One line of JSON for CloudWatch: who and what, never a token, a password or the admin secret."""
    attributes = event["request"]["userAttributes"]
    line = {
        "level": level,
        "message": message,
        "trigger": event["triggerSource"],
        "sub": attributes.get("sub"),
        "milliseconds": round((time.monotonic() - started) * 1000, 1),
        **more,
    }
    sys.stdout.write(json.dumps(line) + "\n")

"""Cognito's Post Confirmation and Post Authentication triggers: keep the row of the user in Hasura's `users` table.

One GraphQL mutation, in mutation.graphql, inserts the row or brings it up to date. The row's key is the user's `sub`,
which is also the `x-hasura-user-id` of the tokens. Cognito may deliver an event up to three times, and two events may
overtake each other on their way: the row is the same every time, and an older event never overwrites a newer one.

Environment. The first of these that is set says where the mutation goes:
  SYNC_LEASE_TABLE     the DynamoDB table in which running stacks of developers say where they are, each under the id of
                       its app client: through a tunnel to the gateway there, signed
  SYNC_GATEWAY_URL     one such gateway, with SYNC_GATEWAY_KEY
  HASURA_GRAPHQL_URL   for example https://hasura.example.com/v1/graphql, with HASURA_ADMIN_SECRET, which is sent as
                       x-hasura-admin-secret
And what if the row could not be written, or if no developer's stack is there to write it:
  SYNC_ON_FAILURE      allow (default): the user signs in all the same; one line in the log says why
                       deny: Cognito refuses the confirmation or the sign-in

Which trigger writes what:
  username, email, email_verified  always, as Cognito has them now: an address that was removed becomes null
  synced_at                        when this was so: it decides which of two events is the newer one
  deleted_at                       null: whoever signs in is there (`hasura-cognito users sync --delete` sets it)
  last_sign_in_at                  when the user signs in: Post Authentication, and Post Confirmation for a social
                                   user, whose first sign-in Cognito reports like that only
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import destination
import http_json
from failures import NobodyThere, SyncFailed
from refusal import reason

TOTAL_SECONDS = 2.5  # Cognito waits for 5 seconds, cold start included.

MUTATION = Path(__file__).with_name("mutation.graphql").read_text(encoding="utf-8")


if destination.needs_tls(os.environ):
    http_json.tls()  # AWS gives a function its full speed while it is imported, and a fraction of it later.


def handler(event, _context):
    """The event as it came. Raises an error, which makes Cognito refuse the user, only when SYNC_ON_FAILURE is deny."""
    started = time.monotonic()
    try:
        written = sync(user_row(event, now=datetime.now(UTC)), client_of(event), deadline=started + TOTAL_SECONDS)
    except SyncFailed as error:
        level = "warning" if isinstance(error, NobodyThere) else "error"
        log(level, "user not synced", event, started, error=str(error))
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


def client_of(event):
    """The id of the app client that the user came by; None for what an administrator does."""
    client_id = event.get("callerContext", {}).get("clientId")
    return None if client_id == "CLIENT_ID_NOT_APPLICABLE" else client_id


def sync(row, client_id, *, deadline):
    """Insert the row, or update its columns if it is there; False where a newer event has written them before."""
    columns = [column for column in row if column != "id"]
    variables = {"user": row, "columns": columns, "at": row["synced_at"]}
    body = json.dumps({"query": MUTATION, "variables": variables}).encode()
    answer, by = destination.send(body, client_id, deadline=deadline)
    if answer.get("errors"):
        raise SyncFailed(f"{by} refused the mutation: {reason(answer['errors'])}")
    data = answer.get("data")
    if not isinstance(data, dict) or "insert_users_one" not in data:
        raise SyncFailed(f"{by}'s answer tells of no row")
    return data["insert_users_one"] is not None


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

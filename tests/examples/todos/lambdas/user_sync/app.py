"""A confirmed user has a row in `users`. When it can't be written, the confirmation fails."""

import json
import os
import sys
import urllib.request

UPSERT = """
mutation ($user: users_insert_input!) {
  insert_users_one(object: $user, on_conflict: {constraint: users_pkey, update_columns: email}) { id }
}
"""


def handler(event, _context):
    attributes = event["request"]["userAttributes"]
    user = {"id": attributes["sub"], "email": attributes["email"]}
    request = urllib.request.Request(
        os.environ["HASURA_GRAPHQL_URL"],
        json.dumps({"query": UPSERT, "variables": {"user": user}}).encode(),
        {"content-type": "application/json", "x-hasura-admin-secret": os.environ["HASURA_ADMIN_SECRET"]},
    )
    with urllib.request.urlopen(request, timeout=2) as response:
        answer = json.load(response)
    if "errors" in answer:
        raise RuntimeError(answer["errors"][0]["message"])
    sys.stdout.write(f"{attributes['email']} is in the table\n")
    return event

"""Gives the user-sync handler an event for each app client named; prints what each took, in milliseconds.

A program of its own, so that the first figure holds the import. As on AWS, the runtime client has been imported before.
The last line is the list of figures, those before it are the handler's log.
"""

import json
import sys
import time

import awslambdaric.bootstrap  # noqa: F401

begin = time.perf_counter()

import app  # type: ignore[import-not-found]  # noqa: E402


def event(client_id: str) -> dict[str, object]:
    return {
        "triggerSource": "PostAuthentication_Authentication",
        "userName": "bench",
        "callerContext": {"clientId": client_id},
        "request": {"userAttributes": {"sub": "8c1f2f6e-0d3c-4a44-9d5e-0f5b7c0a1f11", "email": "bench@example.com"}},
    }


durations = []
for client_id in sys.argv[1:]:
    app.handler(event(client_id), None)
    durations.append((time.perf_counter() - begin) * 1000)
    begin = time.perf_counter()
sys.stdout.write(json.dumps(durations) + "\n")

"""How many signed requests a second the gateway passes on to a small upstream, which is also asked directly."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.engine.load import need_wrk
from benchmarks.row import Row, at_least
from benchmarks.servers import running

SECONDS = 3
CONNECTIONS = 16
# More than are asked in that time: the gateway takes each only once.
SIGNED = 15_000 * SECONDS
KEY = "0123456789abcdef" * 4
COLUMNS = ("id", "username", "email", "email_verified", "synced_at", "last_sign_in_at", "deleted_at")
MUTATION = Path(__file__).parents[2] / "lambdas/user_sync/mutation.graphql"

# A line of the file is timestamp, signature and body of a request. Making them is not part of the load.
SCRIPT = """
local requests, asked = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local timestamp, signature, body = line:match("^(%S+) (%S+) (.*)$")
    local headers = { ["content-type"] = "application/json", ["x-sync-timestamp"] = timestamp,
      ["x-sync-signature"] = signature }
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end
function request()
  asked = asked + 1
  return requests[(asked - 1) % #requests + 1]
end
function done(summary)
  local errors = summary.errors
  io.write(string.format("RESULT %f %d\\n", summary.requests / summary.duration * 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def rows() -> Iterator[Row]:
    need_wrk()
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as name, upstream() as url:
        folder = Path(name)
        direct = requests_per_second(url, folder)
        with gateway(url, folder) as through:
            measured = requests_per_second(through, folder)
    yield Row("gateway: signed requests", measured, "requests/s", at_least(2000), "the upstream asked directly", direct)


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    with running(lambda port: [sys.executable, "-m", "benchmarks.tunnel.upstream", str(port)]) as server:
        yield f"{server.url}/v1/graphql"


@contextlib.contextmanager
def gateway(graphql_url: str, folder: Path) -> Iterator[str]:
    """A running gateway's URL; it may be asked as often as one can."""
    config = folder / "gateway.json"
    config.write_text(
        json.dumps(
            {
                "graphql_url": graphql_url,
                "mutation": MUTATION.read_text(),
                "columns": COLUMNS,
                "database": str(folder / "gateway.sqlite"),
                "requests_per_second": 1_000_000,
                "burst": 1_000_000,
            }
        )
    )
    command = [sys.executable, "-m", "orchestrator.gateway", "--config", str(config), "--port"]
    environ = {"GATEWAY_KEY": KEY, "HASURA_GRAPHQL_ADMIN_SECRET": "benchmark"}
    with running(lambda port: [*command, str(port)], environ=environ) as server:
        yield f"{server.url}/sync"


def requests_per_second(url: str, folder: Path) -> float:
    """The rate of 16 connections that ask as fast as they are answered, with requests signed just now."""
    script, requests = folder / "load.lua", folder / "requests"
    script.write_text(SCRIPT)
    document = MUTATION.read_text()
    requests.write_text("\n".join(signed(document, number) for number in range(SIGNED)))
    load = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "-s", str(script), url, "--", str(requests)]
    answer = subprocess.run(load, check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\S+) (\d+)", answer)
    if found is None or int(found[2]):
        raise SystemExit(f"wrk had errors on {url}:\n{answer}")
    return float(found[1])


def signed(document: str, number: int) -> str:
    """A line of the load's file: the handler's request for a user of this number."""
    at = datetime.now(UTC).isoformat()
    user = {
        "id": f"8c1f1f62-0000-4000-8000-{number:012}",
        "username": f"user{number}",
        "email": f"user{number}@example.com",
        "email_verified": True,
        "synced_at": at,
        "last_sign_in_at": at,
        "deleted_at": None,
    }
    columns = [name for name in user if name != "id"]
    body = json.dumps({"query": document, "variables": {"user": user, "columns": columns, "at": at}})
    timestamp = time.time_ns() // 1_000_000
    signature = hmac.digest(KEY.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hex()
    return f"{timestamp} v1={signature} {body}"

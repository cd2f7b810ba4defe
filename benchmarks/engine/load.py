"""Load on a server: wrk over HTTP, pgbench on PostgreSQL; requests a second and the 99th percentile of their times."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.engine.limit import Limit
from benchmarks.postgres import Postgres

CONNECTIONS = 16
SECONDS = 3

# `NUMBER` in the body is a new number each time.
SCRIPT = """
local head, tail = [==[{head}]==], [==[{tail}]==]
local headers = {{ ["content-type"] = "application/json", ["authorization"] = "Bearer {token}" }}
math.randomseed(os.time())
request = function()
  return wrk.format("POST", nil, headers, head .. math.random(1, {numbers}) .. tail)
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('RESULT %f %f %d\\n', summary.requests / summary.duration * 1e6, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""
NUMBER = "@number@"


@dataclass(frozen=True)
class Measured:
    per_second: float
    p99_milliseconds: float = 0.0


def need_wrk() -> None:
    if shutil.which("wrk") is None:
        raise SystemExit(
            "wrk, which makes the load, is not here. Debian: apt-get install wrk. macOS: brew install wrk."
        )


def wrk(url: str, body: dict[str, Any], *, numbers: int, token: str, seconds: int = SECONDS) -> Measured:
    """The load of 16 connections that ask as fast as they are answered; NUMBER in the body is 1 to `numbers`."""
    head, tail = json.dumps(body).split(f'"{NUMBER}"')
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(head=head, tail=tail, token=token, numbers=numbers))
        script.flush()
        command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", script.name, url]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\d+)", answer)
    if found is None or int(found[3]):
        raise SystemExit(f"wrk had errors on {url}:\n{answer}")
    return Measured(float(found[1]), float(found[2]))


def pgbench(postgres: Postgres, database: str, limit: Limit, *, seconds: int = SECONDS) -> Measured:
    """The same load without a server between, by prepared statements."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.sql"
        path.write_text(limit.script)
        load = ["-c", str(CONNECTIONS), "-j", "1", "-T", str(seconds), "-M", "prepared", "-n", "-f", str(path)]
        values = [word for name, value in limit.values.items() for word in ("-D", f"{name}={value}")]
        command = [str(postgres.programs / "pgbench"), *load, *values, database]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    found = re.search(r"tps = (\S+) \(without", done.stdout)
    if found is None or re.search(r"number of failed transactions: [1-9]", done.stdout):
        raise SystemExit(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return Measured(float(found[1]))

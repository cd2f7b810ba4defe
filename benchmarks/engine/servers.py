"""The servers that are measured: the engine, and PostGraphile as its peer."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx

from benchmarks import npm
from benchmarks.engine import data
from benchmarks.servers import Server, running

ANSWER_SECONDS = 60.0
ADMIN_SECRET = "benchmark"
# PostGraphile 5 wants Node 22 or later; npm has it as a package, so that the machine's own need not be that new.
PEER_PACKAGES = ("postgraphile@5", "node@22")
PEER_CONFIG = """
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PgLazyJWTPreset } from "postgraphile/presets/lazy-jwt";
import { makePgService } from "postgraphile/adaptors/pg";

export default {
  extends: [PostGraphileAmberPreset, PgLazyJWTPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], pubsub: false })],
  grafserv: {
    host: "127.0.0.1", port: Number(process.env.PORT), graphiql: false, websockets: false, watch: false,
    pgJwtSecret: process.env.JWT_KEY,
  },
  grafast: { explain: false },
};
"""


@contextlib.contextmanager
def engine_server(database: str) -> Iterator[Server]:
    environ = {
        "HASURA_GRAPHQL_DATABASE_URL": database,
        "HASURA_GRAPHQL_ADMIN_SECRET": ADMIN_SECRET,
        "HASURA_GRAPHQL_JWT_SECRET": json.dumps({"type": "HS256", "key": data.JWT_KEY}),
    }
    command = [sys.executable, "-m", "orchestrator.engine", "serve", "--server-port"]
    with running(lambda port: [*command, str(port)], environ=environ) as server:
        yield replace(server, url=f"{server.url}/v1/graphql")


@contextlib.contextmanager
def postgraphile_server(database: str) -> Iterator[Server]:
    """PostGraphile in production mode, on a login, which takes the role that the token names."""
    folder = npm.install(*PEER_PACKAGES)
    config = folder / "graphile.config.mjs"
    config.write_text(PEER_CONFIG)
    environ = {
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "DATABASE_URL": database,
        "JWT_KEY": data.JWT_KEY,
    }
    programs = folder / "node_modules/.bin"
    command = [str(programs / "node"), str(programs / "postgraphile"), "-C", str(config)]
    with running(lambda _: command, environ=environ, folder=folder) as server:
        yield replace(server, url=f"{server.url}/graphql")


def call(engine: Server, kind: str, args: Any) -> Any:
    """The answer of Hasura's metadata API."""
    url = engine.url.replace("/graphql", "/metadata")
    return _post(url, {"type": kind, "args": args}, {"x-hasura-admin-secret": ADMIN_SECRET})


def ask(server: Server, query: str, variables: Mapping[str, Any], token: str) -> Any:
    """The `data` of the answer."""
    body = {"query": query, "variables": variables}
    return _post(server.url, body, {"authorization": f"Bearer {token}"})["data"]


def _post(url: str, body: Any, headers: Mapping[str, str]) -> Any:
    """The answer; one that is an error ends the benchmark."""
    answer = httpx.post(url, json=body, headers=headers, trust_env=False, timeout=ANSWER_SECONDS)
    found = answer.json()
    if answer.status_code != 200 or (isinstance(found, dict) and "errors" in found):
        raise SystemExit(f"{url} answers {answer.status_code}: {answer.text[:2000]}")
    return found

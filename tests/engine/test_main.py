"""The program itself, started as Hasura's is, on a real database."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import jwt
import pytest

from orchestrator.launchers.ports import free_ports

SECRET, KEY = "an admin secret", "k" * 32
CLAIMS = {"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": "user", "x-hasura-user-id": "2"}


@contextmanager
def engine(argv, variables):
    """A client of an engine that is up; afterwards it must end by SIGTERM with status 0."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "orchestrator.engine", *argv, "--server-port", str(port)]
    environment = {"PATH": os.environ["PATH"], **variables}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait_until_up(client, process)
                yield client
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


def wait_until_up(client, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        try:
            client.get("/healthz")
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the engine did not come up")


def post(client, path, body, **headers):
    return client.post(path, json=body, headers={"x-hasura-admin-secret": SECRET, **headers}).json()


FORMS = {
    "flags": lambda url: (["--database-url", url, "serve", "--enable-telemetry=false", "--admin-secret", SECRET], {}),
    "variables": lambda url: (
        ["serve"],
        {
            "HASURA_GRAPHQL_DATABASE_URL": url,
            "HASURA_GRAPHQL_ADMIN_SECRET": SECRET,
            "HASURA_GRAPHQL_UNKNOWN": "ignored",
        },
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_it_starts_in_either_form_with_a_default_source(database, form):
    with engine(*FORMS[form](database)) as client:
        assert client.get("/healthz").text == "OK"
        metadata = post(client, "/v1/metadata", {"type": "export_metadata", "args": {}})
        assert [source["name"] for source in metadata["sources"]] == ["default"]
        assert client.post("/v1/metadata", json={"type": "export_metadata", "args": {}}).status_code == 401


def test_the_metadata_database_alone_gives_an_engine_without_sources(database):
    with engine(["--metadata-database-url", database, "serve"], {}) as client:
        assert client.post("/v1/metadata", json={"type": "export_metadata", "args": {}}).json()["sources"] == []


def test_metadata_survives_a_restart_and_a_token_sees_its_own_rows(database):
    argv, variables = FORMS["variables"](database)
    variables["HASURA_GRAPHQL_JWT_SECRET"] = json.dumps({"type": "HS256", "key": KEY})
    with engine(argv, variables) as client:
        sql = "create table person (id int primary key); insert into person values (1), (2)"
        post(client, "/v2/query", {"type": "run_sql", "args": {"sql": sql}})
        post(client, "/v1/metadata", {"type": "pg_track_table", "args": {"table": "person"}})
        permission = {"columns": "*", "filter": {"id": "X-Hasura-User-Id"}}
        args = {"table": "person", "role": "user", "permission": permission}
        created = post(client, "/v1/metadata", {"type": "pg_create_select_permission", "args": args})
        assert created == {"message": "success"}
    token = jwt.encode({"https://hasura.io/jwt/claims": CLAIMS}, KEY, algorithm="HS256")
    with engine(argv, variables) as client:
        asked = client.post(
            "/v1/graphql", json={"query": "{ person { id } }"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert asked.json() == {"data": {"person": [{"id": 2}]}}

"""The engine as a process: how it starts, what it says when it can't, how it lives through PostgreSQL's absence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil

from orchestrator.launchers.ports import free_ports
from tests.conftest import Server
from tests.engine.conftest import Engine, start_engine, stop_engine


def run_to_the_end(**variables: str) -> tuple[int, str]:
    environ = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.engine"], env=environ, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stderr


def test_it_answers_and_ends_by_sigterm(database: str) -> None:
    engine = start_engine(database)
    assert engine.client.get("/healthz").text == "OK"
    assert engine.client.get("/v1/version").json()["version"].startswith("v2.")
    log = stop_engine(engine)
    assert engine.process.returncode == 0
    assert "Traceback" not in log


def test_metadata_survives_a_restart(database: str) -> None:
    engine = start_engine(database)
    engine.sql("create table kept (id int primary key)")
    engine.metadata("pg_track_table", {"table": "kept"})
    exported = engine.metadata("export_metadata", {})
    stop_engine(engine)
    again = start_engine(database)
    assert again.metadata("export_metadata", {}) == exported
    assert again.data("{ kept { id } }") == {"kept": []}
    stop_engine(again)


def test_a_port_that_is_taken_is_one_clear_line(database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, log = run_to_the_end(HASURA_GRAPHQL_DATABASE_URL=database, HASURA_GRAPHQL_SERVER_PORT=port)
    assert status == 1
    assert f"can't listen on 127.0.0.1:{port}" in log
    assert "Traceback" not in log


def test_a_database_that_does_not_exist_is_one_clear_line_without_the_password(postgres_url: str) -> None:
    url = postgres_url.rsplit("/", 1)[0] + "/missing"
    (port,) = free_ports(1)
    status, log = run_to_the_end(HASURA_GRAPHQL_DATABASE_URL=url, HASURA_GRAPHQL_SERVER_PORT=str(port))
    assert status == 1
    assert 'database "missing" does not exist' in log
    assert "Traceback" not in log
    assert "a%20password" not in log


def until(engine: Engine, wanted: Any, seconds: float = 15) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = engine.graphql("{ t { id } }")
        if wanted(answer):
            return answer
        time.sleep(0.02)
    raise AssertionError(answer)


def test_lost_connections_are_made_again(database: str, postgres_server: Server) -> None:
    engine = start_engine(database)
    engine.sql("create table t (id int primary key)")
    engine.metadata("pg_track_table", {"table": "t"})
    postgres_server.execute(
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database.rsplit('/', 1)[1]}'"
    )
    until(engine, lambda answer: answer == {"data": {"t": []}})
    log = stop_engine(engine)
    assert "Traceback" not in log


def test_requests_are_answered_while_postgres_is_away(database: str, postgres_server: Server) -> None:
    name = database.rsplit("/", 1)[1]
    engine = start_engine(database)
    engine.sql("create table t (id int primary key)")
    engine.metadata("pg_track_table", {"table": "t"})
    postgres_server.execute(f"alter database {name} with allow_connections false")
    postgres_server.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
    answer = until(engine, lambda answer: "errors" in answer)
    assert answer["errors"][0]["extensions"]["code"] == "unexpected"
    postgres_server.execute(f"alter database {name} with allow_connections true")
    until(engine, lambda answer: answer == {"data": {"t": []}})
    assert "Traceback" not in stop_engine(engine)


def test_connections_that_are_ended_under_load_are_made_again_and_no_request_hangs(
    database: str, postgres_server: Server
) -> None:
    name = database.rsplit("/", 1)[1]
    engine = start_engine(database)
    engine.sql("create table t (id int primary key)")
    engine.metadata("pg_track_table", {"table": "t"})
    begun, done = threading.Barrier(7, timeout=30), threading.Event()

    def ask_until_done() -> set[int]:
        seen = set()
        with httpx.Client(base_url=engine.client.base_url, timeout=20) as client:
            begun.wait()
            while not done.is_set():
                seen.add(client.post("/v1/graphql", json={"query": "{ t { id } }"}).status_code)
        return seen

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask_until_done) for _ in range(6)]
        begun.wait()
        for allowed in ("false", "true") * 15:
            postgres_server.execute(f"alter database {name} with allow_connections {allowed}")
            postgres_server.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        done.set()
        statuses = set().union(*(each.result(timeout=30) for each in asking))
    until(engine, lambda answer: answer == {"data": {"t": []}})
    log = stop_engine(engine)
    assert "Traceback" not in log, log
    assert statuses == {200}


def test_an_origin_that_is_allowed_gets_cors_headers(database: str) -> None:
    engine = start_engine(database, HASURA_GRAPHQL_CORS_DOMAIN="http://app.test, https://*.example.com")
    for origin, allowed in (
        ("http://app.test", True),
        ("https://a.example.com", True),
        ("https://a.example.com.evil.test", False),
        ("http://other.test", False),
    ):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = engine.client.options("/v1/graphql", headers=headers)
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
    stop_engine(engine)


def test_memory_stays_small(database: str) -> None:
    engine = start_engine(database)
    engine.sql("create table t (id int primary key)")
    engine.metadata("pg_track_table", {"table": "t"})
    for number in range(50):
        engine.data(f"{{ a{number}: t {{ id }} }}")
    assert psutil.Process(engine.process.pid).memory_info().rss < 120 * 2**20
    stop_engine(engine)

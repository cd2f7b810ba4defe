"""A running stack on Docker as its user sees it; the embedded engine stands in for Hasura's image."""

from __future__ import annotations

import json
import uuid

import docker
import psutil

from tests.docker.conftest import containers
from tests.flow.conftest import Running, may_call


def test_secrets_with_quotes_dollars_and_spaces_arrive_as_they_are(running: Running) -> None:
    assert "users" in running.as_admin("{ users { id } }")


def test_status_tells_the_backend_and_the_containers(running: Running, engine: docker.DockerClient) -> None:
    facts = running.project.status()
    assert facts["backend"] == "docker"
    ids = {name: service["container"] for name, service in facts["services"].items() if "container" in service}
    assert ids == {name: each.short_id for name, each in containers(engine, running.project).items()}
    assert {name for name, service in facts["services"].items() if service.get("pid")} >= {"cognito", "lambda"}
    assert f"container {ids['hasura']}" in running.project.ok("status")


def test_a_second_up_changes_nothing(running: Running) -> None:
    assert "nothing changed" in running.project.ok("up")


def test_ports_are_open_on_loopback_only(running: Running, engine: docker.DockerClient) -> None:
    for container in containers(engine, running.project).values():
        ports = container.attrs["NetworkSettings"]["Ports"]
        assert {bound["HostIp"] for bindings in ports.values() for bound in bindings or ()} == {"127.0.0.1"}


def test_cognito_listens_on_loopback_and_on_the_bridge_only(running: Running) -> None:
    pid = running.project.status()["services"]["cognito"]["pid"]
    listening = [each for each in psutil.Process(pid).net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    addresses = {each.laddr.ip for each in listening}
    assert "127.0.0.1" in addresses
    assert len(addresses) == 2
    assert not addresses & {"0.0.0.0", "::"}


def test_the_keys_are_read_by_the_gateway_and_the_issuer_is_unchanged(
    running: Running, engine: docker.DockerClient
) -> None:
    env = containers(engine, running.project)["hasura"].attrs["Config"]["Env"]
    secret = json.loads(next(each for each in env if each.startswith("HASURA_GRAPHQL_JWT_SECRET=")).partition("=")[2])
    assert secret["issuer"] == running.facts["urls"]["issuer"]
    assert secret["jwk_url"].startswith("http://host.docker.internal:")


def test_pages_of_the_app_clients_origins_may_call_hasura_and_no_others(running: Running) -> None:
    graphql = running.facts["urls"]["graphql"]
    assert may_call(graphql, "http://localhost:3000")
    assert not may_call(graphql, "http://localhost:5173")


def test_logs_show_containers_and_processes_alike(running: Running) -> None:
    said = running.project.ok("logs", "-n", "5")
    assert {line.split()[0] for line in said.splitlines() if line} >= {"postgres", "hasura", "cognito", "lambda"}
    assert "ready to accept connections" in running.project.ok("logs", "postgres")
    assert "There is no log of redis." in running.project.fails("logs", "redis")


def test_verify_holds(running: Running) -> None:
    assert "The whole flow works." in running.project.ok("verify")


def test_users_are_compared_and_repaired_as_without_docker(running: Running) -> None:
    pool, email = running.facts["pool"]["id"], f"{uuid.uuid4().hex}@example.com"
    running.cognito.admin_create_user(UserPoolId=pool, Username=email, MessageAction="SUPPRESS")
    assert f'"{email}"' in running.project.ok("users", "diff")
    running.project.ok("users", "sync")
    assert "missing" not in running.project.ok("users", "diff")
    assert email in {row["email"] for row in running.rows().values()}
    running.project.ok("users", "delete", email)

"""`docker compose up` by hand with `.env`, for either Compose; the embedded engine stands in for Hasura's image."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import docker
import httpx
import pytest

from orchestrator.launchers.ports import free_ports
from tests.docker.conftest import ADMIN_SECRET, ENV_FILE, IMAGES, compose_1, compose_v2, wait_for
from tests.flow.conftest import copy_project, may_call


@pytest.mark.parametrize(
    ("compose", "up"),
    [
        pytest.param(("docker", "compose"), ("up", "-d", "--wait"), marks=compose_v2),
        pytest.param(("docker-compose",), ("up", "-d"), marks=compose_1),
    ],
    ids=["v2", "1.29"],
)
def test_compose_alone_starts_both_with_the_variables_of_env(
    engine: docker.DockerClient, tmp_path: Path, compose: tuple[str, ...], up: tuple[str, ...]
) -> None:
    root = copy_project(tmp_path / "by-hand").root
    postgres, hasura = free_ports(2)
    images = "".join(f"{name}={value}\n" for name, value in IMAGES.items())
    # docker-compose 1.29 expands ${…} even in single quotes, and leaves no way to keep it from that.
    secrets = ENV_FILE.replace("${HOME}", "$HOME").replace("${X}", "$X")
    (root / ".env").write_text(f"{secrets}{images}POSTGRES_PORT={postgres}\nHASURA_PORT={hasura}\n")

    def run(*arguments: str) -> str:
        return subprocess.run([*compose, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout

    url = f"http://127.0.0.1:{hasura}"

    def is_up() -> bool:
        try:
            return httpx.get(f"{url}/healthz", trust_env=False).text == "OK"
        except httpx.TransportError:
            return False

    try:
        run(*up)
        wait_for(is_up, "Hasura is up")
        # The login to PostgreSQL and the admin secret are the ones of .env, to the letter.
        sql = {"type": "run_sql", "args": {"source": "app", "sql": "select current_database()"}}
        source = {
            "name": "app",
            "configuration": {"connection_info": {"database_url": {"from_env": "PG_DATABASE_URL"}}},
        }
        secret = {"x-hasura-admin-secret": ADMIN_SECRET.replace("${X}", "$X")}
        httpx.post(
            f"{url}/v1/metadata", json={"type": "pg_add_source", "args": source}, headers=secret, trust_env=False
        ).raise_for_status()
        answer = httpx.post(f"{url}/v2/query", json=sql, headers=secret, trust_env=False)
        assert answer.json()["result"][1] == ["app"], json.dumps(answer.json())
        assert may_call(f"{url}/v1/graphql", "http://localhost:3000")
    finally:
        run("down", "-v", "--timeout", "1")

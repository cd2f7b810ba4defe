"""How long `up` takes, how much memory the stack takes, and how long a sign-in takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
from botocore.config import Config

from benchmarks.project import Project, fresh_project
from benchmarks.row import Row, at_most, median_seconds
from orchestrator.launchers import postgres_binaries
from orchestrator.launchers.ports import free_ports
from orchestrator.launchers.run_file import run_unprivileged

PASSWORD = "Correct-Horse-Battery-1"
WARM_TIMES = 5
SIGN_INS = 200
MEGABYTE = 1_000_000


def rows() -> Iterator[Row]:
    initdb = initdb_seconds()
    with fresh_project() as project:
        first = median_seconds(lambda: project.run("up"), times=1)
        yield Row("up first", first, "s", at_most(6), "initdb alone", initdb)
        warm = median_seconds(lambda: project.run("up"), times=WARM_TIMES, before=lambda: project.run("down"))
        yield Row("up warm", warm, "s", at_most(2.5), "initdb alone", initdb)
        again = median_seconds(lambda: project.run("up"), times=WARM_TIMES)
        yield Row("up again", again, "s", at_most(warm), "up warm", warm)
        yield Row("memory of all processes", memory_megabytes(project), "MB", at_most(350))
        mine, moto = sign_in_milliseconds(project), moto_sign_in_milliseconds()
        yield Row("sign-in with both triggers, p50", mine, "ms", at_most(25), "moto, which fires no triggers", moto)
    help_seconds = median_seconds(lambda: project.run("--help"), times=WARM_TIMES)
    python = median_seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True), times=WARM_TIMES)
    yield Row("--help", help_seconds * 1000, "ms", at_most(150), "an empty Python program", python * 1000)


def initdb_seconds() -> float:
    """What everyone pays who makes a PostgreSQL by hand, with the binaries that `up` would take."""
    binaries = postgres_binaries.find(os.environ.get("PG_BIN"), search_path=os.environ["PATH"])
    with tempfile.TemporaryDirectory(prefix="hasura-cognito-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        command = [str(binaries.bin / "initdb"), f"--pgdata={data}", "--auth=reject"]
        return median_seconds(lambda: run_unprivileged(command, owned=[data]), times=1)


def processes(project: Project) -> list[psutil.Process]:
    """Every process of the stack: the services' and all below the supervisor that runs them."""
    pids = [service["pid"] for service in project.status()["services"].values()]
    supervisor = psutil.Process(pids[0]).parent()
    return [supervisor, *supervisor.children(recursive=True)] if supervisor else []


def memory_megabytes(project: Project) -> float:
    """Proportional set size, so that pages shared between the processes count once."""
    return sum(process.memory_full_info().pss for process in processes(project)) / MEGABYTE


def cognito_client(endpoint: str) -> Any:
    return boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(proxies={}),
    )


def sign_in_milliseconds(project: Project) -> float:
    facts = project.status()
    endpoint, client_id = facts["urls"]["cognito"], facts["pool"]["client_id"]
    client = cognito_client(endpoint)
    client.admin_create_user(
        UserPoolId=facts["pool"]["id"],
        Username="bench@example.com",
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": "bench@example.com"}],
    )
    client.admin_set_user_password(
        UserPoolId=facts["pool"]["id"], Username="bench@example.com", Password=PASSWORD, Permanent=True
    )
    return sign_in_p50(endpoint, client_id)


def moto_sign_in_milliseconds() -> float:
    (port,) = free_ports(1)
    with tempfile.TemporaryFile("w+") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with subprocess.Popen(command, stdout=log, stderr=log) as server:
            try:
                endpoint = f"http://127.0.0.1:{port}"
                wait_until_open(endpoint)
                client = cognito_client(endpoint)
                pool = client.create_user_pool(PoolName="bench")["UserPool"]["Id"]
                made = client.create_user_pool_client(UserPoolId=pool, ClientName="bench")["UserPoolClient"]
                client.admin_create_user(UserPoolId=pool, Username="bench@example.com")
                client.admin_set_user_password(
                    UserPoolId=pool, Username="bench@example.com", Password=PASSWORD, Permanent=True
                )
                return sign_in_p50(endpoint, made["ClientId"])
            finally:
                server.terminate()


def wait_until_open(url: str, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"{url} did not open within {seconds} s.")


def sign_in_p50(endpoint: str, client_id: str) -> float:
    """The median over one kept-alive connection, in milliseconds, as an application's server would see it."""
    headers = {
        "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
        "content-type": "application/x-amz-json-1.1",
    }
    body = {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client_id,
        "AuthParameters": {"USERNAME": "bench@example.com", "PASSWORD": PASSWORD},
    }
    durations = []
    with httpx.Client(trust_env=False, headers=headers, timeout=30) as http:
        for _ in range(SIGN_INS):
            begin = time.perf_counter()
            http.post(endpoint, json=body).raise_for_status()
            durations.append(time.perf_counter() - begin)
    return statistics.median(durations) * 1000

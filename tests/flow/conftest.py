"""A copy of this project in a folder of its own, driven by its command line; and a running stack for many tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest
from botocore.config import Config

from benchmarks.project import PARTS, copy_parts
from orchestrator.stack.users.sides import Sides, of_stack
from tests.cli.conftest import Project as Cli

UP_SECONDS = 60
GOOGLE = """
  Google:
    Type: AWS::Cognito::UserPoolIdentityProvider
    Properties:
      UserPoolId: !Ref UserPool
      ProviderName: Google
      ProviderType: Google
      ProviderDetails: {client_id: !Ref PoolName, client_secret: x, authorize_scopes: openid email}
      AttributeMapping: {email: email, email_verified: email_verified}

  UserPoolDomain:
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A project folder. The process environment of its commands is ours, with free ports, and `environ` on top."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """The command `hasura-cognito` with these arguments, running."""
        return subprocess.Popen(
            [sys.executable, "-m", "orchestrator", "-C", str(self.root), *arguments],
            env={**os.environ, "STACK_BACKEND": "embedded", "STACK_PORTS": "free", **self.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, stdin: str = "", **environ: str) -> Done:
        with self.start(*arguments, **environ) as process:
            out, err = process.communicate(stdin, timeout=UP_SECONDS)
        assert "Traceback" not in err, err
        return Done(process.returncode, out, err)

    def ok(self, *arguments: str, stdin: str = "", **environ: str) -> str:
        """Standard output of a command that must succeed."""
        done = self.run(*arguments, stdin=stdin, **environ)
        assert done.code == 0, done.err + self.logs()
        return done.out

    def fails(self, *arguments: str, stdin: str = "", **environ: str) -> str:
        """Standard error of a command that must fail."""
        done = self.run(*arguments, stdin=stdin, **environ)
        assert done.code == 1, (done.code, done.out, done.err)
        return done.err

    def status(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.run("status", "-o", "json").out)
        return facts

    def secrets(self) -> dict[str, str]:
        """Those that `up` has made."""
        return dict(line.split("=", 1) for line in (self.root / ".stack/secrets.env").read_text().splitlines())

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in (self.root / ".stack/logs").glob("*.log"))

    def processes(self) -> list[psutil.Process]:
        """All living processes that were started for this folder."""
        return [
            process
            for process in psutil.process_iter()
            if process.pid != os.getpid() and belongs(process, str(self.root))
        ]

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


def belongs(process: psutil.Process, root: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and (
            any(root in word for word in process.cmdline()) or process.cwd().startswith(root)
        )
    except psutil.Error:
        return False


def copy_project(to: Path) -> Project:
    to.mkdir()
    copy_parts(to)
    return Project(to)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project that was never started. Whatever a test leaves running is ended, and is an error."""
    made = copy_project(tmp_path / "project")
    yield made
    made.run("down")
    left = made.processes()
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    assert not left


@contextlib.contextmanager
def to_be_changed(stack: Running) -> Iterator[Project]:
    """The project of the running stack: its files and settings are as before after the block."""
    try:
        yield stack.project
    finally:
        put_back(stack.project)
        stack.project.ok("up", "--no-verify")


@pytest.fixture
def shared(stack: Running) -> Iterator[Project]:
    """The project of the running stack, for one test to change."""
    with to_be_changed(stack) as project:
        yield project


def with_google(project: Project) -> None:
    """Adds Google to the template's identity providers."""
    project.edit("lambdas/template.yaml", "\n  UserPoolDomain:\n", GOOGLE)
    project.edit("lambdas/template.yaml", "Providers: [COGNITO]", "Providers: [COGNITO, Google]")


def put_back(project: Project) -> None:
    (project.root / ".env").unlink(missing_ok=True)
    for part in PARTS:
        if (project.root / part).is_dir():
            shutil.rmtree(project.root / part)
    copy_parts(project.root)


@dataclass(frozen=True)
class Running:
    """A running stack as an application sees it."""

    project: Project
    facts: Mapping[str, Any]
    admin_secret: str

    @property
    def cognito(self) -> Any:
        return boto3.client(
            "cognito-idp",
            endpoint_url=self.facts["urls"]["cognito"],
            region_name=self.facts["pool"]["region"],
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )

    def graphql(self, query: str, token: str | None = None, **headers: str) -> dict[str, Any]:
        if token:
            headers["authorization"] = f"Bearer {token}"
        answer = httpx.post(self.facts["urls"]["graphql"], json={"query": query}, headers=headers, trust_env=False)
        body: dict[str, Any] = answer.json()
        return body

    def as_admin(self, query: str) -> dict[str, Any]:
        body = self.graphql(query, **{"x-hasura-admin-secret": self.admin_secret})
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def rows(self) -> dict[str, Any]:
        """The rows of the table users that the sync writes, by their keys."""
        query = "{ users { id username email email_verified synced_at deleted_at last_sign_in_at } }"
        return {row["id"]: row for row in self.as_admin(query)["users"]}


def running(project: Project) -> Running:
    return Running(project, project.status(), project.secrets()["HASURA_GRAPHQL_ADMIN_SECRET"])


def may_call(graphql: str, origin: str) -> bool:
    """Whether Hasura lets pages of this origin call it."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = httpx.options(graphql, headers=asked, trust_env=False)
    return answer.headers.get("access-control-allow-origin") == origin


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One stack for all tests of this process that only use it."""
    made = copy_project(tmp_path_factory.mktemp("stack") / "project")
    made.ok("up", "--no-verify")
    try:
        yield running(made)
    finally:
        made.run("down")


@pytest.fixture
def empty(stack: Running) -> Running:
    """The running stack, its table without rows."""
    stack.as_admin("mutation { delete_users(where: {}) { affected_rows } }")
    return stack


@pytest.fixture
def sides(empty: Running) -> Iterator[Sides]:
    """The empty table, and a pool of its own without users, where an e-mail address is not needed."""
    pool = empty.cognito.create_user_pool(PoolName="sync")["UserPool"]["Id"]
    with of_stack(empty.project.root, os.environ) as found:
        yield replace(found, pool=replace(found.pool, id=pool))
    empty.cognito.delete_user_pool(UserPoolId=pool)


@pytest.fixture
def cli(empty: Running, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(empty.project.root, capsys)

"""An engine that the commands speak to as to any other Hasura, and a project folder of their own."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import run
from orchestrator.launchers import postgres_binaries
from tests.conftest import Server
from tests.engine.conftest import Engine, start_engine, stop_engine

SECRET = "a secret of the tests"
OWN = Path(__file__).parents[2]
SOURCE = {
    "name": "default",
    "kind": "postgres",
    "tables": [],
    "configuration": {"connection_info": {"database_url": {"from_env": "PG_DATABASE_URL"}}},
}


@pytest.fixture(scope="module")
def running(postgres_server: Server) -> Iterator[Engine]:
    """The engine, its user data and its metadata in databases of their own."""
    names = [f"cli_{os.getpid()}_{part}" for part in ("data", "metadata")]
    for name in names:
        postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    data, metadata = (f"{postgres_server.url.rsplit('/', 1)[0]}/{name}" for name in names)
    engine = start_engine(
        data,
        PG_DATABASE_URL=data,
        HASURA_GRAPHQL_METADATA_DATABASE_URL=metadata,
        HASURA_GRAPHQL_ADMIN_SECRET=SECRET,
        PG_BIN=str(postgres_binaries.find(None, search_path=os.environ["PATH"]).bin),
    )
    engine.client.headers["X-Hasura-Admin-Secret"] = SECRET
    yield engine
    assert "Traceback" not in stop_engine(engine)
    for name in names:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(running: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine without tables, metadata or applied migrations, and the variables that say where it is."""
    running.metadata("replace_metadata", {"version": 3, "sources": [SOURCE]})
    running.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    running.metadata("set_catalog_state", {"type": "cli", "state": {}})
    monkeypatch.setenv("HASURA_GRAPHQL_ENDPOINT", running.url)
    monkeypatch.setenv("HASURA_GRAPHQL_ADMIN_SECRET", SECRET)
    return running


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A project folder, and `hasura-cognito` run in it."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Done:
        self.capture.readouterr()
        code = run(["-C", str(self.root), *arguments])
        said = self.capture.readouterr()
        return Done(code, said.out, said.err)

    def ok(self, *arguments: str) -> Done:
        done = self.run(*arguments)
        assert done.code == 0, done
        return done

    def fails(self, *arguments: str, code: int = 1) -> str:
        done = self.run(*arguments)
        assert done.code == code, done
        return " ".join(done.err.split())

    def write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def files(self, folder: str) -> dict[str, str]:
        return {
            str(each.relative_to(self.root)): each.read_text()
            for each in sorted((self.root / folder).rglob("*"))
            if each.is_file()
        }


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    """A copy of this repository's own project."""
    for part in ("metadata", "migrations", "seeds"):
        shutil.copytree(OWN / part, tmp_path / part)
    shutil.copy(OWN / "config.yaml", tmp_path)
    return Project(tmp_path, capsys)

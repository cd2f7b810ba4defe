"""Project folders written from a mapping, and a small server that speaks as much of Hasura's admin API as we use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from orchestrator.project import hasura as hasura_client
from orchestrator.project import hasura_project, metadata_apply, migrate
from orchestrator.project.hasura import Hasura
from orchestrator.project.hasura_project import Project

from .hasura_server import SECRET, HasuraServer

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files, by their path, into a folder and returns the folder."""

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return write


OWN = Path(__file__).parents[2]


@pytest.fixture
def own_project(hasura: Hasura) -> Project:
    """This repository's own project, applied to `hasura`."""
    project = hasura_project.read(OWN)
    metadata_apply.ensure_sources(hasura, project.metadata)
    migrate.apply(hasura, project.migrations)
    metadata_apply.apply(hasura, project.metadata)
    return project


@pytest.fixture
def server(database: str) -> Iterator[HasuraServer]:
    with HasuraServer(database) as server:
        yield server


@pytest.fixture
def hasura(server: HasuraServer) -> Iterator[Hasura]:
    with hasura_client.connect(server.url, SECRET) as client:
        yield client

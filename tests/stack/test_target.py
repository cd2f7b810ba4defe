"""Tests for which Hasura a command speaks to, where no stack runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.stack import target
from orchestrator.stack.target import Target

CONFIG = "version: 3\nendpoint: http://localhost:8080/\nadmin_secret: of the file\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def test_the_configs_server_is_taken_without_anything_else(root: Path) -> None:
    assert target.find(root, {}) == Target("http://localhost:8080", "of the file")
    assert not (root / ".stack").exists()


def test_options_beat_the_environment_which_beats_the_env_file(root: Path) -> None:
    (root / ".env").write_text("HASURA_GRAPHQL_ENDPOINT=http://a\nHASURA_GRAPHQL_ADMIN_SECRET=of a\n")
    assert target.find(root, {}) == Target("http://a", "of a")
    environ = {"HASURA_GRAPHQL_ENDPOINT": "http://b", "HASURA_GRAPHQL_ADMIN_SECRET": "of b"}
    assert target.find(root, environ) == Target("http://b", "of b")
    assert target.find(root, environ, endpoint="http://c", admin_secret="of c") == Target("http://c", "of c")


def test_a_secret_is_in_no_representation() -> None:
    assert "secret" not in repr(Target("http://a", "secret"))


def test_an_endpoint_that_is_no_url_is_told(root: Path) -> None:
    with pytest.raises(StackError, match="The endpoint localhost:8080 is no URL"):
        target.find(root, {}, endpoint="localhost:8080")

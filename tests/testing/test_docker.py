"""A session's stack on Docker: the fixtures do as on the embedded backend (an embedded engine stands in for Hasura)."""

from __future__ import annotations

import shutil
from pathlib import Path

import docker
import pytest

from benchmarks.project import SOURCE
from tests.docker.conftest import IMAGES, engine

__all__ = ["engine"]


@pytest.mark.timeout(180)
def test_the_database_is_fresh_and_a_failing_test_shows_its_sql(
    engine: docker.DockerClient, todos: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SOURCE / "docker-compose.yml", todos)
    shutil.copytree(SOURCE / "initdb", todos / "initdb")
    for name, image in IMAGES.items():
        monkeypatch.setenv(name, image)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("time", [1, 2])
        def test_fresh(time, user, database, graphql):
            assert database.value("SELECT count(*) FROM users") == 1
            made = user.graphql('mutation { insert_lists_one(object: {title: "A"}) { id } }')
            assert made == {"insert_lists_one": {"id": 1}}

        def test_schema(database):
            database.execute("CREATE TABLE added (id int); DROP TABLE todos")

        def test_faults(faults, sign_up, database, user):
            assert database.value("SELECT to_regclass('added')") is None
            with faults.kill("postgres"):
                pass
            assert database.value("SELECT count(*) FROM users") == 1
            assert user.graphql("{ lists { todos { id } } }") == {"lists": []}

        def test_fails(user, database):
            assert database.value("SELECT 42") == 43
        """
    )
    result = pytester.runpytest_subprocess("--stack-backend=docker")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*PostConfirmation_ConfirmSignUp → *", "*is in the table", "*SELECT 42"])
    assert not [each for each in engine.containers.list(all=True) if str(todos) in each.labels.values()]

"""Docker Compose: what is read of its file, what is added to it, and what its failures mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.launchers import compose_command, compose_file
from orchestrator.launchers.containers import is_active, state_of

TEXT = (Path(__file__).parents[2] / "docker-compose.yml").read_text()


def container(**state: object) -> dict[str, object]:
    ended = {"Running": False, "Restarting": False, "ExitCode": 0, "FinishedAt": "1970-01-01T00:00:02Z"}
    return {
        "Id": "0123456789abcdef",
        "RestartCount": 0,
        "State": {**ended, "StartedAt": "1970-01-01T00:00:01Z", **state},
    }


def test_the_images_are_pinned_and_a_variable_names_another() -> None:
    services = compose_file.services(TEXT)
    assert compose_file.image(services["hasura"], {}) == "hasura/graphql-engine:v2.48.10"
    assert compose_file.image(services["postgres"], {}).startswith("postgres:")
    assert compose_file.image(services["postgres"], {"POSTGRES_IMAGE": "mine:1"}) == "mine:1"


def test_hasura_gets_the_variables_that_the_file_does_not_name_and_their_values_are_in_no_file() -> None:
    added = json.loads(
        compose_file.additions(TEXT, ["HASURA_GRAPHQL_LOG_LEVEL", "HASURA_GRAPHQL_ADMIN_SECRET", "PATH"])
    )
    assert added["services"]["hasura"]["environment"] == {"HASURA_GRAPHQL_LOG_LEVEL": None}


def test_a_file_without_the_services_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="no services postgres and hasura"):
        compose_file.services("services: {web: {}}")
    with pytest.raises(StackError, match=r"docker-compose\.yml can't be read"):
        compose_file.read(tmp_path)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Error: driver failed: Bind for 127.0.0.1:5433 failed: port is already allocated\n", "a port is taken"),
        ("Cannot connect to the Docker daemon at unix:///x. Is it running?\n", "no Docker engine answers"),
        ("Couldn't connect to Docker daemon at http+docker://localhost\n", "no Docker engine answers"),
        ("x\nno space left on device\n", "the disk is full"),
        ("", "without a word"),
    ],
)
def test_why_compose_failed_is_told(said: str, why: str) -> None:
    assert why in compose_command.failure(("docker-compose",), said).message


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Running": True, "Health": {"Status": "starting"}}, "running"),
        ({"Running": True, "Health": {"Status": "unhealthy"}}, "failed"),
        ({"Running": True, "Restarting": True, "ExitCode": 1}, "restarting"),
        ({"ExitCode": 0}, "stopped"),
        ({"ExitCode": 143}, "stopped"),
        ({"ExitCode": 137}, "failed"),
    ],
)
def test_a_containers_state_has_the_words_of_a_process(state: dict[str, object], expected: str) -> None:
    assert state_of(container(**state)).state == expected
    assert is_active(container(**state)) == bool(state.get("Running"))

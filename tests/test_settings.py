"""Settings: the table of variables, the layers, and what a user is told about a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import StackError
from orchestrator.settings import VARIABLES, Settings, load, read_env_file

EXAMPLE = Path(__file__).parents[1] / ".env.example"


def settings(environ: dict[str, str] | None = None, env_file: dict[str, str] | None = None) -> Settings:
    return load(environ or {}, env_file or {}, {})


def env_file(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text)
    return path


def test_the_example_documents_every_variable_with_its_default() -> None:
    assert read_env_file(EXAMPLE) == {variable.name: variable.default for variable in VARIABLES}


def test_the_example_loads() -> None:
    assert settings(env_file=dict(read_env_file(EXAMPLE))) == settings()


def test_the_environment_beats_the_file_and_the_file_beats_the_default() -> None:
    assert settings().ports.hasura == 8080
    assert settings(env_file={"HASURA_PORT": "9000"}).ports.hasura == 9000
    assert settings({"HASURA_PORT": "9100"}, {"HASURA_PORT": "9000"}).ports.hasura == 9100


def test_the_callback_port_is_unsaid_switched_off_or_a_port() -> None:
    assert settings().ports.callback is None
    assert settings({"COGNITO_CALLBACK_PORT": "0"}).ports.callback == 0
    assert settings({"COGNITO_CALLBACK_PORT": "3111"}).ports.callback == 3111
    with pytest.raises(StackError, match="COGNITO_CALLBACK_PORT=x"):
        settings({"COGNITO_CALLBACK_PORT": "x"})


def test_an_empty_value_is_no_value() -> None:
    assert settings({"HASURA_PORT": ""}, {"HASURA_PORT": "9000"}).ports.hasura == 9000
    assert settings(env_file={"HASURA_PORT": ""}).ports.hasura == 8080


def test_a_made_secret_gives_way_to_one_that_is_set() -> None:
    made = {"POSTGRES_PASSWORD": "made"}
    assert load({}, {}, made).postgres.password == "made"
    assert load({}, {"POSTGRES_PASSWORD": "set"}, made).postgres.password == "set"


def test_other_hasura_variables_are_passed_on() -> None:
    passed = settings({"HASURA_GRAPHQL_DEV_MODE": "false"}, {"HASURA_GRAPHQL_CORS_DOMAIN": "http://localhost:3000"})
    assert passed.hasura.passed_on == {
        "HASURA_GRAPHQL_CORS_DOMAIN": "http://localhost:3000",
        "HASURA_GRAPHQL_DEV_MODE": "false",
    }


def test_where_the_commands_find_hasura_is_not_passed_on_to_it() -> None:
    assert settings({"HASURA_GRAPHQL_ENDPOINT": "http://elsewhere"}).hasura.passed_on == {}


def test_the_region_is_the_pool_ids() -> None:
    assert settings({"COGNITO_POOL_ID": "eu-central-1_Abc"}).cognito.region == "eu-central-1"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HASURA_PORT", "70000", "HASURA_PORT=70000 in .env: must be a whole number from 1 to 65535."),
        ("HASURA_PORT", "80a", "must be a whole number"),
        ("HASURA_PORT", "٨٠٨٠", "must be a whole number"),
        ("STACK_BACKEND", "embeded", "did you mean embedded?"),
        ("COGNITO_POOL_ID", "LocalDev1", "must be a user pool id, such as us-east-1_LocalDev1"),
        ("POSTGRES_DB", "my-db; drop", "must be a plain PostgreSQL name"),
        ("STACK_HOST", "localhost", "must be an IP address"),
    ],
)
def test_a_malformed_value_is_named_with_its_place(name: str, value: str, said: str) -> None:
    with pytest.raises(StackError) as raised:
        settings(env_file={name: value})
    assert said in raised.value.message


def test_a_malformed_secret_is_not_quoted() -> None:
    with pytest.raises(StackError) as raised:
        settings(env_file={"POSTGRES_PASSWORD": "line\nhush-hush"})
    assert "POSTGRES_PASSWORD" in str(raised.value)
    assert "hush" not in str(raised.value)


def test_an_unknown_variable_of_ours_is_an_error_with_the_near_one() -> None:
    with pytest.raises(StackError) as raised:
        settings(env_file={"STACK_BAKEND": "auto"})
    assert str(raised.value) == ".env sets STACK_BAKEND, which is unknown. Did you mean STACK_BACKEND?"


def test_variables_of_others_are_left_alone() -> None:
    assert settings({"STACK_NAME": "x", "PATH": "/bin"}, {"MY_APP": "1"}) == settings()


def test_a_near_miss_in_the_environment_is_an_error() -> None:
    with pytest.raises(StackError, match="STACK_PORT, which is unknown"):
        settings({"STACK_PORT": "free"})


@pytest.mark.parametrize("value", ["p$a${b}c", "it's", 'say "hi"', " spaced ", "a#b", "back\\slash"])
def test_a_quoted_value_survives_as_it_is(tmp_path: Path, value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    assert read_env_file(env_file(tmp_path, f"A='{quoted}'\n"))["A"] == value


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = env_file(tmp_path, "A=1\n\nB='unfinished\n")
    with pytest.raises(StackError, match=r"\.env:3: is not of the form NAME=value"):
        read_env_file(path)


def test_a_name_without_a_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"\.env:2: is not of the form NAME=value"):
        read_env_file(env_file(tmp_path, "A=1\nHASURA_PORT\n"))


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes("A=ü".encode("latin-1"))
    with pytest.raises(StackError, match="is not UTF-8"):
        read_env_file(path)


def test_no_file_is_no_variables(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


def test_no_secret_shows_in_the_settings() -> None:
    loaded = load({"HASURA_GRAPHQL_ADMIN_SECRET": "hush", "POSTGRES_PASSWORD": "hush"}, {}, {})
    assert "hush" not in repr(loaded)

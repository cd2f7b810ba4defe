from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.gateway.config import parse, read, secrets
from orchestrator.gateway.errors import ConfigError
from tests.gateway.conftest import config
from tests.gateway.requests import ADMIN_SECRET, KEY

GOOD = config("http://127.0.0.1:8080/v1/graphql", Path("/state"))


def test_what_is_left_out_has_a_default() -> None:
    found = parse(GOOD)
    assert (found.host, found.port) == ("127.0.0.1", 8090)
    assert (found.requests_per_second, found.burst) == (200, 400)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hosts": "x"}, "unknown member 'hosts'"),
        ({"port": 70000}, "port must be a number from 0 to 65535, not 70000"),
        ({"port": True}, "port must be a number"),
        ({"mutation": None}, "mutation must be a text and is missing"),
        ({"graphql_url": "ftp://x/"}, "graphql_url must be an http or https URL"),
        ({"graphql_url": "http://me:word@x/"}, "graphql_url must be an http or https URL without a login"),
        ({"columns": "id"}, "columns must be a list of names"),
        ({"columns": ["id"]}, "columns must have synced_at"),
        ({"columns": ["synced_at"]}, "columns must have id"),
        ({"burst": 0}, "burst must be a number from 1 to 1000000, not 0"),
        ({"requests_per_second": 0}, "requests_per_second must be a number from 0.01 to 1000000, not 0"),
    ],
)
def test_what_is_wrong_is_named(change: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse({**GOOD, **change})
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"), [(None, "No such file"), ("{", "not JSON"), ("[]", "must hold an object")]
)
def test_a_file_that_is_none_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "gateway.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_secrets_are_not_shown() -> None:
    found = secrets({"GATEWAY_KEY": KEY, "HASURA_GRAPHQL_ADMIN_SECRET": ADMIN_SECRET})
    assert found.key == KEY.encode()
    assert found.admin_secret == ADMIN_SECRET
    assert repr(found) == "Secrets()"


@pytest.mark.parametrize(
    "environ",
    [
        {"GATEWAY_KEY": "0123456789abcdef", "HASURA_GRAPHQL_ADMIN_SECRET": ADMIN_SECRET},
        {"GATEWAY_KEY": f"{KEY}\n", "HASURA_GRAPHQL_ADMIN_SECRET": ADMIN_SECRET},
        {"HASURA_GRAPHQL_ADMIN_SECRET": ADMIN_SECRET},
        {"GATEWAY_KEY": KEY},
        {"GATEWAY_KEY": KEY, "HASURA_GRAPHQL_ADMIN_SECRET": "one\r\ntwo"},
    ],
)
def test_a_secret_that_can_not_be_one_is_named_and_not_quoted(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as error:
        secrets(environ)
    assert "GATEWAY_KEY" in str(error.value) or "HASURA_GRAPHQL_ADMIN_SECRET" in str(error.value)
    assert not [value for value in environ.values() if value in str(error.value)]


def test_the_file_of_a_stack_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps(GOOD))
    assert read(path) == parse(GOOD)

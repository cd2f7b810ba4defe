"""The configuration file: what is taken, and what each mistake is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cognito.config import ConfigError, parse, read
from orchestrator.cognito.service_model import ServiceModel

VALID: dict[str, Any] = {
    "region": "eu-central-1",
    "url": "http://localhost:9229/",
    "database": "/tmp/cognito.sqlite",
    "lambda_url": "http://127.0.0.1:9001/",
    "pool": {"Id": "eu-central-1_Local1", "PoolName": "p", "UsernameAttributes": ["email"]},
    "clients": [{"ClientId": "c1", "ClientName": "c"}],
    "groups": [{"GroupName": "editors"}],
}


def test_a_whole_configuration_is_taken(model: ServiceModel) -> None:
    config = parse(VALID, model)
    assert (config.pool_id, config.pool) == (
        "eu-central-1_Local1",
        {"PoolName": "p", "UsernameAttributes": ["email"]},
    )
    assert config.clients == ({"ClientId": "c1", "ClientName": "c"},)
    assert config.groups == ({"GroupName": "editors"},)
    assert (config.url, config.lambda_url) == ("http://localhost:9229", "http://127.0.0.1:9001")
    assert (config.host, config.port, config.account) == ("127.0.0.1", 9229, "000000000000")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "unknown member 'colour'"),
        ({"database": None}, "database must be a text and is missing"),
        ({"port": "9229"}, "port must be a number from 0 to 65535, not '9229'"),
        ({"port": 70000}, "port must be a number from 0 to 65535, not 70000"),
        ({"pool": None}, "pool must be an object"),
        ({"pool": {"Id": "Local1"}}, "pool.Id must look like eu-central-1_LocalDev1, not 'Local1'"),
        ({"pool": {"Id": "eu-central-1_L"}}, "pool: 1 validation error detected: Value null at 'poolName'"),
        (
            {"pool": {"Id": "eu-central-1_L", "PoolName": "p", "Polices": {}}},
            "pool: CreateUserPool has no member Polices",
        ),
        (
            {"pool": {"Id": "eu-central-1_L", "PoolName": "p", "Policies": {"PasswordPolicy": {"Length": 1}}}},
            "pool: CreateUserPool has no member Policies.PasswordPolicy.Length",
        ),
        (
            {"pool": {"Id": "eu-central-1_L", "PoolName": "p", "AliasAttributes": ["email", 5]}},
            "pool.AliasAttributes[1]: NUMBER_VALUE can not be converted to a String",
        ),
        ({"clients": {"ClientId": "c"}}, "clients must be a list of objects"),
        ({"clients": [{"ClientName": "c"}]}, "clients[0]: ClientId is missing"),
        ({"clients": [{"ClientId": "c"}]}, "clients[0]: 1 validation error detected: Value null at 'clientName'"),
        ({"groups": [{"GroupName": "a b"}]}, "groups[0]: 1 validation error detected"),
    ],
)
def test_each_mistake_is_told_with_its_place(model: ServiceModel, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({**VALID, **change}, model)
    assert words in str(caught.value)


def test_a_file_that_is_missing_or_no_json_is_named(model: ServiceModel, tmp_path: Path) -> None:
    path = tmp_path / "cognito.json"
    with pytest.raises(ConfigError, match=r"cognito\.json: No such file"):
        read(path, model)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"cognito\.json: not JSON"):
        read(path, model)
    path.write_text(json.dumps({**VALID, "port": "x"}))
    with pytest.raises(ConfigError, match=r"cognito\.json: port must be"):
        read(path, model)

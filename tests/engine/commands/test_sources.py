import pytest

from orchestrator.engine.commands.sources import database_url
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.reader import read_source_configuration

PARAMETERS = {"host": "h", "port": 5432, "username": "me@home", "password": "p/w", "database": "d b"}


def url(found, environ=None):
    configuration = read_source_configuration(JsonValue({"connection_info": {"database_url": found}}))
    return database_url(configuration, environ or {})


@pytest.mark.parametrize(
    ("found", "address"),
    [
        ("postgres://h/d", "postgres://h/d"),
        ({"from_env": "DB"}, "postgres://from/env"),
        ({"connection_parameters": PARAMETERS}, "postgresql://me%40home:p%2Fw@h:5432/d%20b"),
        ({"connection_parameters": {**PARAMETERS, "password": None}}, "postgresql://me%40home@h:5432/d%20b"),
    ],
)
def test_a_source_says_its_address_in_three_forms(found, address):
    assert url(found, {"DB": "postgres://from/env"}) == address


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(EngineError, match="environment variable 'DB' not set"):
        url({"from_env": "DB"})


@pytest.mark.parametrize(
    ("found", "path"),
    [
        (3, ""),
        ({}, ""),
        ({"from_env": ["DB"]}, ".from_env"),
        ({"connection_parameters": {}}, ".connection_parameters"),
        ({"connection_parameters": {**PARAMETERS, "port": "x"}}, ".connection_parameters.port"),
    ],
)
def test_any_other_form_is_refused_when_it_is_read(found, path):
    with pytest.raises(EngineError) as caught:
        url(found)
    assert (caught.value.code, caught.value.path) == ("parse-failed", f"$.connection_info.database_url{path}")

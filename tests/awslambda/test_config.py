from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.awslambda.config import parse, read
from orchestrator.awslambda.errors import ConfigError

FUNCTION = {"name": "sync", "handler": "app.handler", "runtime": "python3.12", "code": "/code"}


def document(**function):
    return {"logs": "/logs", "functions": [{**FUNCTION, **function}]}


def test_what_is_left_out_has_a_default():
    config = parse(document())
    assert (config.region, config.account, config.host, config.port) == ("us-east-1", "000000000000", "127.0.0.1", 9001)
    (function,) = config.functions
    assert (function.name, function.code, function.timeout, function.memory) == ("sync", Path("/code"), 3, 128)
    assert function.environment == {}


def test_every_setting_is_taken():
    (function,) = parse(document(environment={"KEY": "v"}, timeout=5, memory=256, role="r", description="d")).functions
    assert (function.environment, function.timeout, function.memory) == ({"KEY": "v"}, 5, 256)
    assert (function.role, function.description) == ("r", "d")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "the configuration must be a JSON object"),
        ({"functions": []}, "logs is missing"),
        ({"logs": "relative"}, "logs must be an absolute path"),
        ({"logs": "/logs", "port": "9001"}, "port has the wrong type"),
        ({"logs": "/logs", "port": 70000}, "port must be 0 to 65535, not 70000"),
        ({"logs": "/logs", "functions": {}}, "functions must be a list"),
        ({"logs": "/logs", "functions": [1]}, r"functions\[0\] must be a JSON object"),
        ({"logs": "/logs", "functions": [{}]}, r"functions\[0\]: name is missing"),
        ({"logs": "/logs", "functions": [FUNCTION, FUNCTION]}, "there are two functions named sync"),
        (document(code="relative"), "function sync: code must be an absolute path"),
        (document(timeout="5"), "function sync: timeout has the wrong type"),
        (document(timeout=True), "function sync: timeout has the wrong type"),
        (document(layers=[]), "function sync: unknown setting layers"),
        (document(environment={"KEY": 1}), "function sync: the environment variable KEY must be a string"),
        (document(environment={"AWS_REGION": "x"}), "function sync: .*Reserved keys used in this request: AWS_REGION"),
        (document(runtime="java21"), "function sync: the runtime 'java21' cannot run locally"),
        (document(name="a b"), "function a b: the name must be"),
    ],
)
def test_what_is_wrong_is_named(bad, message):
    with pytest.raises(ConfigError, match=f"^{message}"):
        parse(bad)


@pytest.mark.parametrize(("text", "message"), [(None, "No such file or directory"), ("{", "not JSON: ")])
def test_the_file_is_named(tmp_path, text, message):
    path = tmp_path / "config.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=f"^{path}: {message}"):
        read(path)

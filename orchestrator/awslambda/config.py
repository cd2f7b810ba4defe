"""The emulator's configuration file, read into values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.awslambda.errors import ConfigError
from orchestrator.awslambda.functions import Function, InvalidSetting, check

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "handler": str,
    "runtime": str,
    "code": str,
    "environment": dict,
    "timeout": int,
    "memory": int,
    "role": str,
    "description": str,
}
_REQUIRED = ("name", "handler", "runtime", "code")


@dataclass(frozen=True)
class Config:
    """Where to listen, whose functions these are, and the folder for their logs."""

    region: str
    account: str
    host: str
    port: int
    functions: tuple[Function, ...]
    logs: Path


def read(path: Path) -> Config:
    """The configuration in this JSON file. Raises ConfigError with one line that names the place."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error
    try:
        return parse(document)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(document: object) -> Config:
    """The configuration that this document describes. Raises ConfigError."""
    if not isinstance(document, dict):
        raise ConfigError("the configuration must be a JSON object")
    entries = document.get("functions", [])
    if not isinstance(entries, list):
        raise ConfigError("functions must be a list")
    functions = tuple(_function(entry, f"functions[{index}]") for index, entry in enumerate(entries))
    names = [function.name for function in functions]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"there are two functions named {twice[0]}")
    return Config(
        region=_value(document, "region", str, "us-east-1"),
        account=_value(document, "account", str, "000000000000"),
        host=_value(document, "host", str, "127.0.0.1"),
        port=_port(_value(document, "port", int, 9001)),
        functions=functions,
        logs=_absolute(_value(document, "logs", str, None), "logs"),
    )


def _function(entry: object, place: str) -> Function:
    if not isinstance(entry, dict):
        raise ConfigError(f"{place} must be a JSON object")
    where = f"function {entry['name']}" if isinstance(entry.get("name"), str) else place
    if unknown := sorted(set(entry) - set(_TYPES)):
        raise ConfigError(f"{where}: unknown setting {unknown[0]}")
    if missing := [name for name in _REQUIRED if not entry.get(name)]:
        raise ConfigError(f"{where}: {missing[0]} is missing")
    try:
        settings = {name: _typed(value, name, _TYPES[name]) for name, value in entry.items()}
        settings["environment"] = _environment(settings.get("environment", {}))
        settings["code"] = _absolute(settings["code"], "code")
        function = Function(**settings)
        check(function)
    except (ConfigError, InvalidSetting) as error:
        raise ConfigError(f"{where}: {error}") from error
    return function


def _environment(values: Mapping[str, Any]) -> dict[str, str]:
    for name, value in values.items():
        if not isinstance(value, str):
            raise ConfigError(f"the environment variable {name} must be a string")
    return dict(values)


def _value(document: Mapping[str, Any], name: str, kind: type, default: object) -> Any:
    value = document.get(name, default)
    if value is None:
        raise ConfigError(f"{name} is missing")
    return _typed(value, name, kind)


def _typed(value: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ConfigError(f"{name} has the wrong type")
    return value


def _port(number: int) -> int:
    if number not in range(65536):
        raise ConfigError(f"port must be 0 to 65535, not {number}")
    return number


def _absolute(text: str, name: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ConfigError(f"{name} must be an absolute path")
    return path

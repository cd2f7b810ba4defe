"""The emulator's configuration: one JSON file, checked before anything starts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import CognitoError, Serialization
from .service_model import ServiceModel

NAMES = {
    "region", "account", "host", "also_host", "port", "url", "database", "lambda_url", "mfa", "pool", "clients",
    "groups", "domain", "providers", "resource_servers",
}  # fmt: skip


class ConfigError(Exception):
    """The file can't be used; the text says where and why."""


@dataclass(frozen=True)
class Config:
    """All the emulator is told: addresses, and the pool as the AWS API describes one."""

    region: str
    account: str
    host: str
    port: int
    url: str
    database: Path
    lambda_url: str | None
    pool_id: str
    pool: Mapping[str, Any]
    mfa: Mapping[str, Any]
    clients: tuple[Mapping[str, Any], ...]
    groups: tuple[Mapping[str, Any], ...] = ()
    domain: str | None = None
    providers: tuple[Mapping[str, Any], ...] = ()
    resource_servers: tuple[Mapping[str, Any], ...] = ()
    also_host: str | None = None


def read(path: Path, model: ServiceModel) -> Config:
    """The configuration in a file; raises ConfigError."""
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error
    try:
        return parse(document, model)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse(document: Any, model: ServiceModel) -> Config:
    """The configuration a JSON document describes; raises ConfigError."""
    if not isinstance(document, dict):
        raise ConfigError("the file must hold an object")
    if unknown := sorted(document.keys() - NAMES):
        raise ConfigError(f"unknown member {unknown[0]!r} (known: {', '.join(sorted(NAMES))})")
    region = _text(document, "region", "us-east-1")
    pool_id, pool = _pool(document.get("pool"), region, model)
    port = document.get("port", 9229)
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise ConfigError(f"port must be a number from 0 to 65535, not {port!r}")
    return Config(
        region=region,
        account=_text(document, "account", "000000000000"),
        host=_text(document, "host", "127.0.0.1"),
        also_host=_text(document, "also_host") if document.get("also_host") else None,
        port=port,
        url=_text(document, "url", f"http://localhost:{port}").rstrip("/"),
        database=Path(_text(document, "database")),
        lambda_url=_text(document, "lambda_url").rstrip("/") if document.get("lambda_url") else None,
        pool_id=pool_id,
        pool=pool,
        mfa=_mfa(document.get("mfa"), pool_id, model),
        clients=tuple(_inputs(document, "clients", "CreateUserPoolClient", pool_id, {"ClientId"}, model)),
        groups=tuple(_inputs(document, "groups", "CreateGroup", pool_id, set(), model)),
        domain=_text(document, "domain") if document.get("domain") else None,
        providers=tuple(_inputs(document, "providers", "CreateIdentityProvider", pool_id, set(), model)),
        resource_servers=tuple(_inputs(document, "resource_servers", "CreateResourceServer", pool_id, set(), model)),
    )


def _text(document: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} must be a text" + (" and is missing" if value is None else f", not {value!r}"))
    return value


def _pool(given: Any, region: str, model: ServiceModel) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(given, dict):
        raise ConfigError("pool must be an object with an Id and CreateUserPool's members")
    pool_id = given.get("Id")
    if not isinstance(pool_id, str) or not re.fullmatch(re.escape(region) + "_[0-9a-zA-Z]+", pool_id):
        raise ConfigError(f"pool.Id must look like {region}_LocalDev1, not {pool_id!r}")
    settings = {name: value for name, value in given.items() if name != "Id"}
    return pool_id, _checked("pool", settings, "CreateUserPool", {}, set(), model)


def _mfa(given: Any, pool_id: str, model: ServiceModel) -> Mapping[str, Any]:
    if not isinstance(given, dict | None):
        raise ConfigError("mfa must be an object with SetUserPoolMfaConfig's members")
    return _checked("mfa", given or {}, "SetUserPoolMfaConfig", {"UserPoolId": pool_id}, set(), model)


def _inputs(
    document: Mapping[str, Any], member: str, operation: str, pool_id: str, own: set[str], model: ServiceModel
) -> list[Mapping[str, Any]]:
    """The entries of a list member, each checked as the input of an operation; `own` are names it lacks."""
    entries = document.get(member) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{member} must be a list of objects")
    for place, entry in enumerate(entries):
        missing = [name for name in own if not isinstance(entry.get(name), str) or not entry[name]]
        if missing:
            raise ConfigError(f"{member}[{place}]: {missing[0]} is missing")
    return [
        _checked(f"{member}[{place}]", entry, operation, {"UserPoolId": pool_id}, own, model)
        for place, entry in enumerate(entries)
    ]


def _checked(
    where: str, given: Mapping[str, Any], operation: str, extra: Mapping[str, Any], own: set[str], model: ServiceModel
) -> Mapping[str, Any]:
    kept = {name: given[name] for name in own if name in given}
    rest = {name: value for name, value in given.items() if name not in own}
    if unknown := model.unknown(operation, rest):
        raise ConfigError(f"{where}: {operation} has no member {unknown[0]}")
    try:
        checked = model.validated(operation, {**rest, **extra})
    except Serialization as error:
        raise ConfigError(f"{where}{error.place}: {error.message}") from error
    except CognitoError as error:
        raise ConfigError(f"{where}: {error.message}") from error
    return {**kept, **{name: value for name, value in checked.items() if name not in extra}}

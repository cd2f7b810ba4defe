"""The JWT secret: how tokens are found, verified and read, from the JSON of HASURA_GRAPHQL_JWT_SECRET."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.engine.auth import json_path
from orchestrator.engine.auth.jwk import Key, UnusableKey, from_setting
from orchestrator.engine.auth.token_header import AuthorizationHeader, Cookie, CustomHeader, TokenHeader
from orchestrator.engine.json_value import encountered

DEFAULT_NAMESPACE: Final = "https://hasura.io/jwt/claims"
ALLOWED_ROLES: Final = "x-hasura-allowed-roles"
DEFAULT_ROLE: Final = "x-hasura-default-role"


class JwtConfigError(ValueError):
    """A JWT secret that can't be used; says why, never what the secret is."""


@dataclass(frozen=True)
class Namespace:
    """The claims stand together: under `key`, or at `path` where that is set; as JSON or as text that holds JSON."""

    key: str = DEFAULT_NAMESPACE
    path: json_path.Path | None = None
    stringified: bool = False


@dataclass(frozen=True)
class AtPath:
    path: json_path.Path
    default: Any = None

    def shown(self) -> Any:
        path = json_path.write(self.path)
        return {"path": path} if self.default is None else {"path": path, "default": self.default}


@dataclass(frozen=True)
class Static:
    value: Any

    def shown(self) -> Any:
        return self.value


@dataclass(frozen=True)
class ClaimsMap:
    """Each session variable has a place of its own in the token, or a fixed value."""

    claims: Mapping[str, AtPath | Static]

    def shown(self) -> Mapping[str, Any]:
        return {name: claim.shown() for name, claim in self.claims.items()}


@dataclass(frozen=True)
class JwtConfig:
    """`keys` is the address of a JWK set, or the one key itself."""

    keys: str | Key
    claims: Namespace | ClaimsMap = field(default_factory=Namespace)
    audience: tuple[str, ...] | None = None
    issuer: str | None = None
    allowed_skew: float = 0
    header: TokenHeader = field(default_factory=AuthorizationHeader)

    def shown(self) -> Mapping[str, Any]:
        """What `/v1alpha1/config` tells of it, for the console to read tokens."""
        place = self.claims if isinstance(self.claims, Namespace) else Namespace()
        return {
            "claims_namespace": place.key if place.path is None else json_path.write(place.path),
            "claims_format": "stringified_json" if place.stringified else "json",
            "claims_map": self.claims.shown() if isinstance(self.claims, ClaimsMap) else None,
        }


def read_jwt_config(text: str) -> JwtConfig:
    """The configuration that the JSON text says; raises JwtConfigError."""
    return read_setting(read_json(text))


def read_jwt_configs(text: str) -> tuple[JwtConfig, ...]:
    """The configurations that a JSON list says; raises JwtConfigError. At most one of them may name no issuer."""
    settings = read_json(text)
    if not isinstance(settings, list) or not settings:
        raise JwtConfigError("it is not a JSON list of JWT secrets")
    configs = tuple(read_setting(setting) for setting in settings)
    if sum(config.issuer is None for config in configs) > 1:
        raise JwtConfigError("more than one of the secrets has no issuer, so a token could be for either")
    return configs


def read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JwtConfigError("it is not valid JSON") from error


def read_setting(setting: Any) -> JwtConfig:
    if not isinstance(setting, dict):
        raise JwtConfigError("it is not a JSON object")
    try:
        return JwtConfig(
            keys=read_keys(setting),
            claims=read_claims(setting),
            audience=read_audience(setting.get("audience")),
            issuer=read_optional(setting, "issuer", str),
            allowed_skew=read_optional(setting, "allowed_skew", (int, float)) or 0,
            header=read_header(setting.get("header")),
        )
    except json_path.JsonPathError as error:
        raise JwtConfigError(str(error)) from error


def read_optional(setting: Mapping[str, Any], key: str, kinds: type | tuple[type, ...]) -> Any:
    value = setting.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
        raise JwtConfigError(f"{key} has the wrong type: it is {article(encountered(value))}")
    return value


def article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AO' else 'a'} {noun}"


def read_keys(setting: Mapping[str, Any]) -> str | Key:
    key, url = read_optional(setting, "key", str), read_optional(setting, "jwk_url", str)
    if key is not None and url is not None:
        raise JwtConfigError("key, jwk_url both cannot be present")
    if url is not None:
        return read_url(url)
    if key is None:
        raise JwtConfigError("key and jwk_url both cannot be empty")
    kind = read_optional(setting, "type", str)
    if kind is None:
        raise JwtConfigError('key "type" not found: say one of HS256, RS256, ES256, Ed25519 …')
    try:
        return from_setting(kind, key)
    except UnusableKey as error:
        raise JwtConfigError(f"Invalid JWK: {error}") from error


def read_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise JwtConfigError("jwk_url is not an http or https address")
    return url


def read_audience(audience: Any) -> tuple[str, ...] | None:
    if audience is None:
        return None
    entries = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(entry, str) for entry in entries):
        raise JwtConfigError("audience is neither a string nor a list of strings")
    return tuple(entries)


def read_claims(setting: Mapping[str, Any]) -> Namespace | ClaimsMap:
    claims_map = read_optional(setting, "claims_map", dict)
    if claims_map is not None:
        return read_claims_map(claims_map)
    key = read_optional(setting, "claims_namespace", str)
    path = read_optional(setting, "claims_namespace_path", str)
    if key is not None and path is not None:
        raise JwtConfigError("claims_namespace and claims_namespace_path both cannot be set")
    claims_format = read_optional(setting, "claims_format", str) or "json"
    if claims_format not in ("json", "stringified_json"):
        raise JwtConfigError("claims_format is neither json nor stringified_json")
    return Namespace(
        key=DEFAULT_NAMESPACE if key is None else key,
        path=None if path is None else json_path.parse(path),
        stringified=claims_format == "stringified_json",
    )


def read_claims_map(claims: Mapping[str, Any]) -> ClaimsMap:
    for required in (ALLOWED_ROLES, DEFAULT_ROLE):
        if required not in claims:
            raise JwtConfigError(f"claims_map: {required} is expected but not found")
    return ClaimsMap({name.lower(): read_claim(name, value) for name, value in claims.items()})


def read_claim(name: str, value: Any) -> AtPath | Static:
    if not isinstance(value, dict):
        return Static(claim_value(name, value))
    if not isinstance(value.get("path"), str):
        raise JwtConfigError(f"claims_map has {name} without a path")
    default = value.get("default")
    return AtPath(json_path.parse(value["path"]), None if default is None else claim_value(name, default))


def claim_value(name: str, value: Any) -> Any:
    """A value that the configuration gives a claim, where it is of the right type."""
    if name == ALLOWED_ROLES:
        if not isinstance(value, list) or not all(isinstance(role, str) and role for role in value):
            raise JwtConfigError(f"claims_map has {name} that is not a list of roles")
    elif not isinstance(value, str):
        raise JwtConfigError(f"claims_map has {name} that is {article(encountered(value))}, not a String")
    elif name == DEFAULT_ROLE and not value:
        raise JwtConfigError(f"claims_map has {name} that is empty")
    return value


def read_header(header: Any) -> TokenHeader:
    if header is None:
        return AuthorizationHeader()
    if not isinstance(header, dict):
        raise JwtConfigError(f'header is {article(encountered(header))}: say {{"type": …}}')
    kind, name = str(header.get("type")).lower(), header.get("name")
    if kind == "authorization":
        return AuthorizationHeader()
    if kind not in ("cookie", "customheader"):
        raise JwtConfigError("header: expected 'type' is 'Authorization' or 'Cookie' or 'CustomHeader'")
    if not isinstance(name, str) or not name:
        raise JwtConfigError('header: key "name" not found')
    return Cookie(name) if kind == "cookie" else CustomHeader(name.lower())

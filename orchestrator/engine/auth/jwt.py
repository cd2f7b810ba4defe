"""A token to what it grants: signature, times, audience and issuer are verified, then the Hasura claims are read.

The messages are those of the library that Hasura uses (`jose`), since applications match on them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import orjson
from jwt.algorithms import Algorithm, get_default_algorithms

from orchestrator.engine.auth import json_path
from orchestrator.engine.auth.jwk import Key
from orchestrator.engine.auth.jwt_config import (
    ALLOWED_ROLES,
    DEFAULT_ROLE,
    AtPath,
    ClaimsMap,
    JwtConfig,
    Namespace,
    Static,
)
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import encountered

ALGORITHMS: Final = frozenset(f"{family}{size}" for family in ("HS", "RS", "PS", "ES") for size in (256, 384, 512)) | {
    "EdDSA"
}
# Makes what is base64, but not base64url, invalid.
STRICT: Final = str.maketrans("+/", "!!")
NUMERIC_DATES: Final = ("exp", "nbf", "iat")
TEXTS: Final = {"iss": "StringOrURI", "sub": "StringOrURI", "jti": "Text"}
REGISTERED: Final = frozenset((*NUMERIC_DATES, *TEXTS, "aud"))


@dataclass(frozen=True)
class Grant:
    """What a verified token gives: roles to choose from, session variables, and until when (seconds since 1970)."""

    allowed_roles: tuple[str, ...]
    default_role: str
    variables: Mapping[str, str]
    expires_at: float | None


def grant(token: str, config: JwtConfig, keys: tuple[Key, ...], *, at: float) -> Grant:
    """What the token grants at this time; raises invalid-jwt and the like."""
    if not suits_issuer(token, config):
        raise not_in_issuer()
    claims = read_claims(verify(token, keys))
    check_times(claims, config.allowed_skew, at)
    check_audience(claims, config)
    variables = session_variables(claims, config)
    allowed, default = read_roles(variables)
    texts = {name: text_of(value) for name, value in variables.items() if name not in (ALLOWED_ROLES, DEFAULT_ROLE)}
    expires_at = claims.get("exp")
    return Grant(allowed, default, texts, None if expires_at is None else expires_at + config.allowed_skew)


def invalid(reason: str) -> EngineError:
    return EngineError("invalid-jwt", f"Could not verify JWT: {reason}")


def invalid_claims(message: str) -> EngineError:
    return EngineError("jwt-invalid-claims", message)


def not_in_issuer() -> EngineError:
    return invalid("JWTNotInIssuer")


def suits_issuer(token: str, config: JwtConfig) -> bool:
    """Whether a token, not verified yet, is of the issuer. One that names no issuer passes, as it does in Hasura."""
    if config.issuer is None:
        return True
    try:
        named = decode_object(token.split(".")[1])["iss"]
    except (EngineError, IndexError, KeyError):
        return True
    return not isinstance(named, str) or named == config.issuer


def verify(token: str, keys: tuple[Key, ...]) -> bytes:
    """What a token says that one of the keys signed; a `kid` is no matter, every key that fits is tried."""
    parts = token.split(".")
    if len(parts) != 3:
        reason = f"Invalid number of parts: Expected 3 parts; got {len(parts)}"
        raise invalid(f"JWSError (CompactDecodeError {reason})")
    header = decode_object(parts[0])
    algorithm = header.get("alg")
    # "none" is not among them: a token without a signature has no valid one.
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in header:
        raise invalid("JWSError JWSNoSignatures")
    if not keys:
        raise invalid("JWSError NoUsableKeys")
    payload, signature = decode(parts[1]), decode(parts[2])
    signed = f"{parts[0]}.{parts[1]}".encode()
    verifier = verifiers()[algorithm]
    fitting = (key for key in keys if algorithm in key.algorithms)
    if not any(verifier.verify(signed, key.material, signature) for key in fitting):
        raise invalid("JWSError JWSInvalidSignature")
    return payload


@cache
def verifiers() -> Mapping[str, Algorithm]:
    return get_default_algorithms()


def decode(part: str) -> bytes:
    try:
        return base64.b64decode(part.translate(STRICT) + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid('JWSError (JSONDecodeError "Invalid base64url")') from error


def decode_object(part: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(decode(part))
    except orjson.JSONDecodeError as error:
        raise invalid('JWSError (JSONDecodeError "Invalid JSON")') from error
    if not isinstance(value, dict):
        raise invalid('JWSError (JSONDecodeError "Not an object")')
    return value


def read_claims(payload: bytes) -> Mapping[str, Any]:
    """The claims of a verified token; raises invalid-jwt where a claim that every token knows is of a wrong type."""
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise undecodable("$", f"Failed reading: {error}") from error
    if not isinstance(claims, dict):
        raise undecodable("$", parsing("JWT Claims Set", "Object", claims))
    for name in NUMERIC_DATES:
        check_type(claims, name, (int, float), "NumericDate", "Number")
    for name, called in TEXTS.items():
        check_type(claims, name, str, called, "String")
    check_audience_type(claims.get("aud"))
    return claims


def check_type(claims: Mapping[str, Any], name: str, kind: type | tuple[type, ...], called: str, expected: str) -> None:
    value = claims.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
        raise undecodable(f"$.{name}", parsing(called, expected, value))


def check_audience_type(audience: Any) -> None:
    entries = audience if isinstance(audience, list) else [] if audience is None else [audience]
    for entry in entries:
        if not isinstance(entry, str):
            raise undecodable("$.aud", parsing("StringOrURI", "String", entry))


def undecodable(path: str, reason: str) -> EngineError:
    return invalid(f'JWTClaimsSetDecodeError "Error in {path}: {reason}"')


def check_times(claims: Mapping[str, Any], skew: float, at: float) -> None:
    expires, not_before, issued = (claims.get(name) for name in ("exp", "nbf", "iat"))
    if expires is not None and at >= expires + skew:
        raise invalid("JWTExpired")
    if issued is not None and at < issued - skew:
        raise invalid("JWTIssuedAtFuture")
    if not_before is not None and at < not_before - skew:
        raise invalid("JWTNotYetValid")


def check_audience(claims: Mapping[str, Any], config: JwtConfig) -> None:
    audience = claims.get("aud")
    if config.audience is None or audience is None:
        return
    named = audience if isinstance(audience, list) else [audience]
    if not any(entry in config.audience for entry in named):
        raise invalid("JWTNotInAudience")


def session_variables(claims: Mapping[str, Any], config: JwtConfig) -> Mapping[str, Any]:
    """The x-hasura- claims by lower-case name, roles among them; their values are not looked at yet."""
    if isinstance(config.claims, ClaimsMap):
        return {name: mapped_claim(name, claim, claims) for name, claim in config.claims.claims.items()}
    own = {name: value for name, value in claims.items() if name not in REGISTERED}
    found = namespaced_claims(own, config.claims)
    return {name.lower(): value for name, value in found.items() if name.lower().startswith("x-hasura-")}


def mapped_claim(name: str, claim: AtPath | Static, claims: Mapping[str, Any]) -> Any:
    if isinstance(claim, Static):
        return claim.value
    value = json_path.lookup(claims, claim.path)
    if value is not json_path.MISSING:
        # Hasura reads a default role twice, and words it differently here.
        if name == DEFAULT_ROLE:
            role_name(value, f"invalid {DEFAULT_ROLE}; should be a role")
        return value
    if claim.default is not None:
        return claim.default
    if name in (ALLOWED_ROLES, DEFAULT_ROLE):
        raise EngineError("jwt-missing-role-claims", f"JWT claim does not contain {name}")
    raise invalid_claims(f"JWT claim from claims_map, {name} not found")


def namespaced_claims(claims: Mapping[str, Any], namespace: Namespace) -> Mapping[str, Any]:
    if namespace.path is None:
        found, place = claims.get(namespace.key, json_path.MISSING), f"claims_namespace {namespace.key}"
        missing = f"claims key: '{namespace.key}' not found"
    else:
        found, place = (
            json_path.lookup(claims, namespace.path),
            f"claims_namespace_path {json_path.write(namespace.path)}",
        )
        missing = f"claims not found at claims_namespace_path: '{json_path.write(namespace.path)}'"
    if found is json_path.MISSING:
        raise invalid_claims(missing)
    if namespace.stringified:
        return destringified(found, place)
    if not isinstance(found, dict):
        raise invalid_claims("expecting a json object when claims_format is json")
    return found


def destringified(found: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(found, str):
        raise invalid_claims("expecting a string when claims_format is stringified_json")
    try:
        value = orjson.loads(found)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise invalid_claims(f"expecting stringified json at: '{place}', but found: {found}")
    return value


def read_roles(variables: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The allowed roles and the default one."""
    allowed = required_claim(variables, ALLOWED_ROLES)
    hint = f"invalid {ALLOWED_ROLES}; should be a list of roles"
    if not isinstance(allowed, list):
        raise wrong_type(hint, "[]", "Array", allowed)
    roles = tuple(role_name(role, hint) for role in allowed)
    default = required_claim(variables, DEFAULT_ROLE)
    return roles, role_name(default, f"invalid {DEFAULT_ROLE}; should be a single role name")


def required_claim(variables: Mapping[str, Any], name: str) -> Any:
    if name not in variables:
        raise EngineError("jwt-missing-role-claims", f"JWT claim does not contain {name}")
    return variables[name]


def role_name(value: Any, hint: str) -> str:
    if not isinstance(value, str):
        raise wrong_type(hint, "String", "String", value)
    if not value:
        raise invalid_claims(f"{hint}: empty string not allowed")
    return value


def text_of(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type("x-hasura-* claims", "Text", "String", value)
    return value


def wrong_type(hint: str, called: str, expected: str, value: Any) -> EngineError:
    return invalid_claims(f"{hint}: {parsing(called, expected, value)}")


def parsing(called: str, expected: str, value: Any) -> str:
    return f"parsing {called} failed, expected {expected}, but encountered {encountered(value)}"

"""The keys that a token may be signed with: from a shared secret, a PEM file or a JWK set."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

CURVES: Final[Mapping[str, type[EllipticCurve]]] = {"P-256": SECP256R1, "P-384": SECP384R1, "P-521": SECP521R1}
EC_ALGORITHMS: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
HMAC_ALGORITHMS: Final = ("HS256", "HS384", "HS512")
RSA_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(HMAC_ALGORITHMS, "HMAC"),
    **dict.fromkeys(("RS256", "RS384", "RS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "Ed25519": "EdDSA",
}


class UnusableKey(ValueError):
    """A key that can't be used; says why, never what the key is."""


@dataclass(frozen=True)
class Key:
    """`algorithms` are the only ones it verifies, so a public key never becomes an HMAC secret."""

    algorithms: tuple[str, ...]
    material: Any = field(repr=False)


def from_setting(kind: str, text: str) -> Key:
    """The key of a JWT secret's `type` and `key`; raises UnusableKey."""
    if kind not in KINDS:
        raise UnusableKey(f"Key type: {kind} is not supported")
    if kind in HMAC_ALGORITHMS:
        return from_secret(kind, text)
    key = from_pem(text)
    if KINDS[kind] == "RSA" and "RS256" not in key.algorithms:
        raise UnusableKey(f"the key is not an RSA key, as type {kind} asks for")
    if KINDS[kind] == "EC" and key.algorithms != (kind,):
        raise UnusableKey(f"the key is not on the curve that type {kind} asks for")
    if kind == "Ed25519" and key.algorithms != ("EdDSA",):
        raise UnusableKey("the key is not an Ed25519 key")
    return key


def from_secret(kind: str, secret: str) -> Key:
    if kind not in hmac_algorithms(secret.encode()):
        raise UnusableKey(f"Key size too small; should be atleast {digest_size(kind)} characters")
    return Key(hmac_algorithms(secret.encode()), secret.encode())


def hmac_algorithms(secret: bytes) -> tuple[str, ...]:
    """Those that the secret is long enough for."""
    return tuple(kind for kind in HMAC_ALGORITHMS if len(secret) >= digest_size(kind))


def digest_size(kind: str) -> int:
    """In bytes, of HS256 and the like."""
    return int(kind[2:]) // 8


def from_pem(text: str) -> Key:
    """The key of a PEM text: a public key or an X.509 certificate."""
    try:
        if "BEGIN CERTIFICATE" in text:
            return from_public(x509.load_pem_x509_certificate(text.encode()).public_key())
        return from_public(serialization.load_pem_public_key(text.encode()))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableKey("Could not decode PEM: it is no public key and no X.509 certificate") from error


def from_public(public: object) -> Key:
    if isinstance(public, RSAPublicKey):
        return Key(RSA_ALGORITHMS, public)
    if isinstance(public, EllipticCurvePublicKey) and public.curve.name in EC_ALGORITHMS:
        return Key((EC_ALGORITHMS[public.curve.name],), public)
    if isinstance(public, Ed25519PublicKey):
        return Key(("EdDSA",), public)
    raise UnusableKey("only RSA, P-256, P-384, P-521 and Ed25519 keys are supported")


def from_set(document: object) -> tuple[Key, ...]:
    """The keys of a JWK set that tokens can be signed with, maybe none; raises UnusableKey of what is no set."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UnusableKey("it has no list of keys")
    signing = [entry for entry in entries if isinstance(entry, dict) and entry.get("use", "sig") == "sig"]
    return tuple(key for key in map(from_jwk, signing) if key is not None)


def from_jwk(entry: Mapping[str, Any]) -> Key | None:
    """The key of a JWK, None of one that can't be read. A key that names its algorithm verifies no other."""
    try:
        key = READERS[entry["kty"]](entry)
    except (KeyError, TypeError, AttributeError, ValueError, UnsupportedAlgorithm):
        return None
    named = entry.get("alg")
    return Key((named,), key.material) if named in key.algorithms else key


def decode(text: str) -> bytes:
    """Base64url, padded or not: Cognito's keys came with padding once."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def number(text: str) -> int:
    return int.from_bytes(decode(text), "big")


def read_rsa(entry: Mapping[str, Any]) -> Key:
    return from_public(RSAPublicNumbers(number(entry["e"]), number(entry["n"])).public_key())


def read_ec(entry: Mapping[str, Any]) -> Key:
    curve = CURVES[entry["crv"]]()
    return from_public(EllipticCurvePublicNumbers(number(entry["x"]), number(entry["y"]), curve).public_key())


def read_okp(entry: Mapping[str, Any]) -> Key:
    if entry["crv"] != "Ed25519":
        raise ValueError("only Ed25519 is supported")
    return from_public(Ed25519PublicKey.from_public_bytes(decode(entry["x"])))


def read_oct(entry: Mapping[str, Any]) -> Key:
    secret = decode(entry["k"])
    return Key(hmac_algorithms(secret), secret)


READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Key]]] = {
    "RSA": read_rsa,
    "EC": read_ec,
    "OKP": read_okp,
    "oct": read_oct,
}

"""The RSA keys that sign tokens, kept in the database from the first start on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.api_jws import PyJWS

from ..model import Json

ID, ACCESS = "id", "access"

jws = PyJWS()


@dataclass(frozen=True)
class SigningKey:
    id: str
    private: rsa.RSAPrivateKey
    public: rsa.RSAPublicKey

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jws.encode(orjson.dumps(claims), self.private, algorithm="RS256", headers={"kid": self.id, "typ": None})

    def jwk(self) -> Json:
        numbers = self.public.public_numbers()
        return {
            "alg": "RS256",
            "e": _base64url(numbers.e),
            "kid": self.id,
            "kty": "RSA",
            "n": _base64url(numbers.n),
            "use": "sig",
        }


def generate() -> bytes:
    """A new private key, in DER."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load(der: bytes) -> SigningKey:
    # It is our own, from a file that only its owner may write: checking that its numbers are prime takes 15 ms a key.
    private = serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("The stored signing key is not an RSA key.")
    public = private.public_key()
    digest = hashlib.sha256(str(public.public_numbers().n).encode()).digest()
    return SigningKey(base64.b64encode(digest).decode(), private, public)


def _base64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

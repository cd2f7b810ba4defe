"""Refresh tokens: what they say is sealed (a compact JWE, as Cognito's are), so that none need be stored."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..model import Random

_HEADER = base64.urlsafe_b64encode(b'{"cty":"JWT","enc":"A256GCM","alg":"dir"}').rstrip(b"=").decode()


@dataclass(frozen=True)
class Grant:
    """What a refresh token stands for. By its id it is known where each use replaces it."""

    sub: str
    client_id: str
    session: str
    auth_time: int
    expires_at: int
    scope: str
    id: str = ""
    device_key: str | None = None


def seal(grant: Grant, key: bytes, random: Random) -> str:
    nonce = random(12)
    sealed = AESGCM(key).encrypt(nonce, orjson.dumps(asdict(grant)), _HEADER.encode())
    return ".".join((_HEADER, "", _text(nonce), _text(sealed[:-16]), _text(sealed[-16:])))


def unseal(token: str, key: bytes) -> Grant | None:
    """The grant in a refresh token, or None if the token is none of ours."""
    parts = token.split(".")
    if len(parts) != 5 or parts[0] != _HEADER or parts[1]:
        return None
    try:
        nonce, text, tag = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[2:])
        return Grant(**orjson.loads(AESGCM(key).decrypt(nonce, text + tag, _HEADER.encode())))
    except (ValueError, InvalidTag):
        return None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

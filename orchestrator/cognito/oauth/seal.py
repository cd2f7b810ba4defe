"""Values that travel through the browser and come back as they were: nobody else can read, make or keep them."""

from __future__ import annotations

import base64

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..emulator import Emulator
from ..model import Json


def sealed(emulator: Emulator, kind: str, value: Json, *, seconds: float) -> str:
    """The value as a text that is worth something for so long, and as this kind of thing only."""
    nonce = emulator.random(12)
    content = orjson.dumps([emulator.clock() + seconds, value])
    text = AESGCM(emulator.refresh_key).encrypt(nonce, content, kind.encode())
    return base64.urlsafe_b64encode(nonce + text).rstrip(b"=").decode()


def unsealed(emulator: Emulator, kind: str, text: str) -> Json | None:
    """The value, or None for a text that is none of ours, of another kind, or past its time."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        content = AESGCM(emulator.refresh_key).decrypt(data[:12], data[12:], kind.encode())
    except (ValueError, InvalidTag):
        return None
    expires_at, value = orjson.loads(content)
    return value if expires_at > emulator.clock() else None

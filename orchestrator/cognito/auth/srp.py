"""Secure Remote Password (SRP-6a) in Cognito's variant: 3072 bits, SHA-256, "Caldera Derived Key"."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from ..model import Random, Verifier

# The 3072-bit group of RFC 3526, section 4.
N_HEX = (
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
)
N = int(N_HEX, 16)
_HEXADECIMAL = re.compile("[0-9a-fA-F]{1,2048}")
G = 2


@dataclass(frozen=True)
class Exchange:
    """What the server keeps between its half of the exchange and the client's proof, in hexadecimal."""

    client_public: str
    server_secret: str
    server_public: str


def verifier(pool_name: str, username: str, password: str, random: Random) -> Verifier:
    """What is stored of a password. It takes 5 ms: the modular exponentiation stretches it as scrypt would."""
    # The first bits are 01, so that clients that pad the salt as a number and as a text agree.
    salt = format(int.from_bytes(random(16), "big") & (1 << 126) - 1 | 1 << 126, "x")
    return Verifier(salt, format(_raise_password(pool_name, username, password, salt), "x"))


def decoy(seed: bytes) -> Verifier:
    """A verifier that no password fits: the same for the same seed."""
    value = hashlib.sha256(seed).hexdigest()
    return Verifier("4" + value[:31], value)


def matches(stored: Verifier, pool_name: str, username: str, password: str) -> bool:
    value = format(_raise_password(pool_name, username, password, stored.salt), "x")
    return hmac.compare_digest(value, stored.value)


def begin(client_public: str, stored: Verifier, random: Random) -> Exchange | None:
    """The server's half for a client's A; None if A is no number, or ≡ 0 mod N, with which anybody could sign in."""
    if not _HEXADECIMAL.fullmatch(client_public) or int(client_public, 16) % N == 0:
        return None
    secret = int.from_bytes(random(32), "big")
    public = (_K * int(stored.value, 16) + pow(G, secret, N)) % N
    return Exchange(client_public, format(secret, "x"), format(public, "x"))


def proves(
    exchange: Exchange,
    stored: Verifier,
    *,
    pool_name: str,
    username: str,
    secret_block: str,
    timestamp: str,
    signature: str,
) -> bool:
    """Whether the client's PASSWORD_CLAIM_SIGNATURE shows that it knows the password."""
    a, b = int(exchange.client_public, 16), int(exchange.server_secret, 16)
    u = int(_hash(_padded(a) + _padded(int(exchange.server_public, 16))), 16)
    shared = pow(a * pow(int(stored.value, 16), u, N), b, N)
    key = _derived_key(shared, u)
    said = pool_name.encode() + username.encode() + base64.b64decode(secret_block) + timestamp.encode()
    expected = base64.b64encode(hmac.digest(key, said, hashlib.sha256))
    return hmac.compare_digest(expected, signature.encode())


def _raise_password(pool_name: str, username: str, password: str, salt: str) -> int:
    identity = hashlib.sha256(f"{pool_name}{username}:{password}".encode()).digest()
    x = int(_hash(_padded(int(salt, 16)) + identity), 16)
    return pow(G, x, N)


def _derived_key(shared: int, u: int) -> bytes:
    key = hmac.digest(_padded(u), _padded(shared), hashlib.sha256)
    return hmac.digest(key, b"Caldera Derived Key\x01", hashlib.sha256)[:16]


def _padded(number: int) -> bytes:
    """Big-endian with a leading zero byte where the first bit is set, as Java's BigInteger writes it.

    >>> _padded(0x80), _padded(0x7F)
    (b'\\x00\\x80', b'\\x7f')
    """
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_K = int(_hash(_padded(N) + _padded(G)), 16)

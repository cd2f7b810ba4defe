"""The client's half of SRP, as amazon-cognito-identity-js does it, written apart from the emulator's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from orchestrator.cognito.auth.srp import N

TIMESTAMP = "Tue Jan 5 08:04:09 UTC 2027"


@dataclass(frozen=True)
class Client:
    secret: int

    @property
    def public(self) -> str:
        return format(pow(2, self.secret, N), "x")

    def answer(self, pool: str, password: str, parameters: dict[str, str]) -> dict[str, str]:
        """ChallengeResponses for the parameters of a PASSWORD_VERIFIER challenge."""
        b, user = parameters["SRP_B"], parameters["USER_ID_FOR_SRP"]
        u = int(_hash(_pad(self.public) + _pad(b)), 16)
        x = int(_hash(_pad(parameters["SALT"]) + _hash(f"{pool}{user}:{password}".encode().hex())), 16)
        k = int(_hash(_pad(format(N, "x")) + "02"), 16)
        shared = pow(int(b, 16) - k * pow(2, x, N), self.secret + u * x, N)
        prk = hmac.digest(bytes.fromhex(_pad(format(u, "x"))), bytes.fromhex(_pad(format(shared, "x"))), "sha256")
        key = hmac.digest(prk, b"Caldera Derived Key\x01", "sha256")[:16]
        said = f"{pool}{user}".encode() + base64.b64decode(parameters["SECRET_BLOCK"]) + TIMESTAMP.encode()
        return {
            "USERNAME": user,
            "TIMESTAMP": TIMESTAMP,
            "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(hmac.digest(key, said, "sha256")).decode(),
        }


def new() -> Client:
    return Client(secrets.randbits(256))


def _pad(number: str) -> str:
    even = number if len(number) % 2 == 0 else f"0{number}"
    return f"00{even}" if even[0] in "89abcdef" else even


def _hash(text: str) -> str:
    return hashlib.sha256(bytes.fromhex(text)).hexdigest()

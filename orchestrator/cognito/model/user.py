"""Users with what proves who they are, and their devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

UNCONFIRMED, CONFIRMED = "UNCONFIRMED", "CONFIRMED"
FORCE_CHANGE_PASSWORD, RESET_REQUIRED = "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"
EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"

# The attribute that says which identity providers a user comes from, as JSON.
IDENTITIES = "identities"


@dataclass(frozen=True)
class Verifier:
    """A password as SRP keeps it, in hexadecimal: nothing else of it is stored."""

    salt: str
    value: str


@dataclass(frozen=True)
class Factors:
    """A user's second factors: which kinds of MFA_KINDS are on, which goes first, and the software token.

    `token` is the secret in base32; `counter` is the time step of the last code that was taken, since none works twice.
    """

    enabled: tuple[str, ...] = ()
    preferred: str | None = None
    token: str | None = field(default=None, repr=False)
    token_verified: bool = False
    counter: int = 0


@dataclass(frozen=True)
class User:
    pool_id: str
    sub: str
    username: str
    attributes: Mapping[str, str]
    status: str
    created_at: float
    modified_at: float
    enabled: bool = True
    password: Verifier | None = field(default=None, repr=False)
    password_set_at: float = 0.0
    signed_out_at: float = 0.0
    factors: Factors = Factors()

    def verified(self, attribute: str) -> bool:
        return self.attributes.get(f"{attribute}_verified") == "true"


@dataclass(frozen=True)
class NewDevice:
    """What a client is told of itself once, to confirm later that it can be known again."""

    key: str
    group_key: str


@dataclass(frozen=True)
class Device:
    """A client that can be known again; `verifier` is of a password that the client made and keeps."""

    sub: str
    key: str
    group_key: str
    name: str | None
    verifier: Verifier = field(repr=False)
    remembered: bool
    created_at: float
    modified_at: float
    used_at: float

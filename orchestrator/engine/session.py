"""Who asks: the role and session variables of a request, from the admin secret, a token or the unauthorized role."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestrator.engine.errors import EngineError, access_denied, bad_request

if TYPE_CHECKING:
    from orchestrator.engine.jwk import Key
    from orchestrator.engine.jwt import Grant
    from orchestrator.engine.jwt_config import JwtConfig

ADMIN: Final = "admin"
PREFIX: Final = "x-hasura-"
ROLE: Final = "x-hasura-role"
ADMIN_SECRET: Final = "x-hasura-admin-secret"  # noqa: S105 - the name of a header
ACCESS_KEY: Final = "x-hasura-access-key"
BACKEND_ONLY: Final = "x-hasura-use-backend-only-permissions"
NOT_VARIABLES: Final = frozenset((ADMIN_SECRET, ACCESS_KEY, BACKEND_ONLY))
TRUE: Final = ("true", "t", "yes", "y")
FALSE: Final = ("false", "f", "no", "n")
CACHED_TOKENS: Final = 5_000


@dataclass(frozen=True)
class Session:
    """`variables` have lower-case names, x-hasura-role among them; `expires_at` is in seconds since 1970."""

    role: str
    variables: Mapping[str, str] = field(default_factory=dict)
    backend_only: bool = False
    expires_at: float | None = None

    @property
    def is_admin(self) -> bool:
        return self.role == ADMIN


@dataclass(frozen=True)
class AuthConfig:
    admin_secret: str | None = field(default=None, repr=False)
    jwt: JwtConfig | None = None
    unauthorized_role: str | None = None


class Authenticator:
    """Gives requests their sessions; a token is verified once, until it expires or the keys change."""

    def __init__(
        self,
        config: AuthConfig,
        keys: Callable[[], tuple[Key, ...]] = tuple,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._keys = keys
        self._clock = clock
        self._verified_with: tuple[Key, ...] = ()
        self._sessions: dict[tuple[str, str | None], Session] = {}

    def session(self, headers: Mapping[str, str]) -> Session:
        """The session that the headers, by lower-case name, open; raises access-denied, invalid-jwt and the like."""
        config = self._config
        if config.admin_secret is None:
            return trusted_session(headers)
        if (secret := sent_secret(headers)) is not None:
            if not hmac.compare_digest(secret.encode(), config.admin_secret.encode()):
                raise access_denied(f'invalid "{ADMIN_SECRET}"/"{ACCESS_KEY}"', status=401)
            return trusted_session(headers)
        if config.jwt is not None and (token := config.jwt.header.token(headers)) is not None:
            return self._token_session(token, headers.get(ROLE), config.jwt)
        return anonymous_session(headers, config)

    def _token_session(self, token: str, role: str | None, config: JwtConfig) -> Session:
        keys, now = self._keys(), self._clock()
        if keys is not self._verified_with:
            self._sessions.clear()
            self._verified_with = keys
        known = self._sessions.get((token, role))
        if known is not None and (known.expires_at is None or now < known.expires_at):
            return known
        session = granted_session(verified(token, config, keys, at=now), role)
        while len(self._sessions) >= CACHED_TOKENS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[token, role] = session
        return session


def verified(token: str, config: JwtConfig, keys: tuple[Key, ...], *, at: float) -> Grant:
    # Here, so that an engine without a JWT secret need not load the cryptography behind it.
    from orchestrator.engine.jwt import grant

    return grant(token, config, keys, at=at)


def sent_secret(headers: Mapping[str, str]) -> str | None:
    secret = headers.get(ADMIN_SECRET)
    return headers.get(ACCESS_KEY) if secret is None else secret


def header_variables(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith(PREFIX) and name not in NOT_VARIABLES}


def trusted_session(headers: Mapping[str, str]) -> Session:
    """The session of the admin secret, or of an engine without one: any role that the header names, admin if none."""
    role = headers.get(ROLE) or ADMIN
    return Session(role, {**header_variables(headers), ROLE: role}, backend_only=backend_only(headers))


def backend_only(headers: Mapping[str, str]) -> bool:
    value = headers.get(BACKEND_ONLY, "false").lower()
    if value not in (*TRUE, *FALSE):
        raise bad_request(
            f'{BACKEND_ONLY}:  Not a valid boolean text. True values are ["true","t","yes","y"] and  '
            'False values are ["false","f","no","n"]. All values are case insensitive'
        )
    return value in TRUE


def granted_session(granted: Grant, requested: str | None) -> Session:
    role = requested or granted.default_role
    if role not in granted.allowed_roles:
        raise access_denied("Your requested role is not in allowed roles")
    return Session(role, {**granted.variables, ROLE: role}, expires_at=granted.expires_at)


def anonymous_session(headers: Mapping[str, str], config: AuthConfig) -> Session:
    """The session of a request that brings neither secret nor token."""
    role = config.unauthorized_role
    if role is not None:
        return Session(role, {**header_variables(headers), ROLE: role})
    if config.jwt is None:
        raise access_denied(f"{ADMIN_SECRET}/{ACCESS_KEY} required, but not found", status=401)
    raise EngineError("invalid-headers", "Missing 'Authorization' or 'Cookie' header in JWT authentication mode")

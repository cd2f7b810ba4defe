"""Who asks: the role and session variables of a request, from the admin secret, a token, the authentication hook or the
unauthorized role.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestrator.engine.auth.token_header import several_tokens
from orchestrator.engine.errors import EngineError, access_denied, bad_request

if TYPE_CHECKING:
    from orchestrator.engine.auth.auth_hook import AuthHook
    from orchestrator.engine.auth.jwk import Key
    from orchestrator.engine.auth.jwt import Grant
    from orchestrator.engine.auth.jwt_config import JwtConfig

ADMIN: Final = "admin"
PREFIX: Final = "x-hasura-"
ROLE: Final = "x-hasura-role"
ADMIN_SECRET: Final = "x-hasura-admin-secret"  # noqa: S105 - the name of a header
ACCESS_KEY: Final = "x-hasura-access-key"
BACKEND_ONLY: Final = "x-hasura-use-backend-only-permissions"
NOT_VARIABLES: Final = frozenset((ADMIN_SECRET, ACCESS_KEY))
TRUE: Final = ("true", "t", "yes", "y")
FALSE: Final = ("false", "f", "no", "n")
CACHED_TOKENS: Final = 5_000

# Headers by lower-case name and the request's body in, the session of who sent them out.
AskHook = Callable[[Mapping[str, str], bytes], Awaitable["Session"]]
Keys = Callable[[], tuple["Key", ...]]


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
    """Who may ask. Any of the secrets makes an admin; a token is for the one secret that fits its place and issuer."""

    admin_secrets: tuple[str, ...] = field(default=(), repr=False)
    jwts: tuple[JwtConfig, ...] = ()
    hook: AuthHook | None = None
    unauthorized_role: str | None = None


class Verified(NamedTuple):
    """A session, and the keys that its token was verified with: with other keys it would have to be verified again."""

    session: Session
    keys: tuple[Key, ...]


class Authenticator:
    """Gives requests their sessions; a token is verified once, until it expires or the keys change."""

    def __init__(
        self,
        config: AuthConfig,
        keys: Sequence[Keys] = (),
        *,
        ask_hook: AskHook | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`keys` gives the keys of each of the configuration's JWT secrets, in their order."""
        self._config = config
        self._jwts = tuple(zip(config.jwts, keys, strict=True))
        self._ask_hook = ask_hook
        self._clock = clock
        self._verified: dict[tuple[str, str | None, int], Verified] = {}

    async def admit(self, headers: Mapping[str, str], body: bytes = b"") -> Session:
        """As `session`, and asks the authentication hook where there is one."""
        if self._ask_hook is None or sent_secret(headers) is not None:
            return self.session(headers)
        return await self._ask_hook(headers, body)

    def session(self, headers: Mapping[str, str]) -> Session:
        """The session that the headers, by lower-case name, open; raises access-denied, invalid-jwt and the like."""
        config = self._config
        if not config.admin_secrets:
            return trusted_session(headers)
        if (secret := sent_secret(headers)) is not None:
            if not is_one_of(secret, config.admin_secrets):
                raise access_denied(f'invalid "{ADMIN_SECRET}"/"{ACCESS_KEY}"', status=401)
            return trusted_session(headers)
        sent = [
            (index, token)
            for index, (jwt, _) in enumerate(self._jwts)
            if (token := jwt.header.token(headers)) is not None
        ]
        if not sent:
            return anonymous_session(headers, config)
        index, token = sent[0] if len(self._jwts) == 1 else self._of_its_issuer(sent)
        return self._token_session(token, headers.get(ROLE), index)

    def _of_its_issuer(self, sent: Sequence[tuple[int, str]]) -> tuple[int, str]:
        """The one token of several places, with the one secret of several, that fit each other."""
        # Here, so that an engine without a JWT secret need not load the cryptography behind it.
        from orchestrator.engine.auth.jwt import not_in_issuer, suits_issuer

        fitting = [(index, token) for index, token in sent if suits_issuer(token, self._jwts[index][0])]
        if len(fitting) != 1:
            raise several_tokens() if fitting else not_in_issuer()
        return fitting[0]

    def _token_session(self, token: str, role: str | None, index: int) -> Session:
        config, its_keys = self._jwts[index]
        keys, now = its_keys(), self._clock()
        known = self._verified.get((token, role, index))
        if known is not None and known.keys is keys and not has_expired(known.session, now):
            return known.session
        session = granted_session(verified(token, config, keys, at=now), role)
        self._verified.pop((token, role, index), None)
        while len(self._verified) >= CACHED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token, role, index] = Verified(session, keys)
        return session


def has_expired(session: Session, now: float) -> bool:
    return session.expires_at is not None and now >= session.expires_at


def verified(token: str, config: JwtConfig, keys: tuple[Key, ...], *, at: float) -> Grant:
    # Here, so that an engine without a JWT secret need not load the cryptography behind it.
    from orchestrator.engine.auth.jwt import grant

    return grant(token, config, keys, at=at)


def sent_secret(headers: Mapping[str, str]) -> str | None:
    secret = headers.get(ADMIN_SECRET)
    return headers.get(ACCESS_KEY) if secret is None else secret


def is_one_of(secret: str, secrets: Sequence[str]) -> bool:
    """Whether the secret is among them, in a time that does not tell how much of it was right."""
    sent = secret.encode(errors="surrogatepass")
    return any(hmac.compare_digest(sent, each.encode()) for each in secrets)


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
    variables = {name: value for name, value in granted.variables.items() if name not in NOT_VARIABLES}
    return Session(role, {**variables, ROLE: role}, expires_at=granted.expires_at)


def anonymous_session(headers: Mapping[str, str], config: AuthConfig) -> Session:
    """The session of a request that brings neither secret nor token."""
    role = config.unauthorized_role
    if role is not None:
        return Session(role, {**header_variables(headers), ROLE: role})
    if not config.jwts:
        raise access_denied(f"{ADMIN_SECRET}/{ACCESS_KEY} required, but not found", status=401)
    raise EngineError("invalid-headers", "Missing 'Authorization' or 'Cookie' header in JWT authentication mode")

"""What a user pool consists of, as frozen values, and what follows from them alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Clock = Callable[[], float]
Random = Callable[[int], bytes]
Json = dict[str, Any]

UNCONFIRMED, CONFIRMED = "UNCONFIRMED", "CONFIRMED"
FORCE_CHANGE_PASSWORD, RESET_REQUIRED = "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED"
EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"

# The attribute that says which identity providers a user comes from, as JSON.
IDENTITIES = "identities"

DEFAULT_PASSWORD_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": True,
    "TemporaryPasswordValidityDays": 7,
}
# The kinds of a second factor, as challenges name them, and the member of SetUserPoolMfaConfig that offers each.
MFA_KINDS = {
    "SMS_MFA": "SmsMfaConfiguration",
    "SOFTWARE_TOKEN_MFA": "SoftwareTokenMfaConfiguration",
    "EMAIL_OTP": "EmailMfaConfiguration",
}
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


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
class Pool:
    """A user pool: its id, and its settings as CreateUserPool takes them."""

    id: str
    settings: Mapping[str, Any]
    created_at: float
    modified_at: float
    domain: str | None = None

    @property
    def name(self) -> str:
        return str(self.settings.get("PoolName", self.id))

    @property
    def srp_name(self) -> str:
        """The part of the id that SRP hashes: us-east-1_LocalDev1 → LocalDev1."""
        return self.id.partition("_")[2]

    @property
    def username_attributes(self) -> tuple[str, ...]:
        return tuple(self.settings.get("UsernameAttributes") or ())

    @property
    def alias_attributes(self) -> tuple[str, ...]:
        return tuple(self.settings.get("AliasAttributes") or ())

    @property
    def auto_verified(self) -> tuple[str, ...]:
        return tuple(self.settings.get("AutoVerifiedAttributes") or ())

    @property
    def case_sensitive(self) -> bool:
        return bool((self.settings.get("UsernameConfiguration") or {}).get("CaseSensitive", False))

    @property
    def password_policy(self) -> Mapping[str, Any]:
        policy = (self.settings.get("Policies") or {}).get("PasswordPolicy") or {}
        return {**DEFAULT_PASSWORD_POLICY, **policy}

    @property
    def only_admins_create_users(self) -> bool:
        return bool((self.settings.get("AdminCreateUserConfig") or {}).get("AllowAdminCreateUserOnly", False))

    @property
    def mfa(self) -> str:
        """Whether signing in takes a second factor: OFF, OPTIONAL (whoever set one up) or ON (everybody)."""
        return str(self.settings.get("MfaConfiguration") or "OFF")

    def offers_mfa(self, kind: str) -> bool:
        """Whether a kind of MFA_KINDS can be a user's second factor."""
        given = self.settings.get(MFA_KINDS[kind])
        if kind == "SOFTWARE_TOKEN_MFA":
            return bool((given or {}).get("Enabled"))
        if kind == "SMS_MFA":
            return given is not None or bool(self.settings.get("SmsConfiguration"))
        return given is not None

    @property
    def first_factors(self) -> tuple[str, ...]:
        """What can prove who a user is at the beginning of a sign-in: PASSWORD, EMAIL_OTP, SMS_OTP."""
        policy = (self.settings.get("Policies") or {}).get("SignInPolicy") or {}
        return tuple(policy.get("AllowedFirstAuthFactors") or ("PASSWORD",))

    @property
    def verified_before_update(self) -> tuple[str, ...]:
        """The attributes that keep their value until the new one is verified."""
        settings = self.settings.get("UserAttributeUpdateSettings") or {}
        return tuple(settings.get("AttributesRequireVerificationBeforeUpdate") or ())

    @property
    def tracks_devices(self) -> bool:
        return self.settings.get("DeviceConfiguration") is not None

    @property
    def asks_before_remembering(self) -> bool:
        """Whether a device is remembered only once the user wants that."""
        return bool((self.settings.get("DeviceConfiguration") or {}).get("DeviceOnlyRememberedOnUserPrompt"))

    @property
    def trusts_remembered_devices(self) -> bool:
        """Whether a remembered device stands for the second factor."""
        return bool((self.settings.get("DeviceConfiguration") or {}).get("ChallengeRequiredOnNewDevice"))

    def key(self, name: str) -> str:
        """The form of a username or alias under which it is unique."""
        return name if self.case_sensitive else name.casefold()

    def trigger(self, name: str) -> str | None:
        """The ARN of the function a trigger runs, if it has one."""
        triggers = self.settings.get("LambdaConfig") or {}
        if name == "PreTokenGeneration":
            return (triggers.get("PreTokenGenerationConfig") or {}).get("LambdaArn") or triggers.get(name)
        return triggers.get(name)

    @property
    def token_event_version(self) -> str:
        """The event version of PreTokenGeneration: "1", "2" or "3"."""
        chosen = ((self.settings.get("LambdaConfig") or {}).get("PreTokenGenerationConfig") or {}).get("LambdaVersion")
        return {"V2_0": "2", "V3_0": "3"}.get(chosen or "", "1")


@dataclass(frozen=True)
class Client:
    """An app client: its settings as CreateUserPoolClient takes them."""

    id: str
    pool_id: str
    settings: Mapping[str, Any]
    created_at: float
    modified_at: float
    secret: str | None = field(default=None, repr=False)

    @property
    def hides_missing_users(self) -> bool:
        return self.settings.get("PreventUserExistenceErrors") == "ENABLED"

    @property
    def session_seconds(self) -> int:
        return 60 * int(self.settings.get("AuthSessionValidity") or 3)

    @property
    def revokes_tokens(self) -> bool:
        return self.settings.get("EnableTokenRevocation") is not False

    @property
    def oauth_flows(self) -> tuple[str, ...]:
        """The OAuth grants it may use; none unless it is made for them."""
        if not self.settings.get("AllowedOAuthFlowsUserPoolClient"):
            return ()
        return tuple(self.settings.get("AllowedOAuthFlows") or ())

    @property
    def oauth_scopes(self) -> tuple[str, ...]:
        return tuple(self.settings.get("AllowedOAuthScopes") or ())

    @property
    def callback_urls(self) -> tuple[str, ...]:
        return tuple(self.settings.get("CallbackURLs") or ())

    @property
    def logout_urls(self) -> tuple[str, ...]:
        return tuple(self.settings.get("LogoutURLs") or ())

    @property
    def identity_providers(self) -> tuple[str, ...]:
        """The providers its users may come from; COGNITO is the pool itself."""
        return tuple(self.settings.get("SupportedIdentityProviders") or ("COGNITO",))

    @property
    def rotates_refresh_tokens(self) -> bool:
        return (self.settings.get("RefreshTokenRotation") or {}).get("Feature") == "ENABLED"

    @property
    def rotation_grace_seconds(self) -> int:
        """How long a refresh token works after it was replaced."""
        return int((self.settings.get("RefreshTokenRotation") or {}).get("RetryGracePeriodSeconds") or 0)

    def allows(self, flow: str) -> bool:
        """Whether an auth flow is open; flows are those of AuthFlow, old names included."""
        flows = self.settings.get("ExplicitAuthFlows") or ("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
        return f"ALLOW_{flow}" in flows or flow in flows

    def seconds(self, token: str, default: int, unit: str) -> int:
        """How long a token lives: token is AccessToken, IdToken or RefreshToken."""
        validity = self.settings.get(f"{token}Validity")
        if not validity:
            return default
        return int(validity) * SECONDS[(self.settings.get("TokenValidityUnits") or {}).get(token, unit)]


@dataclass(frozen=True)
class Group:
    pool_id: str
    name: str
    settings: Mapping[str, Any]
    created_at: float
    modified_at: float

    @property
    def role(self) -> str | None:
        return self.settings.get("RoleArn")

    @property
    def precedence(self) -> float:
        """Lower goes first; a group without one goes last."""
        precedence = self.settings.get("Precedence")
        return float("inf") if precedence is None else float(precedence)


@dataclass(frozen=True)
class Code:
    """A confirmation code that was sent to a user for one purpose."""

    sub: str
    purpose: str
    code: str = field(repr=False)
    expires_at: float
    failures: int = 0


@dataclass(frozen=True)
class Message:
    """An e-mail or SMS that Cognito would have sent."""

    pool_id: str
    sub: str
    username: str
    medium: str
    to: str
    purpose: str
    subject: str
    body: str = field(repr=False)
    code: str = field(repr=False)
    sent_at: float


@dataclass(frozen=True)
class Challenge:
    """A sign-in that waits for the next answer of the client; `data` is what the challenge needs."""

    id: str = field(repr=False)
    client_id: str
    sub: str
    name: str
    data: Mapping[str, Any] = field(repr=False)
    expires_at: float


@dataclass(frozen=True)
class BrowserSession:
    """Who is signed in to the hosted UI in one browser; `session` is the id of that sign-in."""

    pool_id: str
    sub: str
    session: str
    auth_time: int
    expires_at: float


@dataclass(frozen=True)
class IdentityProvider:
    """Google, Facebook, …: its settings as CreateIdentityProvider takes them."""

    pool_id: str
    name: str
    settings: Mapping[str, Any] = field(repr=False)
    created_at: float
    modified_at: float

    @property
    def kind(self) -> str:
        """Google, Facebook, LoginWithAmazon, SignInWithApple, OIDC or SAML."""
        return str(self.settings["ProviderType"])

    @property
    def mapping(self) -> Mapping[str, str]:
        """The claim of the provider that each attribute of a user comes from."""
        return self.settings.get("AttributeMapping") or {"username": "id" if self.kind == "Facebook" else "sub"}

    @property
    def identifiers(self) -> tuple[str, ...]:
        return tuple(self.settings.get("IdpIdentifiers") or ())


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


@dataclass(frozen=True)
class Session:
    """One sign-in. Its id is the `origin_jti` of every token that comes from it."""

    id: str
    auth_time: int
    device_key: str | None = None


def session_id(at: float, random: Random) -> str:
    """A UUID of version 7, so that the moment it was made can be read from it (RFC 9562, 6.2, method 3).

    >>> abs(session_time(session_id(1700000000.123456, lambda n: bytes(n))) - 1700000000.123456) < 1e-6
    True
    """
    milliseconds, fraction = divmod(int(at * 4_096_000), 4096)
    number = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | int.from_bytes(random(8), "big") >> 2
    return str(uuid.UUID(int=number))


def session_time(identity: str) -> float:
    """The moment a session began, in seconds."""
    number = uuid.UUID(identity).int
    return ((number >> 80) * 4096 + (number >> 64 & 0xFFF)) / 4_096_000


def random_uuid(random: Random) -> str:
    return str(uuid.UUID(bytes=random(16), version=4))


def random_text(random: Random, characters: str, length: int) -> str:
    """So many of the characters, each as likely as any other.

    >>> random_text(lambda size: bytes(range(size)), "abc", 4)
    'abca'
    """
    even = 256 - 256 % len(characters)
    text = ""
    while len(text) < length:
        text += "".join(characters[byte % len(characters)] for byte in random(length) if byte < even)
    return text[:length]


def arn(region: str, account: str, pool_id: str) -> str:
    return f"arn:aws:cognito-idp:{region}:{account}:userpool/{pool_id}"

"""User pools, their groups and identity providers, each with its settings as the API takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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

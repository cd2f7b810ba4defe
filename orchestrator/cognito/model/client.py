"""App clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


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

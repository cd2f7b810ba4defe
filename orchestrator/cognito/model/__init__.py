"""What a user pool consists of, as frozen values, and what follows from them alone."""

from .client import SECONDS, Client
from .ids import Clock, Json, Random, arn, random_text, random_uuid, session_id, session_time
from .pool import DEFAULT_PASSWORD_POLICY, MFA_KINDS, Group, IdentityProvider, Pool
from .sign_in import BrowserSession, Challenge, Code, Message, Session
from .user import (
    CONFIRMED,
    EXTERNAL_PROVIDER,
    FORCE_CHANGE_PASSWORD,
    IDENTITIES,
    RESET_REQUIRED,
    UNCONFIRMED,
    Device,
    Factors,
    NewDevice,
    User,
    Verifier,
)

__all__ = [
    "CONFIRMED",
    "DEFAULT_PASSWORD_POLICY",
    "EXTERNAL_PROVIDER",
    "FORCE_CHANGE_PASSWORD",
    "IDENTITIES",
    "MFA_KINDS",
    "RESET_REQUIRED",
    "SECONDS",
    "UNCONFIRMED",
    "BrowserSession",
    "Challenge",
    "Client",
    "Clock",
    "Code",
    "Device",
    "Factors",
    "Group",
    "IdentityProvider",
    "Json",
    "Message",
    "NewDevice",
    "Pool",
    "Random",
    "Session",
    "User",
    "Verifier",
    "arn",
    "random_text",
    "random_uuid",
    "session_id",
    "session_time",
]

"""The app clients of a pool, and what would keep one from signing people in to an application on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.aws.failures import told

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

# How an administrator, or else anybody, signs in with a password: by what of ExplicitAuthFlows allows it.
PASSWORD_FLOWS = {
    "ALLOW_ADMIN_USER_PASSWORD_AUTH": "ADMIN_USER_PASSWORD_AUTH",
    "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH",
    "USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH",
}
HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class AppClient:
    id: str
    name: str


def app_clients(client: CognitoIdentityProviderClient, pool_id: str) -> list[AppClient]:
    """All app clients of the pool."""
    with told(f"Listing the app clients of the user pool {pool_id}"):
        pages = list(client.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id))
    return [AppClient(each["ClientId"], each["ClientName"]) for page in pages for each in page["UserPoolClients"]]


def notices(client: CognitoIdentityProviderClient, pool_id: str, client_id: str) -> list[str]:
    """What somebody who develops with this app client should know of it."""
    with told(f"Look-up of the app client {client_id}"):
        return list(
            troubles(client.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"])
        )


def password_flow(described: Mapping[str, Any]) -> str | None:
    """The flow by which one can sign in to this app client with a password and without SRP.

    >>> password_flow({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"]})
    'USER_PASSWORD_AUTH'
    """
    allowed = described.get("ExplicitAuthFlows") or ()
    return next((flow for name, flow in PASSWORD_FLOWS.items() if name in allowed), None)


def troubles(described: Mapping[str, Any]) -> Iterator[str]:
    """Each as a sentence; never the secret."""
    name = described.get("ClientName", described["ClientId"])
    if not any(urlsplit(url).hostname in HERE for url in described.get("CallbackURLs") or ()):
        yield f"The app client {name} has no callback URL on localhost: the hosted UI cannot come back to this machine."
    if described.get("ClientSecret"):
        yield f"The app client {name} has a secret, which an application in a browser cannot keep."
    if not password_flow(described):
        yield (
            f"The app client {name} does without ALLOW_ADMIN_USER_PASSWORD_AUTH: `sign-in` and `verify` can't sign in "
            "with it; start with `up --no-verify`."
        )

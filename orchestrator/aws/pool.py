"""A user pool in AWS as it is described there: what the stack must know of it to take its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient


@dataclass(frozen=True)
class RemotePool:
    """`client` and `triggers` (LambdaConfig) as Cognito describes them; `hosted_ui` is the base of its pages.

    `cognito` and `awslambda` are the addresses of the APIs.
    """

    id: str
    issuer: str
    client: Mapping[str, Any]
    triggers: Mapping[str, Any]
    hosted_ui: str | None
    cognito: str
    awslambda: str

    @property
    def jwks(self) -> str:
        return f"{self.issuer}/.well-known/jwks.json"


def described_pool(cognito: CognitoIdentityProviderClient, pool_id: str) -> Mapping[str, Any]:
    """The pool in Cognito's words. Raises StackError where there is none, or it may not be looked at."""
    with told(f"Look-up of the user pool {pool_id}"):
        try:
            return cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
        except cognito.exceptions.ResourceNotFoundException as error:
            raise StackError(
                f"This AWS account has no user pool {pool_id} in {cognito.meta.region_name}.",
                "Set COGNITO_POOL_ID and COGNITO_CLIENT_ID, or have `hasura-cognito aws deploy` make a pool; "
                "AWS_PROFILE chooses the account.",
            ) from error


def described_client(cognito: CognitoIdentityProviderClient, pool_id: str, client_id: str) -> Mapping[str, Any]:
    """The app client in Cognito's words, with its secret. Raises StackError where the pool has none of this id."""
    with told(f"Look-up of the app client {client_id}"):
        try:
            return cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
        except cognito.exceptions.ResourceNotFoundException as error:
            raise StackError(
                f"The user pool {pool_id} has no app client {client_id}.",
                "Set COGNITO_CLIENT_ID to one that it has: `hasura-cognito aws client list`.",
            ) from error


def describe(cognito: CognitoIdentityProviderClient, *, pool_id: str, client_id: str, awslambda: str) -> RemotePool:
    """The pool and its app client. Raises StackError where there is none, or it may not be looked at."""
    pool = described_pool(cognito, pool_id)
    client = described_client(cognito, pool_id, client_id)
    address = cognito.meta.endpoint_url
    return RemotePool(
        id=pool_id,
        # Cognito's issuer is its API's address and the pool's id, in every region and every emulator of it.
        issuer=f"{address}/{pool_id}",
        client={name: value for name, value in client.items() if name != "ClientSecret"},
        triggers=pool.get("LambdaConfig") or {},
        hosted_ui=pages(pool, address=address, region=cognito.meta.region_name),
        cognito=address,
        awslambda=awslambda,
    )


def pages(pool: Mapping[str, Any], *, address: str, region: str) -> str | None:
    """Where the hosted UI is: at the custom domain, the prefix domain, or with the API where that is not Amazon's.

    >>> pages({"Domain": "ada"}, address="https://cognito-idp.eu-west-1.amazonaws.com", region="eu-west-1")
    'https://ada.auth.eu-west-1.amazoncognito.com'
    >>> pages({}, address="http://localhost:9229", region="eu-west-1")
    'http://localhost:9229'
    """
    if not (urlsplit(address).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return address
    if custom := pool.get("CustomDomain"):
        return f"https://{custom}"
    prefix = pool.get("Domain")
    return f"https://{prefix}.auth.{region}.amazoncognito.com" if prefix else None

"""An app client of the pool for each developer, like the one that is there: leases are held by app client."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.aws.attach.app_clients import AppClient
from orchestrator.aws.attach.pool_update import leaves
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

Settings = Mapping[str, Any]


def full_name(pool_name: str, name: str) -> str:
    """
    >>> full_name("shop", "ada")
    'shop-ada'
    """
    return f"{pool_name}-{name}"


def find(clients: Sequence[AppClient], *names: str) -> AppClient | None:
    """The app client that has one of these names, or one of them for its id. Raises StackError where several have:
    Cognito lets them."""
    found = [client for client in clients if client.name in names or client.id in names]
    if len(found) > 1:
        listed = ", ".join(f"{client.id} ({client.name})" for client in found)
        raise StackError(f"Several app clients of the pool are meant: {listed}.", "Name yours by its id.")
    return found[0] if found else None


def like(described: Settings, name: str, members: Container[str]) -> Settings:
    """The CreateUserPoolClient input for an app client as this one is, with this name and, where this one has a secret,
    with a new one. `members` are those of the operation's input shape."""
    kept = {key: value for key, value in described.items() if key in members and key != "ClientSecret"}
    return {**kept, "ClientName": name, "GenerateSecret": "ClientSecret" in described}


def lines(settings: Settings) -> list[str]:
    """What the app client will be, a setting a line.

    >>> lines({"UserPoolId": "p", "ClientName": "shop-ada", "AllowedOAuthFlows": ["code", "implicit"]})
    ['AllowedOAuthFlows: code, implicit']
    """
    told_already = ("UserPoolId", "ClientName")
    return [
        f"{path}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for path, value in leaves({key: value for key, value in settings.items() if key not in told_already})
        if value not in (None, "", [])
    ]


def members(cognito: CognitoIdentityProviderClient) -> Container[str]:
    """All that CreateUserPoolClient takes, by botocore's model."""
    shape = cognito.meta.service_model.operation_model("CreateUserPoolClient").input_shape
    return shape.members if shape else ()


def create(cognito: CognitoIdentityProviderClient, settings: Settings) -> AppClient:
    with told(f"Making the app client {settings['ClientName']}"):
        made = cognito.create_user_pool_client(**settings)["UserPoolClient"]
    return AppClient(made["ClientId"], made["ClientName"])


def delete(cognito: CognitoIdentityProviderClient, pool_id: str, client: AppClient) -> None:
    with told(f"Deletion of the app client {client.name}"):
        cognito.delete_user_pool_client(UserPoolId=pool_id, ClientId=client.id)

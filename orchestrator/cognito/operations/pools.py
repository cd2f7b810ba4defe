"""User pools and app clients, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..attributes import STANDARD, schema
from ..emulator import Emulator
from ..errors import ResourceNotFound
from ..model import Client, Json, Pool, arn
from ..store import pools, users
from .request import client_of, page_place, page_token, pool_of

PAGE = 60
# What CreateUserPool assumes when it is not told.
DEFAULTS: Json = {
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
    "DeletionProtection": "INACTIVE",
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "MfaConfiguration": "OFF",
    "UserPoolTags": {},
    "UserPoolTier": "ESSENTIALS",
    "UsernameConfiguration": {"CaseSensitive": False},
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE"},
}


def describe_user_pool(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    settings = {name: value for name, value in pool.settings.items() if name not in ("PoolName", "Schema")}
    policies = {**(settings.pop("Policies", None) or {}), "PasswordPolicy": dict(pool.password_policy)}
    return {
        "UserPool": {
            **DEFAULTS,
            **settings,
            **({"Domain": pool.domain} if pool.domain else {}),
            "Id": pool.id,
            "Name": pool.name,
            "Arn": arn(emulator.region, emulator.account, pool.id),
            "Policies": policies,
            "LambdaConfig": settings.get("LambdaConfig") or {},
            "SchemaAttributes": [_attribute(name, given) for name, given in schema(pool).items()],
            "EstimatedNumberOfUsers": users.count(emulator.database, pool),
            "CreationDate": pool.created_at,
            "LastModifiedDate": pool.modified_at,
        }
    }


def list_user_pools(emulator: Emulator, request: Json) -> Json:
    limit = request["MaxResults"]
    found = pools.after(emulator.database, page_place(request.get("NextToken")), limit)
    answer: Json = {"UserPools": [_pool_summary(pool) for pool in found]}
    if len(found) == limit:
        answer["NextToken"] = page_token(found[-1].id)
    return answer


def describe_user_pool_client(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    _, client = client_of(emulator, request["ClientId"])
    if client.pool_id != pool.id:
        raise ResourceNotFound(f"User pool client {client.id} does not exist.")
    return {"UserPoolClient": _client(client)}


def list_user_pool_clients(emulator: Emulator, request: Json) -> Json:
    pool = pool_of(emulator, request["UserPoolId"])
    limit = request.get("MaxResults", PAGE)
    found = pools.clients_after(emulator.database, pool.id, page_place(request.get("NextToken")), limit)
    answer: Json = {
        "UserPoolClients": [
            {"ClientId": client.id, "UserPoolId": pool.id, "ClientName": _client_name(client)} for client in found
        ]
    }
    if len(found) == limit:
        answer["NextToken"] = page_token(found[-1].id)
    return answer


def _pool_summary(pool: Pool) -> Json:
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": pool.settings.get("LambdaConfig") or {},
        "CreationDate": pool.created_at,
        "LastModifiedDate": pool.modified_at,
    }


def _client(client: Client) -> Json:
    settings = {
        name: value for name, value in client.settings.items() if name not in ("GenerateSecret", "ClientSecret")
    }
    answer = {
        "RefreshTokenValidity": 30,
        "EnableTokenRevocation": True,
        "EnablePropagateAdditionalUserContextData": False,
        "AllowedOAuthFlowsUserPoolClient": False,
        "AuthSessionValidity": 3,
        **settings,
        "ClientName": _client_name(client),
        "ClientId": client.id,
        "UserPoolId": client.pool_id,
        "CreationDate": client.created_at,
        "LastModifiedDate": client.modified_at,
    }
    return answer | ({"ClientSecret": client.secret} if client.secret else {})


def _client_name(client: Client) -> str:
    return str(client.settings.get("ClientName", client.id))


def _attribute(name: str, given: Mapping[str, Any]) -> Json:
    """An attribute's full definition, as DescribeUserPool lists it."""
    default = "Boolean" if name.endswith("_verified") else "Number" if name == "updated_at" else "String"
    return {
        "AttributeDataType": default,
        "DeveloperOnlyAttribute": False,
        "Mutable": True,
        "Required": False,
        **({} if name not in STANDARD or default != "String" else {"StringAttributeConstraints": _ANY_LENGTH}),
        **given,
        "Name": name,
    }


_ANY_LENGTH = {"MinLength": "0", "MaxLength": "2048"}

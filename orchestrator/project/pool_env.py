"""The variables of `.env` that name the user pool: those of a real one, and the way back to the local one (pure)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.project.env_file import Changes

JWT_SECRET = "HASURA_GRAPHQL_JWT_SECRET"  # noqa: S105


@dataclass(frozen=True)
class RealPool:
    """A user pool in AWS; without `function` and `lease_table` those variables stay as they are."""

    id: str
    client_id: str
    issuer: str
    function: str = ""
    lease_table: str = ""


def issuer_of(pool_id: str) -> str:
    """What Cognito writes into the tokens of a pool as `iss`.

    >>> issuer_of("eu-west-1_Ab12")
    'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12'
    """
    return f"https://cognito-idp.{pool_id.partition('_')[0]}.amazonaws.com/{pool_id}"


def to_real(before: Mapping[str, str], pool: RealPool) -> Changes:
    """What has to change in a `.env` that says `before`, so that the stack takes this pool.

    A JWT secret that stands there and reads its keys from a pool reads them from this one.
    """
    changes: dict[str, str | None] = {
        "STACK_IDENTITY": "aws",
        "COGNITO_POOL_ID": pool.id,
        "COGNITO_CLIENT_ID": pool.client_id,
    }
    if pool.function:
        changes["SYNC_FUNCTION"] = pool.function
    if pool.lease_table:
        changes["SYNC_LEASE_TABLE"] = pool.lease_table
    if secret := _jwk_secret(before):
        changes[JWT_SECRET] = json.dumps(_following(secret, pool))
    return changes


def to_local(before: Mapping[str, str], pool_id: str) -> Changes:
    """What has to change so that the stack takes the local pool again: nothing where another pool is named.

    The ids are those of `.env.example` again, and the JWT secret is made from the local pool.
    """
    if before.get("COGNITO_POOL_ID") != pool_id:
        return {}
    names = ("COGNITO_POOL_ID", "COGNITO_CLIENT_ID", "SYNC_FUNCTION", "SYNC_LEASE_TABLE")
    changes: dict[str, str | None] = dict.fromkeys((name for name in names if name in before), None)
    if (secret := _jwk_secret(before)) and pool_id in str(secret["jwk_url"]):
        changes[JWT_SECRET] = None
    return {"STACK_IDENTITY": "local", **changes}


def _jwk_secret(before: Mapping[str, str]) -> dict[str, Any] | None:
    """The JWT secret, if it is one that reads its keys from a URL."""
    try:
        secret = json.loads(before.get(JWT_SECRET, ""))
    except ValueError:
        return None
    return secret if isinstance(secret, dict) and "jwk_url" in secret else None


def _following(secret: Mapping[str, Any], pool: RealPool) -> dict[str, Any]:
    """The same secret with the keys, and where it names them the issuer and the audience, of this pool."""
    following = {**secret, "jwk_url": f"{pool.issuer}/.well-known/jwks.json"}
    if "issuer" in secret:
        following["issuer"] = pool.issuer
    if "audience" in secret:
        following["audience"] = [pool.client_id] if isinstance(secret["audience"], list) else pool.client_id
    return following

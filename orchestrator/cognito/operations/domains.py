"""Domains of pools. Here one address serves all pools, so a domain is a name and nothing else."""

from __future__ import annotations

from ..emulator import Emulator
from ..errors import InvalidParameter, ResourceNotFound
from ..model import Json, Pool
from ..store import pools
from .request import pool_of


def create_user_pool_domain(emulator: Emulator, request: Json) -> Json:
    pool, domain = pool_of(emulator, request["UserPoolId"]), request["Domain"]
    with emulator.database.transaction():
        if pools.by_domain(emulator.database, domain):
            raise InvalidParameter("Domain already associated with another user pool.")
        if pool.domain:
            raise InvalidParameter(f"User pool {pool.id} already has the domain {pool.domain}.")
        pools.save_domain(emulator.database, pool.id, domain)
    return {"ManagedLoginVersion": request.get("ManagedLoginVersion", 1)}


def describe_user_pool_domain(emulator: Emulator, request: Json) -> Json:
    pool = pools.by_domain(emulator.database, request["Domain"])
    if pool is None:
        return {"DomainDescription": {}}
    return {
        "DomainDescription": {
            "UserPoolId": pool.id,
            "AWSAccountId": emulator.account,
            "Domain": pool.domain,
            "Status": "ACTIVE",
            "ManagedLoginVersion": 1,
        }
    }


def update_user_pool_domain(emulator: Emulator, request: Json) -> Json:
    _of(emulator, request)
    return {"ManagedLoginVersion": request.get("ManagedLoginVersion", 1)}


def delete_user_pool_domain(emulator: Emulator, request: Json) -> Json:
    pools.save_domain(emulator.database, _of(emulator, request).id, None)
    return {}


def _of(emulator: Emulator, request: Json) -> Pool:
    """The pool, which must have the domain that the request names."""
    pool = pool_of(emulator, request["UserPoolId"])
    if pool.domain != request["Domain"]:
        raise ResourceNotFound(f"Domain {request['Domain']} does not exist for user pool {pool.id}.")
    return pool

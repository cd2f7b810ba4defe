"""What is in AWS: the stack's outputs, its pool with the triggers, its functions, and who holds a lease; and the pool
that `.env` names, where that is another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.aws import leases
from orchestrator.aws.deploy import pool, stacks
from orchestrator.aws.deploy.stacks import Resource, Stack
from orchestrator.aws.failures import told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient

Facts = Mapping[str, Any]
T = TypeVar("T", bound=Facts | None)


@dataclass(frozen=True)
class Clients:
    cognito: CognitoIdentityProviderClient
    awslambda: LambdaClient
    dynamodb: DynamoDBClient


NO_STACK: Facts = {"stack": None, "outputs": {}, "pool": None, "functions": [], "leases": None}


def facts(clients: Clients, stack: Stack, resources: tuple[Resource, ...]) -> Facts:
    """`{"stack", "outputs", "pool", "functions", "leases"}`; a part that can't be read is `{"error": why}`."""
    pools, tables = stacks.of_type(resources, stacks.POOL), stacks.of_type(resources, stacks.LEASE_TABLE)
    return {
        "stack": {
            "name": stack.name,
            "id": stack.id,
            "account": stack.account,
            "region": stack.region,
            "status": stack.status,
            "reason": stack.reason,
            "created": stack.created.isoformat(),
            "updated": stack.updated.isoformat() if stack.updated else None,
            "console": stack.console_url,
        },
        "outputs": dict(stack.outputs),
        "pool": {"id": pools[0], **_told(partial(pool_facts, clients.cognito, pools[0]))} if pools else None,
        "functions": [
            {"name": name, **_told(partial(function, clients.awslambda, name))}
            for name in stacks.of_type(resources, stacks.FUNCTION)
        ],
        "leases": _told(partial(leases.read, clients.dynamodb, tables[0], time.time())) if tables else None,
    }


def in_use(clients: Clients, pool_id: str, client_id: str, table: str) -> Facts:
    """`{"pool", "client_id", "functions", "lease"}` of a pool that need not be a stack's: the functions are those that
    it calls, the lease is that of the app client. A part that can't be read is `{"error": why}`."""
    described = _told(partial(pool_facts, clients.cognito, pool_id))
    called = dict.fromkeys(each.split()[0] for each in described.get("triggers", {}).values())
    return {
        "pool": {"id": pool_id, **described},
        "client_id": client_id,
        "functions": [{"name": name, **_told(partial(function, clients.awslambda, name))} for name in called],
        "lease": _told(partial(leases.of_client, clients.dynamodb, table, client_id, time.time())),
    }


def pool_facts(client: CognitoIdentityProviderClient, pool_id: str) -> Facts:
    """`{"id", "name", "users", "mfa", "triggers": {name: function}, "attached"}`; Cognito estimates the number of
    users, and `attached` is what `aws attach` has noted."""
    found = pool.find(client, pool_id)
    return asdict(found) if found else {"error": f"There is no user pool {pool_id} any more."}


def function(client: LambdaClient, name: str) -> Facts:
    """`{"state", "last_update", "modified", "runtime"}` as Lambda calls them; `reason` where a state has one."""
    with told(f"Describing the function {name}"):
        described: Mapping[str, Any] = client.get_function_configuration(FunctionName=name)
    reason = described.get("LastUpdateStatusReason") or described.get("StateReason")
    return {
        "state": described.get("State", ""),
        "last_update": described.get("LastUpdateStatus", ""),
        "modified": described.get("LastModified", ""),
        "runtime": described.get("Runtime", ""),
        **({"reason": reason} if reason else {}),
    }


def _told(read: Callable[[], T]) -> T | Facts:
    try:
        return read()
    except StackError as error:
        return {"error": error.message}

"""Who holds the leases of a table; the gateways' keys in it are not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.aws.failures import code_of, told

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Facts = Mapping[str, Any]

# All but the key.
READ = ("client_id", "owner", "holder", "url", "expires_at")
PROJECTION = ", ".join(f"#{name}" for name in READ)
NAMES = {f"#{name}": name for name in READ}


def read(client: DynamoDBClient, table: str, now: float) -> Facts:
    """`{"table", "state", "items": [{"client_id", "owner", "holder", "url", "expires_in"}]}`; `expires_in` are
    seconds, below 0 when the lease is over."""
    with told(f"Reading the leases in {table}"):
        state = client.describe_table(TableName=table)["Table"].get("TableStatus", "")
        pages = client.get_paginator("scan").paginate(
            TableName=table, ProjectionExpression=PROJECTION, ExpressionAttributeNames=NAMES
        )
        found = [item for page in pages for item in page["Items"]]
    return {"table": table, "state": state, "items": [_lease(item, now) for item in found]}


def of_client(client: DynamoDBClient, table: str, client_id: str, now: float) -> Facts | None:
    """The lease of this app client as `read` gives it; None where there is none, or no such table."""
    from botocore.exceptions import ClientError

    with told(f"Reading the lease of app client {client_id}"):
        try:
            answer = client.get_item(
                TableName=table,
                Key={"client_id": {"S": client_id}},
                ConsistentRead=True,
                ProjectionExpression=PROJECTION,
                ExpressionAttributeNames=NAMES,
            )
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return _lease(answer["Item"], now) if "Item" in answer else None


def _lease(item: Mapping[str, Any], now: float) -> Facts:
    return {
        **{name: item.get(name, {}).get("S", "") for name in READ if name != "expires_at"},
        "expires_in": int(float(item.get("expires_at", {}).get("N", 0)) - now),
    }

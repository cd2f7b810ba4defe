"""DynamoDB as moto's server plays it, with a table of leases."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from tests.lambdas.events import CLIENT

KEY = "5c3a" * 16
CREDENTIALS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIAROLEOFTHEFUNCTION",
    "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-role",
    "AWS_SESSION_TOKEN": "the-token-of-the-session",
}


@dataclass(frozen=True)
class Leases:
    """The table, as running stacks write it."""

    client: Any
    endpoint: str
    table: str

    def put(self, url: str, *, client: str = CLIENT, seconds: float = 120, proved_at: int = 1) -> None:
        item = {
            "client_id": {"S": client},
            "owner": {"S": "ada"},
            "url": {"S": url},
            "key": {"S": KEY},
            "expires_at": {"N": str(int(time.time() + seconds))},
            "proved_at": {"N": str(proved_at)},
        }
        self.client.put_item(TableName=self.table, Item=item)

    def delete(self, client: str = CLIENT) -> None:
        self.client.delete_item(TableName=self.table, Key={"client_id": {"S": client}})


@contextmanager
def server() -> Iterator[str]:
    """The address of moto's server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        moto.stop()


@contextmanager
def lease_table(endpoint: str) -> Iterator[Leases]:
    """A table of leases, as the template makes it."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=CREDENTIALS["AWS_REGION"],
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    table = f"leases-{uuid.uuid4()}"
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "client_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "client_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        yield Leases(client, endpoint, table)
    finally:
        client.delete_table(TableName=table)
        client.close()

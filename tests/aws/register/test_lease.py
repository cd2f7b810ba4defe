"""One stack holds the lease of an app client, until it lets go of it or can't renew it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from moto.dynamodb.models.table import Table as MotoTable

from orchestrator.aws.clients import amazon
from orchestrator.aws.register import Lease
from orchestrator.errors import StackError
from tests.aws.conftest import FakeAmazon

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

URL = "https://one.example/sync"
KEY = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Table:
    client: DynamoDBClient
    name: str


class Clock:
    """A clock that is right until it is set."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client(moto: str) -> DynamoDBClient:
    return amazon("dynamodb")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(client: DynamoDBClient) -> Table:
    name = f"leases-{uuid.uuid4().hex[:8]}"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "client_id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "client_id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Table(client, name)


def lease(table: Table, owner: str, clock: Clock, client_id: str = "client") -> Lease:
    return Lease(
        table.client, table.name, client_id, owner=owner, holder=f"{owner}@laptop", key=f"{KEY}-{owner}", clock=clock
    )


def item(table: Table, client_id: str = "client") -> dict[str, Any] | None:
    found = table.client.get_item(TableName=table.name, Key={"client_id": {"S": client_id}}).get("Item")
    return {name: value for name, typed in found.items() for value in typed.values()} if found else None


def test_a_lease_says_where_until_when_and_with_which_key(table: Table, clock: Clock) -> None:
    said = lease(table, "ada", clock).register(URL, proved_at=1_799_999_999_123)
    expires_at = str(int(clock.now) + 120)
    assert item(table) == {
        "client_id": "client",
        "owner": "ada",
        "holder": "ada@laptop",
        "url": URL,
        "key": f"{KEY}-ada",
        "expires_at": expires_at,
        "proved_at": "1799999999123",
    }
    assert said == f"lease of app client client in the table {table.name}"


def test_the_owner_renews_it_and_changes_the_url(table: Table, clock: Clock) -> None:
    mine = lease(table, "ada", clock)
    mine.register(URL, proved_at=1)
    clock.now += 40
    mine.register("https://two.example/sync", proved_at=2)
    now = item(table)
    assert now
    expires_at = str(int(clock.now) + 120)
    assert (now["url"], now["expires_at"], now["proved_at"]) == ("https://two.example/sync", expires_at, "2")


def test_the_same_owner_takes_it_up_again_after_a_crash(table: Table, clock: Clock) -> None:
    lease(table, "ada", clock).register(URL, proved_at=1)
    lease(table, "ada", clock).register(URL, proved_at=2)
    assert item(table)


def test_two_developers_with_one_app_client_are_told_of_each_other(table: Table, clock: Clock) -> None:
    lease(table, "ada", clock).register(URL, proved_at=1)
    before = item(table)
    with pytest.raises(StackError) as caught:
        lease(table, "bob", clock).register("https://bob.example/sync", proved_at=1)
    assert "App client client is in use by ada@laptop" in caught.value.message
    assert "COGNITO_CLIENT_ID" in caught.value.hint
    assert KEY not in str(caught.value)
    assert item(table) == before


def test_two_developers_with_an_app_client_each_are_no_trouble(table: Table, clock: Clock) -> None:
    lease(table, "ada", clock, "client-a").register(URL, proved_at=1)
    lease(table, "bob", clock, "client-b").register(URL, proved_at=1)
    assert [(item(table, name) or {})["owner"] for name in ("client-a", "client-b")] == ["ada", "bob"]


def test_a_lease_that_has_expired_is_anybodys(table: Table, clock: Clock) -> None:
    mine = lease(table, "ada", clock)
    mine.register(URL, proved_at=1)
    clock.now += 120
    with pytest.raises(StackError):
        lease(table, "bob", clock).register(URL, proved_at=1)
    clock.now += 1
    lease(table, "bob", clock).register(URL, proved_at=1)
    with pytest.raises(StackError, match="bob@laptop"):
        mine.register(URL, proved_at=1)


@pytest.fixture
def atomic_puts(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB looks at the condition and puts the item in one step; moto does in two."""
    one_at_a_time, put = threading.Lock(), MotoTable.put_item

    def put_item(self: MotoTable, *given: Any, **named: Any) -> Any:
        with one_at_a_time:
            return put(self, *given, **named)

    monkeypatch.setattr(MotoTable, "put_item", put_item)


@pytest.mark.usefixtures("atomic_puts")
def test_of_eight_at_once_one_gets_it(table: Table, clock: Clock) -> None:
    stacks = [lease(table, f"dev{number}", clock) for number in range(8)]

    def refusal(stack: Lease) -> str:
        try:
            stack.register(URL, proved_at=1)
        except StackError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(8) as threads:
        refusals = list(threads.map(refusal, stacks))
    assert refusals.count("") == 1
    winner = f"dev{refusals.index('')}"
    assert [f"is in use by {winner}@laptop" in each for each in refusals].count(True) == 7
    assert (item(table) or {})["owner"] == winner


@pytest.mark.parametrize(("seconds", "said"), [(-100, "s behind Amazon's"), (100, "s ahead of Amazon's"), (30, None)])
def test_a_clock_that_is_minutes_off_is_told(table: Table, clock: Clock, seconds: int, said: str | None) -> None:
    clock.now += seconds
    line = lease(table, "ada", clock).register(URL, proved_at=1)
    assert ("clock is" in line) == bool(said)
    assert (said or "lease of") in line


def test_release_deletes_what_is_ours_and_only_that(table: Table, clock: Clock) -> None:
    mine, other = lease(table, "ada", clock), lease(table, "bob", clock)
    mine.register(URL, proved_at=1)
    assert "not this stack's" in other.release()
    assert item(table)
    assert mine.release() == "released the lease of app client client"
    assert item(table) is None
    assert "not this stack's" in mine.release()


def test_a_table_that_is_not_there_is_named_with_the_ways_out(client: DynamoDBClient, clock: Clock) -> None:
    with pytest.raises(StackError) as caught:
        lease(Table(client, "nothing"), "ada", clock).register(URL, proved_at=1)
    assert caught.value.message == "There is no DynamoDB table nothing in us-east-1."
    assert "aws deploy" in caught.value.hint
    assert "SYNC_LEASE_TABLE" in caught.value.hint


def test_a_fake_amazon_denies_the_claim_and_the_action_is_named(
    fake_amazon: Callable[..., FakeAmazon], clock: Clock
) -> None:
    fake_amazon((400, "AccessDeniedException", "User: x is not authorized to perform: dynamodb:PutItem on resource: y"))
    with pytest.raises(StackError, match="may not dynamodb:PutItem"):
        lease(Table(amazon("dynamodb"), "leases"), "ada", clock).register(URL, proved_at=1)


def test_an_item_without_a_holder_is_told_by_its_owner(table: Table, clock: Clock) -> None:
    table.client.put_item(
        TableName=table.name,
        Item={"client_id": {"S": "client"}, "owner": {"S": "0a1b"}, "expires_at": {"N": str(int(clock.now) + 100)}},
    )
    with pytest.raises(StackError, match=r"in use by another stack \(0a1b\)"):
        lease(table, "ada", clock).register(URL, proved_at=1)

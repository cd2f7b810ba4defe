"""A lease: an item in a DynamoDB table that says where the users of one app client are synced to, and until when.

Whoever holds it renews it; nobody else can take it before it has expired. A laptop that is closed loses it by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from orchestrator.aws.failures import code_of, told
from orchestrator.errors import StackError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient

SECONDS = 120
RENEW_SECONDS = 40.0
# A clock that is off by less than this leaves a renewed lease standing.
CLOCK_SECONDS = 60

Item = Mapping[str, Mapping[str, Any]]


class Lease:
    """The lease of one app client. `owner` is this stack's id; `holder` tells people who that is (ada@laptop).

    `key` is the one that the function signs with. `clock` is in seconds since the epoch.
    """

    renew_seconds: float | None = RENEW_SECONDS

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        client_id: str,
        *,
        owner: str,
        holder: str,
        key: str,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._table = table
        self._client_id = client_id
        self._owner = owner
        self._holder = holder
        self._key = key
        self._clock = clock

    def register(self, url: str, *, proved_at: int) -> str:
        """Claims or renews the lease. Raises StackError that says who holds it, where another stack does."""
        now = int(self._clock())
        item: dict[str, dict[str, str]] = {
            "client_id": {"S": self._client_id},
            "owner": {"S": self._owner},
            "holder": {"S": self._holder},
            "url": {"S": url},
            "key": {"S": self._key},
            "expires_at": {"N": str(now + SECONDS)},
            "proved_at": {"N": str(proved_at)},
        }
        from botocore.exceptions import ClientError

        with told(f"Claiming the lease of app client {self._client_id}"):
            try:
                answer = self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(client_id) OR expires_at < :now OR #owner = :owner",
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues={":now": {"N": str(now)}, ":owner": {"S": self._owner}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                raise self._refused(error) from error
        wrong = clock_warning(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""), self._clock())
        return f"lease of app client {self._client_id} in the table {self._table}{wrong}"

    def release(self) -> str:
        """Deletes the lease if it is this stack's."""
        from botocore.exceptions import ClientError

        with told(f"Releasing the lease of app client {self._client_id}"):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key={"client_id": {"S": self._client_id}},
                    ConditionExpression="#owner = :owner",
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues={":owner": {"S": self._owner}},
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return f"the lease of app client {self._client_id} was not this stack's any more"
        return f"released the lease of app client {self._client_id}"

    def _refused(self, error: ClientError) -> Exception:
        """What is said instead; the error itself where AWS's words are enough."""
        if code_of(error) == "ResourceNotFoundException":
            return StackError(
                f"There is no DynamoDB table {self._table} in {self._client.meta.region_name}.",
                "`hasura-cognito aws deploy` makes it. Or set SYNC_LEASE_TABLE to another, or STACK_REGISTRATION=env.",
            )
        if code_of(error) == "ConditionalCheckFailedException":
            return held(self._client_id, cast("Item", error.response.get("Item", {})))
        return error


def clock_warning(date: str, now: float) -> str:
    """What is added to the line for people where Amazon's time, the Date of its answer, is another than ours.

    The function goes by Amazon's time: it takes a lease that was written with a slow clock for one that has expired.

    >>> clock_warning("Wed, 25 Nov 2026 04:00:00 GMT", 1795579200 - 100)
    "; this machine's clock is 100 s behind Amazon's: set it, or the lease holds too short"
    """
    try:
        behind = parsedate_to_datetime(date).timestamp() - now
    except ValueError:
        return ""
    if abs(behind) < CLOCK_SECONDS:
        return ""
    how, what = ("behind", "too short") if behind > 0 else ("ahead of", "too long")
    return f"; this machine's clock is {abs(behind):.0f} s {how} Amazon's: set it, or the lease holds {what}"


def held(client_id: str, item: Item) -> StackError:
    """Who holds the lease, and what to do. Never the key that is in the item."""
    holder = item.get("holder", {}).get("S") or f"another stack ({item.get('owner', {}).get('S', 'unknown')})"
    until = datetime.fromtimestamp(int(item.get("expires_at", {}).get("N", 0)), UTC).astimezone()
    return StackError(
        f"App client {client_id} is in use by {holder}, whose lease runs until {until:%H:%M:%S} and is renewed.",
        "`hasura-cognito aws client create` makes one of your own and has .env name it (COGNITO_CLIENT_ID); or have "
        f"that stack stopped (`down`): the lease ends at the latest {SECONDS} s afterwards.",
    )

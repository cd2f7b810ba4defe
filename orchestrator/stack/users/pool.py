"""The users of a user pool, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from orchestrator.aws.failures import told
from orchestrator.stack.accounts import attributes_of
from orchestrator.stack.users.columns import Columns, Row

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

# The most that ListUsers gives.
PAGE = 60
# ListUsers may be called 30 times a second in an AWS account and region, and the application calls it, too.
# https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
CALLS_PER_SECOND = 20.0
BEFORE_PARSING = "before-parse.cognito-identity-provider.ListUsers"


class TokenExpired(Exception):
    """A pagination token of an earlier run is not taken any more."""


@dataclass(frozen=True)
class Page:
    """Users as the pool had them at `asked_at`, as rows; `token` gets the next page, None after the last one.

    `unconfirmed` have signed up and not yet confirmed it.
    """

    confirmed: Sequence[Row]
    unconfirmed: Sequence[Row]
    asked_at: datetime
    token: str | None


class Pace:
    """Keeps calls to so many a second; None for as many as there are."""

    def __init__(self, per_second: float | None) -> None:
        self._seconds = 1 / per_second if per_second else 0.0
        self._next = 0.0

    def wait(self) -> None:
        """Returns when the next call may be made."""
        if self._seconds:
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._next = time.monotonic() + self._seconds


@dataclass(frozen=True)
class UserPool:
    """`pace` is within Cognito's quotas; the emulator has none."""

    client: CognitoIdentityProviderClient
    id: str
    pace: Pace = field(default_factory=lambda: Pace(None))
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def describe(self) -> tuple[int, frozenset[str]]:
        """About how many users there are, and the names of their attributes."""
        with told("Look-up of the user pool"):
            pool = self.client.describe_user_pool(UserPoolId=self.id)["UserPool"]
        names = frozenset(str(each["Name"]) for each in pool.get("SchemaAttributes", []))
        return pool.get("EstimatedNumberOfUsers", 0), names

    def pages(self, columns: Columns, token: str | None = None) -> Iterator[Page]:
        """All users, from the page that `token` names on. Raises TokenExpired where that one is not taken any more.

        All attributes are asked for: with AttributesToGet, Cognito refuses pages where a user lacks one of them.
        """
        self.client.meta.events.register(BEFORE_PARSING, take_users, unique_id=take_users.__name__)
        resumed = token is not None
        while True:
            self.pace.wait()
            asked_at = self.clock()
            with told("Listing the users"):
                answer = self._list(token, resumed=resumed)
            yield page(answer, columns, asked_at)
            token, resumed = answer.get("PaginationToken"), False
            if token is None:
                return

    def _list(self, token: str | None, *, resumed: bool) -> Any:
        more = {"PaginationToken": token} if token else {}
        try:
            return self.client.list_users(UserPoolId=self.id, Limit=PAGE, **more)
        except self.client.exceptions.InvalidParameterException as error:
            if resumed:
                raise TokenExpired from error
            raise

    def get(self, username: str) -> tuple[str, Mapping[str, str]] | None:
        """Name and attributes of the user who goes by this name, or None: ListUsers may be some seconds behind."""
        self.pace.wait()
        with told(f"Look-up of {username}"):
            try:
                user = self.client.admin_get_user(UserPoolId=self.id, Username=username)
            except self.client.exceptions.UserNotFoundException:
                return None
        return user["Username"], attributes_of(user.get("UserAttributes", []))

    def has(self, sub: str, username: str) -> bool:
        """Whether this very user is there now."""
        found = self.get(username)
        return found is not None and found[1].get("sub") == sub


def take_users(response_dict: Any, customized_response_dict: Any, **_: Any) -> None:
    """Reads the users of an answer before botocore does, which takes five times as long, most of it for their dates."""
    if response_dict["status_code"] == 200:
        answer = orjson.loads(response_dict["body"])
        customized_response_dict["Users"] = answer.pop("Users", [])
        response_dict["body"] = orjson.dumps(answer)


def page(answer: Any, columns: Columns, asked_at: datetime) -> Page:
    confirmed: list[Row] = []
    unconfirmed: list[Row] = []
    for user in answer["Users"]:
        attributes = attributes_of(user.get("Attributes", []))
        kind = unconfirmed if user.get("UserStatus") == "UNCONFIRMED" else confirmed
        kind.append(columns.row(attributes["sub"], user["Username"], attributes))
    return Page(confirmed, unconfirmed, asked_at, answer.get("PaginationToken"))

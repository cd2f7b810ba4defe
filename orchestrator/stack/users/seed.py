"""Users created from a file, with their passwords, groups and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.aws.failures import told
from orchestrator.errors import StackError
from orchestrator.stack.accounts import attributes_of
from orchestrator.stack.users.columns import KEY, Row
from orchestrator.stack.users.pool import UserPool
from orchestrator.stack.users.seed_file import Broken, Entry
from orchestrator.stack.users.sides import Sides
from orchestrator.stack.users.sync import batched

# How many users are created before their rows are written.
BATCH = 50
# What Cognito says of one user; all else concerns every other user as well.
OF_A_USER = frozenset(
    (
        "AliasExistsException", "InvalidParameterException", "InvalidPasswordException", "ResourceNotFoundException",
        "InvalidLambdaResponseException", "UnexpectedLambdaException", "UserLambdaValidationException",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Seeded:
    """A user that is in the pool now; `created` says whether it was not before."""

    entry: Entry
    row: Row
    created: bool


def seed(sides: Sides, rows: Iterable[Entry | Broken]) -> Iterator[Seeded | Broken]:
    """What became of each row, in their order. A user who is there already stays as it is, and gets a row, too."""
    for batch in batched(rows, BATCH):
        at = sides.pool.clock()
        results = [row if isinstance(row, Broken) else create(sides, row) for row in batch]
        # A file may name a user twice.
        written = {each.row[KEY]: each.row for each in results if isinstance(each, Seeded)}
        rejected = {each.row[KEY]: each.reason for each in sides.table.upsert(list(written.values()), at=at)}
        for result in results:
            if isinstance(result, Seeded) and result.row[KEY] in rejected:
                yield Broken(result.entry.line, f"the user is made, but not the row: {rejected[result.row[KEY]]}")
            else:
                yield result


def create(sides: Sides, entry: Entry) -> Seeded | Broken:
    """Creates the user whole or not at all."""
    from botocore.exceptions import ClientError, ParamValidationError

    pool = sides.pool
    try:
        with told(f"Creation of {entry.username}"):
            made = new_user(pool, entry)
    except StackError as error:
        cause = error.__cause__
        if isinstance(cause, ParamValidationError):
            return Broken(entry.line, " ".join(str(cause).split()))
        if not isinstance(cause, ClientError):
            raise
        code = cause.response["Error"].get("Code", "")
        if code == "UsernameExistsException":
            return existing(sides, entry)
        if code in OF_A_USER:
            return Broken(entry.line, cause.response["Error"].get("Message", code))
        raise
    attributes = attributes_of(made["Attributes"])
    return Seeded(entry, sides.columns.row(attributes["sub"], made["Username"], attributes), created=True)


def new_user(pool: UserPool, entry: Entry) -> Any:
    """The user as AdminCreateUser shows it; gone again where password or groups are refused."""
    client = pool.client
    pool.pace.wait()
    made = client.admin_create_user(
        UserPoolId=pool.id,
        Username=entry.username,
        UserAttributes=[{"Name": name, "Value": value} for name, value in entry.attributes.items()],
        MessageAction="SUPPRESS",
    )["User"]
    name = made["Username"]
    try:
        if entry.password is not None:
            pool.pace.wait()
            client.admin_set_user_password(UserPoolId=pool.id, Username=name, Password=entry.password, Permanent=True)
        for group in entry.groups:
            pool.pace.wait()
            client.admin_add_user_to_group(UserPoolId=pool.id, Username=name, GroupName=group)
    except BaseException:
        client.admin_delete_user(UserPoolId=pool.id, Username=name)
        raise
    return made


def existing(sides: Sides, entry: Entry) -> Seeded | Broken:
    found = sides.pool.get(entry.username)
    if found is None:
        return Broken(entry.line, "another user has the name or the address")
    username, attributes = found
    return Seeded(entry, sides.columns.row(attributes["sub"], username, attributes), created=False)

"""A running stack as tests use it."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.errors import StackError
from orchestrator.testing.graphql import SECONDS, GraphQL

if TYPE_CHECKING:
    import httpx
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_lambda import LambdaClient

    from orchestrator.launchers.child import Children
    from orchestrator.stack.accounts import LocalAccounts
    from orchestrator.stack.functions import Functions
    from orchestrator.stack.plan import Layout, Pool, Urls
    from orchestrator.stack.record import Record
    from orchestrator.testing.background import Background
    from orchestrator.testing.front import Front
    from orchestrator.testing.metadata import MetadataTemplate
    from orchestrator.testing.restore import Template
    from orchestrator.testing.triggers import Triggers
    from orchestrator.testing.users import User


class GraphQLAs(Protocol):
    """The fixture `graphql`; see Stack.graphql."""

    def __call__(self, *, role: str | None = None, user: User | None = None, **session: str) -> GraphQL: ...


UPDATE_SECONDS = 30.0
POLL_SECONDS = 0.02
REMOVE_ROW = "mutation ($id: String!) { delete_users(where: {id: {_eq: $id}}) { affected_rows } }"


@dataclass(frozen=True)
class Own:
    """What only a stack of the session's own has: fronts, what they saw, and what everything is put back to."""

    fronts: Mapping[str, Front]
    triggers: Triggers
    template: Template
    metadata: MetadataTemplate
    groups: frozenset[str]


@dataclass(frozen=True)
class Stack:
    """A running stack: its addresses, its pool, and clients for them. `own` is None for one that ran before."""

    layout: Layout
    record: Record = field(repr=False)
    admin_secret: str = field(repr=False)
    background: Background = field(repr=False)
    http: httpx.Client = field(repr=False)
    accounts: LocalAccounts = field(repr=False)
    own: Own | None = field(default=None, repr=False)

    @property
    def urls(self) -> Urls:
        return self.record.urls

    @property
    def pool(self) -> Pool:
        return self.record.pool

    @property
    def backend(self) -> str:
        """`embedded` or `docker`."""
        return self.record.backend

    @property
    def cognito(self) -> CognitoIdentityProviderClient:
        """boto3's client for the pool's API."""
        return self.accounts.client

    @property
    def awslambda(self) -> LambdaClient:
        """boto3's client for the functions' API."""
        return self.functions.client

    @property
    def children(self) -> Children:
        """The services that are processes of this machine."""
        from orchestrator.launchers.child import Children

        return Children(self.layout.state)

    @functools.cached_property
    def functions(self) -> Functions:
        """The functions of the pool. Made when first asked for: a client takes a tenth of a second."""
        from orchestrator.stack.functions import Functions

        return Functions.of(self.record)

    @functools.cached_property
    def signs_in_with_email(self) -> bool:
        return self.accounts.signs_in_with_email()

    def graphql(self, *, role: str | None = None, user: User | None = None, **session: str) -> GraphQL:
        """Hasura as `user`, as `role`, or as anybody where neither is given.

        A role without a user is played with the admin secret; `session` are its session variables, with `_` for `-`:
        `graphql(role="user", x_hasura_user_id="42")`.
        """
        headers = {name.replace("_", "-"): value for name, value in session.items()}
        if role:
            headers["x-hasura-role"] = role
        if user:
            headers["authorization"] = f"Bearer {user.token}"
        elif role:
            headers["x-hasura-admin-secret"] = self.admin_secret
        return GraphQL(self.urls.graphql, headers, self.http)

    @contextlib.contextmanager
    def environment(self, function: str, **variables: str) -> Iterator[None]:
        """While inside, a function has these environment variables, too.

        >>> with stack.environment("user_sync", SYNC_ON_FAILURE="deny"): ...  # doctest: +SKIP
        """
        name = self.functions.resolve(function)
        before = self.variables(name)
        self.configure(name, Environment={"Variables": {**before, **variables}})
        try:
            yield
        finally:
            self.configure(name, Environment={"Variables": dict(before)})

    def remove_user(self, username: str) -> None:
        """Removes a user, and its row from the table `users` if there is one."""
        try:
            sub = self.accounts.get(username)["attributes"].get("sub")
            self.accounts.delete(username)
        except StackError as error:
            if "UserNotFoundException" not in error.message:
                raise
            return
        self.graphql(role="admin").ask(REMOVE_ROW, id=sub)

    def groups(self) -> set[str]:
        """The names of the pool's groups."""
        pages = self.cognito.get_paginator("list_groups").paginate(UserPoolId=self.pool.id)
        return {group["GroupName"] for page in pages for group in page["Groups"]}

    def put_back(self) -> None:
        """Database, metadata and pool are as when the session began. A stack that ran before is left as it is."""
        if self.own is None:
            return
        if self.background.run(self.own.template.put_back()) == "everything":
            self.background.run(self.own.metadata.reload())
        self.background.run(self.own.metadata.put_back())
        for user in self.accounts.list():
            self.accounts.delete(user["username"])
        for group in self.groups() - self.own.groups:
            self.cognito.delete_group(UserPoolId=self.pool.id, GroupName=group)

    def variables(self, function: str) -> Mapping[str, str]:
        """The environment of a function, by its whole name."""
        described = self.awslambda.get_function_configuration(FunctionName=function)
        return described.get("Environment", {}).get("Variables", {})

    def configure(self, function: str, **settings: Any) -> None:
        """Changes settings of a function, by its whole name, and returns when it has them."""
        self.awslambda.update_function_configuration(FunctionName=function, **settings)
        deadline = time.monotonic() + UPDATE_SECONDS
        # botocore's own waiter looks once a second.
        while self.awslambda.get_function_configuration(FunctionName=function).get("LastUpdateStatus") == "InProgress":
            if time.monotonic() > deadline:
                raise StackError(f"{function} was not updated within {UPDATE_SECONDS:g} s.")
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def opened(layout: Layout, environ: Mapping[str, str], background: Background) -> Iterator[Stack]:
    """Clients for the stack that runs with its state there. Raises StackError if it was never started."""
    import httpx

    from orchestrator.stack import record as records
    from orchestrator.stack.accounts import LocalAccounts, accounts_of
    from orchestrator.stack.machine import settings_here

    record = records.read(layout.record)
    if record is None:
        raise StackError(f"There is no stack in {layout.state}.", "Run `hasura-cognito up`.")
    accounts = accounts_of(record)
    if not isinstance(accounts, LocalAccounts):
        raise StackError(
            "The stack's user pool is in AWS, where tests would make users that others see.",
            "Run it with STACK_IDENTITY=local, or leave --stack=running out.",
        )
    with httpx.Client(trust_env=False, verify=False, timeout=SECONDS) as http:  # noqa: S501 all is on this machine
        yield Stack(
            layout=layout,
            record=record,
            admin_secret=settings_here(layout, environ).hasura.admin_secret,
            background=background,
            http=http,
            accounts=accounts,
        )

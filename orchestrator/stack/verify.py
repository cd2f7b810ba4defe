"""Proof that the running stack works: a throwaway user goes the whole way and is removed again."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import StackError
from orchestrator.project.http import http_client
from orchestrator.services.hasura import CLAIMS_NAMESPACE
from orchestrator.stack.accounts import Accounts
from orchestrator.stack.graphql import GraphQL


@dataclass(frozen=True)
class Check:
    """A step that held: what was seen, and how many seconds it took."""

    what: str
    seconds: float


@dataclass(frozen=True)
class Throwaway:
    """A user made for this verification only."""

    username: str
    email: str
    password: str


def throwaway(*, by_email: bool) -> Throwaway:
    name = f"verify-{secrets.token_hex(6)}"
    email = f"{name}@example.com"
    return Throwaway(email if by_email else name, email, f"Aa1!{secrets.token_urlsafe(18)}")


def claims_of(token: str) -> Mapping[str, Any]:
    """The payload of a JWT, not verified."""
    payload = token.split(".")[1]
    claims: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def require(condition: bool, message: str, hint: str) -> None:
    if not condition:
        raise StackError(message, hint)


@dataclass(frozen=True)
class Walk:
    """The way of a throwaway user through a running stack; `synced` is whether sign-ins reach its table of users."""

    accounts: Accounts
    graphql: GraphQL
    admin: Mapping[str, str] = field(repr=False)
    synced: bool
    report: Callable[[Check], None]

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self.report(Check(what, time.monotonic() - begin))

    def go(self) -> None:
        by_email = self.accounts.signs_in_with_email()
        user, other = throwaway(by_email=by_email), throwaway(by_email=by_email)
        with contextlib.ExitStack() as undo:
            with self.step(self.accounts.joins):
                sub = self.join(user, undo)
            if self.accounts.confirms:
                self.find_row(user, sub)
            token = self.sign_in(user, sub)
            if not self.accounts.confirms and self.synced:
                self.find_row(user, sub)
            self.read(token, [sub] if self.synced else [])
            if self.synced:
                self.keep_others_out(sub, other, undo)
            with self.step("the users are removed"):
                undo.close()

    def join(self, who: Throwaway, undo: contextlib.ExitStack) -> str:
        undo.callback(remove, self.accounts, self.graphql, who, self.admin)
        return self.accounts.sign_up(who.username, who.password, {"email": who.email})

    def find_row(self, user: Throwaway, sub: str) -> None:
        with self.step("the sync Lambda upserted the row"):
            row = self.graphql.data(ROW, {"id": sub}, **self.admin)["users_by_pk"]
            require(
                row is not None and row["email"] == user.email,
                "The trigger ran, but no row came into the table users.",
                self.accounts.see_functions,
            )

    def sign_in(self, user: Throwaway, sub: str) -> str:
        with self.step("the user signs in; the ID token carries the Hasura claims"):
            token = self.accounts.sign_in(user.username, user.password).id_token
            claims = json.loads(claims_of(token).get(CLAIMS_NAMESPACE, "{}"))
            require(
                claims.get("x-hasura-user-id") == sub,
                f"The ID token has no Hasura claims for the user under {CLAIMS_NAMESPACE}.",
                f"The Pre Token Generation function adds them. {self.accounts.see_functions}",
            )
        return token

    def read(self, token: str, expected: Sequence[str]) -> None:
        with self.step(
            "the user reads the row through Hasura with the ID token" if expected else "Hasura takes the token"
        ):
            rows = self.graphql.data(ROWS, authorization=f"Bearer {token}")["users"]
            require(
                [row["id"] for row in rows] == expected,
                f"With the ID token Hasura showed {len(rows)} rows instead of the user's own.",
                "Look at the select permission of the role user on the table users.",
            )

    def keep_others_out(self, sub: str, other: Throwaway, undo: contextlib.ExitStack) -> None:
        with self.step("the anonymous role cannot read it"):
            require(
                not (self.graphql.ask(ROWS).get("data") or {}).get("users"),
                "Without a token, Hasura showed rows of the table users.",
                "Look at the permissions of the unauthorized role on the table users.",
            )
        with self.step("another user cannot read it"):
            self.join(other, undo)
            their_token = self.accounts.sign_in(other.username, other.password).id_token
            require(
                self.graphql.data(ROW, {"id": sub}, authorization=f"Bearer {their_token}")["users_by_pk"] is None,
                "Another user could read the row.",
                "Look at the select permission of the role user on the table users.",
            )


def verify(
    accounts: Accounts, graphql_url: str, admin_secret: str, report: Callable[[Check], None], *, synced: bool
) -> None:
    """Goes the whole way once. Reports each step that holds; raises StackError at the first that does not.

    The users it makes, and their rows, are gone afterwards either way.
    """
    with http_client(graphql_url, seconds=30) as http:
        Walk(accounts, GraphQL(http, graphql_url), {"x-hasura-admin-secret": admin_secret}, synced, report).go()


ROW = "query($id: String!) { users_by_pk(id: $id) { id email } }"
ROWS = "{ users { id } }"
REMOVE = "mutation($email: String!) { delete_users(where: {email: {_eq: $email}}) { affected_rows } }"


def remove(accounts: Accounts, graphql: GraphQL, who: Throwaway, admin: Mapping[str, str]) -> None:
    """Removes the user and its row, whichever of them there is."""
    try:
        accounts.delete(who.username)
    except StackError as error:
        if "UserNotFoundException" not in error.message:
            raise
    finally:
        graphql.data(REMOVE, {"email": who.email}, **admin)

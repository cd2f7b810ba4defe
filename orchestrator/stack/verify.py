"""Proof that the running stack works: a throwaway user goes the whole way and is removed again."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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


def verify(accounts: Accounts, graphql_url: str, admin_secret: str, report: Callable[[Check], None]) -> None:
    """Goes the whole way once. Reports each step that holds; raises StackError at the first that does not.

    The users it makes, and their rows, are gone afterwards either way.
    """
    with http_client(graphql_url, seconds=30) as http:
        go_the_whole_way(accounts, GraphQL(http, graphql_url), admin_secret, report)


def go_the_whole_way(accounts: Accounts, graphql: GraphQL, admin_secret: str, report: Callable[[Check], None]) -> None:
    admin = {"x-hasura-admin-secret": admin_secret}
    by_email = accounts.signs_in_with_email()
    user, other = throwaway(by_email=by_email), throwaway(by_email=by_email)

    @contextlib.contextmanager
    def step(what: str) -> Iterator[None]:
        begin = time.monotonic()
        yield
        report(Check(what, time.monotonic() - begin))

    with contextlib.ExitStack() as undo:

        def join(who: Throwaway) -> str:
            undo.callback(remove, accounts, graphql, who, admin)
            return accounts.sign_up(who.username, who.password, {"email": who.email})

        with step("a user signs up and confirms the code"):
            sub = join(user)
        with step("the sync Lambda upserted the row"):
            row = graphql.data(ROW, {"id": sub}, **admin)["users_by_pk"]
            require(
                row is not None and row["email"] == user.email,
                "The user was confirmed, but no row came into the table users.",
                "See `hasura-cognito logs lambda`.",
            )
        with step("the user signs in; the ID token carries the Hasura claims"):
            token = accounts.sign_in(user.username, user.password).id_token
            claims = json.loads(claims_of(token).get(CLAIMS_NAMESPACE, "{}"))
            require(
                claims.get("x-hasura-user-id") == sub,
                f"The ID token has no Hasura claims for the user under {CLAIMS_NAMESPACE}.",
                "See `hasura-cognito logs lambda`: the Pre Token Generation function adds them.",
            )
        with step("the user reads the row through Hasura with the ID token"):
            rows = graphql.data(ROWS, authorization=f"Bearer {token}")["users"]
            require(
                [row["id"] for row in rows] == [sub],
                f"With the ID token Hasura showed {len(rows)} rows instead of the user's own.",
                "Look at the select permission of the role user on the table users.",
            )
        with step("the anonymous role cannot read it"):
            require(
                not (graphql.ask(ROWS).get("data") or {}).get("users"),
                "Without a token, Hasura showed rows of the table users.",
                "Look at the permissions of the unauthorized role on the table users.",
            )
        with step("another user cannot read it"):
            join(other)
            their_token = accounts.sign_in(other.username, other.password).id_token
            require(
                graphql.data(ROW, {"id": sub}, authorization=f"Bearer {their_token}")["users_by_pk"] is None,
                "Another user could read the row.",
                "Look at the select permission of the role user on the table users.",
            )
        with step("the users are removed"):
            undo.close()


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

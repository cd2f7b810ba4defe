"""Users of a test: who they are, how they come and go."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from orchestrator.stack.accounts import Tokens
    from orchestrator.testing.graphql import GraphQL
    from orchestrator.testing.stack import Stack

# It meets every password policy of common kinds: long, and with letters of both cases, figures and a sign.
PASSWORD = "Correct-Horse-1-Battery"  # noqa: S105 no secret


@dataclass(frozen=True)
class User:
    """A user of the pool. `tokens` are there once it has signed in, and so are `token`, `claims` and `graphql`."""

    username: str
    email: str
    password: str = field(repr=False)
    sub: str
    stack: Stack = field(repr=False, compare=False)
    tokens: Tokens | None = field(default=None, repr=False)

    @property
    def token(self) -> str:
        """The ID token, which Hasura takes."""
        return self._tokens.id_token

    @property
    def access_token(self) -> str:
        return self._tokens.access_token

    @property
    def refresh_token(self) -> str:
        return self._tokens.refresh_token

    @property
    def claims(self) -> Mapping[str, Any]:
        """What the ID token says."""
        from orchestrator.stack.verify import claims_of

        return claims_of(self.token)

    @property
    def hasura_claims(self) -> Mapping[str, Any]:
        """The session variables in the ID token, `{"x-hasura-default-role": "user", …}`."""
        from orchestrator.services.hasura import CLAIMS_NAMESPACE

        found = self.claims.get(CLAIMS_NAMESPACE, {})
        return json.loads(found) if isinstance(found, str) else found  # type: ignore[no-any-return]

    @property
    def graphql(self) -> GraphQL:
        """Hasura as this user, with the ID token's default role."""
        return self.stack.graphql(user=self)

    @property
    def _tokens(self) -> Tokens:
        if self.tokens is None:
            raise StackError(f"{self.username} has not signed in.", "Take what sign_in(user) gives.")
        return self.tokens


class SignUp(Protocol):
    """The fixture `sign_up`; see Users.sign_up."""

    def __call__(
        self,
        email: str | None = None,
        *,
        username: str | None = None,
        password: str = PASSWORD,
        attributes: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        confirm: bool = True,
    ) -> User: ...


class SignIn(Protocol):
    """The fixture `sign_in`; see Users.sign_in."""

    def __call__(self, user: User | str, password: str = "") -> User: ...


class Users:
    """Signs users up and in, and removes them after the test."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._made: list[str] = []
        self._groups: list[str] = []

    def sign_up(
        self,
        email: str | None = None,
        *,
        username: str | None = None,
        password: str = PASSWORD,
        attributes: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        confirm: bool = True,
    ) -> User:
        """A new user, confirmed with the code that was "sent" unless told otherwise.

        Without a name it gets one that nobody else has. `groups` are those of Cognito, which become roles; those that
        the pool lacks are made. Raises StackError with Cognito's words.
        """
        unique = f"user-{secrets.token_hex(6)}"
        email = email or f"{unique}@example.com"
        username = username or (email if self._stack.signs_in_with_email else unique)
        self._made.append(username)
        given = {"email": email, **(attributes or {})}
        sub = self._stack.accounts.sign_up(username, password, given, confirm=confirm)
        for group in groups:
            self._join(username, group)
        return User(username, email, password, sub, self._stack)

    def sign_in(self, user: User | str, password: str = "") -> User:
        """The same user, or the one of that name, with new tokens. Raises StackError with Cognito's words."""
        from orchestrator.stack.verify import claims_of

        if isinstance(user, User):
            return replace(user, tokens=self._stack.accounts.sign_in(user.username, password or user.password))
        tokens = self._stack.accounts.sign_in(user, password or PASSWORD)
        claims = claims_of(tokens.id_token)
        return User(user, str(claims.get("email", "")), password or PASSWORD, str(claims["sub"]), self._stack, tokens)

    def from_tokens(self, token: str, access_token: str, refresh_token: str, *, expires_in: int, password: str) -> User:
        """Whoever these tokens are for; to be removed like the others."""
        from orchestrator.stack.accounts import Tokens
        from orchestrator.stack.verify import claims_of

        claims = claims_of(token)
        name, email = str(claims["cognito:username"]), str(claims.get("email", ""))
        self._made.append(name)
        tokens = Tokens(token, access_token, refresh_token, expires_in)
        return User(name, email, password, str(claims["sub"]), self._stack, tokens)

    def remove(self) -> None:
        """Removes whom this object made, with their rows."""
        for username in self._made:
            self._stack.remove_user(username)
        for group in self._groups:
            with contextlib.suppress(self._stack.cognito.exceptions.ResourceNotFoundException):
                self._stack.cognito.delete_group(UserPoolId=self._stack.pool.id, GroupName=group)
        self._made.clear()
        self._groups.clear()

    def _join(self, username: str, group: str) -> None:
        cognito, pool = self._stack.cognito, self._stack.pool.id
        try:
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=group)
        except cognito.exceptions.ResourceNotFoundException:
            cognito.create_group(UserPoolId=pool, GroupName=group)
            self._groups.append(group)
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=username, GroupName=group)

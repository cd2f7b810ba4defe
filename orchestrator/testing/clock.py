"""The local Cognito's clock, moved for a test: tokens that are expired or not yet valid, codes that are too old."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from orchestrator.testing.stack import Stack
    from orchestrator.testing.users import User, Users

# Cognito's tokens are valid for a day at most.
PAST_ALL_TOKENS = timedelta(hours=25)
AHEAD = timedelta(hours=1)


@dataclass(frozen=True)
class Clock:
    """Cognito's clock alone: Hasura, PostgreSQL, the functions and the test go on as they are."""

    stack: Stack = field(repr=False)
    users: Users = field(repr=False)

    def move(self, **by: float) -> None:
        """To another time from now, `clock.move(hours=-2)`, until moved again or the test ends."""
        self._set(timedelta(**by))

    @contextmanager
    def moved(self, **by: float) -> Iterator[None]:
        """While inside, it is another time at Cognito: `with clock.moved(days=31): …`."""
        before = self._offset()
        self._set(timedelta(**by))
        try:
            yield
        finally:
            self._set(before)

    def expired(self, user: User) -> User:
        """The user with tokens that were good yesterday."""
        with self.moved(seconds=-PAST_ALL_TOKENS.total_seconds()):
            return self.users.sign_in(user)

    def not_yet_valid(self, user: User) -> User:
        """The user with tokens that were issued in an hour, as when a server's clock is late."""
        with self.moved(seconds=AHEAD.total_seconds()):
            return self.users.sign_in(user)

    def reset(self) -> None:
        if self._offset():
            self._set(timedelta())

    def _offset(self) -> timedelta:
        return timedelta(seconds=self.stack.http.get(self._url).json()["offset"])

    def _set(self, offset: timedelta) -> None:
        answer = self.stack.http.put(self._url, json={"offset": offset.total_seconds()})
        if answer.status_code != 200:
            raise StackError(f"Cognito's clock was not moved: {answer.json().get('message')}")

    @property
    def _url(self) -> str:
        return f"{self.stack.urls.cognito}/_local/clock"

"""The e-mails and SMS that the local Cognito "sent"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from orchestrator.testing.stack import Stack
    from orchestrator.testing.users import User


@dataclass(frozen=True)
class Messages:
    """Calling it with a user gives what was sent to it, newest last, each with its `code` and `body`."""

    stack: Stack = field(repr=False)

    def __call__(self, user: User | str) -> list[Mapping[str, Any]]:
        name = user if isinstance(user, str) else user.username
        answer = self.stack.http.get(f"{self.stack.urls.cognito}/_local/messages", params={"username": name})
        found: list[Mapping[str, Any]] = answer.json()
        return found

    def code(self, user: User | str) -> str:
        """The code of the newest message. Raises StackError if none was sent."""
        codes = [str(message["code"]) for message in self(user) if message.get("code")]
        if not codes:
            raise StackError(f"No code was sent to {user if isinstance(user, str) else user.username}.")
        return codes[-1]

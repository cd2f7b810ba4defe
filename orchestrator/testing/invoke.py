"""Calling the pool's Lambda functions as Cognito calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from orchestrator.testing.stack import Stack
    from orchestrator.testing.users import User

# The prefix of a triggerSource, and the trigger's name in a pool's LambdaConfig where that is another.
CONFIGURED = {"TokenGeneration": "PreTokenGeneration"}


class FunctionError(Exception):
    """The function failed. The text is its message; `kind` is Lambda's word for it, `payload` what it answered."""

    def __init__(self, payload: Any, kind: str, log: str) -> None:
        self.payload, self.kind, self.log = payload, kind, log
        message = payload.get("errorMessage") if isinstance(payload, dict) else None
        super().__init__(str(message or kind))


@dataclass(frozen=True)
class Invoke:
    """Calling it with an event gives what the function made of it, or raises FunctionError.

    >>> invoke(invoke.event("PostAuthentication_Authentication", user))  # doctest: +SKIP
    {'version': '1', …}
    """

    stack: Stack = field(repr=False)

    def __call__(self, event: Any, *, function: str | None = None) -> Any:
        """Runs the function that the pool has for the event's `triggerSource`, or the one named."""
        done = self.stack.functions.invoke(function or self._function_for(event), event)
        if done.error:
            raise FunctionError(done.payload, done.error, done.log)
        return done.payload

    def event(self, source: str, user: User, **request: Any) -> dict[str, Any]:
        """The event that Cognito sends for a user as it is now; `request` goes into the event's `request`.

        Raises StackError for a source that Cognito does not have.
        """
        from orchestrator.stack.events import trigger_event

        event = trigger_event(source, self.stack.accounts.get(user.username), self.stack.pool)
        return {**event, "request": {**event["request"], **request}}

    def _function_for(self, event: Any) -> str:
        source = str(event.get("triggerSource", "")) if isinstance(event, dict) else ""
        prefix = source.partition("_")[0]
        trigger = CONFIGURED.get(prefix, prefix)
        pool = self.stack.cognito.describe_user_pool(UserPoolId=self.stack.pool.id)["UserPool"]
        triggers: Mapping[str, Any] = pool.get("LambdaConfig", {})
        arn = (triggers.get(f"{trigger}Config") or {}).get("LambdaArn") or triggers.get(trigger)
        if not arn:
            raise StackError(
                f"The pool has no function for {source or 'an event without triggerSource'}.",
                f"It has some for: {', '.join(sorted(triggers))}. Name one with function=.",
            )
        return str(arn).rpartition(":")[2]

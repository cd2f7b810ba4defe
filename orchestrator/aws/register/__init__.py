"""Registering the public URL where the sync function looks for it: a lease in DynamoDB, or its environment."""

from __future__ import annotations

from typing import Protocol

from orchestrator.aws.register.config import from_config
from orchestrator.aws.register.function_environment import FunctionEnvironment
from orchestrator.aws.register.lease import Lease

__all__ = ["FunctionEnvironment", "Lease", "Registration", "from_config"]


class Registration(Protocol):
    """`renew_seconds` is how often to register anew; None where once is enough until the URL changes."""

    renew_seconds: float | None

    def register(self, url: str, *, proved_at: int) -> str:
        """Puts the URL in place, the first time, again, or another one; a line for people about it.

        `proved_at` is when a probe through the tunnel last reached our gateway, in milliseconds since the epoch.
        Raises StackError.
        """

    def release(self) -> str:
        """Puts back what was there before; a line for people, which also says what was left because it is not ours.

        Also does so for a process that is gone. Raises StackError.
        """

"""How the gateway says no: to a request, and to whoever starts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson


class ConfigError(Exception):
    """The gateway can't start; the text says why and what to do."""


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is not passed on, as its sender is told. `code` is what the log calls it.

    The message holds nothing that the request told, other than names.
    """

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """As Hasura words an error of GraphQL."""
        return orjson.dumps({"errors": [{"message": self.message, "extensions": {"code": self.code}}]})

"""Hasura's GraphQL endpoint, asked as whoever the headers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from orchestrator.errors import StackError


class Refused(StackError):
    """Hasura answered with an error: its words are `reason`, its code (`constraint-violation`, …) is `code`.

    `sqlstate` is PostgreSQL's code for what Hasura has no code of its own for, or empty.
    """

    def __init__(self, reason: str, code: str, sqlstate: str = "") -> None:
        super().__init__(f"Hasura refused: {reason}", "See `hasura-cognito logs hasura`.")
        self.reason = reason
        self.code = code
        self.sqlstate = sqlstate

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> Refused:
        """
        >>> Refused.of({"message": "database query error", "extensions": {"code": "unexpected", "internal":
        ...     {"error": {"message": "not today", "status_code": "P0001"}}}}).reason
        'database query error: not today'
        """
        message, extensions = str(error.get("message")), error.get("extensions") or {}
        internal = extensions.get("internal")
        cause = internal.get("error") if isinstance(internal, Mapping) else None
        if not isinstance(cause, Mapping):
            return cls(message, str(extensions.get("code")))
        return cls(f"{message}: {cause.get('message')}", str(extensions.get("code")), str(cause.get("status_code")))


@dataclass(frozen=True)
class GraphQL:
    http: httpx.Client
    url: str

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> Mapping[str, Any]:
        """The whole answer, `{"data"}` or `{"errors"}`."""
        try:
            answer = self.http.post(self.url, json={"query": query, "variables": variables or {}}, headers=headers)
            body: Mapping[str, Any] = orjson.loads(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise StackError(
                f"Hasura does not answer at {self.url}: {error}.", "See `hasura-cognito logs hasura`."
            ) from error
        return body

    def data(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> Mapping[str, Any]:
        """The answer's data. Raises Refused where there are errors."""
        body = self.ask(query, variables, **headers)
        if errors := body.get("errors"):
            raise Refused.of(errors[0])
        data: Mapping[str, Any] = body["data"]
        return data

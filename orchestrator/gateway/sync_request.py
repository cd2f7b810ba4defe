"""The one mutation that the gateway runs, and what its variables may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

import orjson
from graphql import GraphQLError, Lexer, OperationDefinitionNode, OperationType, Source, TokenKind, parse

from orchestrator.gateway.errors import ConfigError, Refusal
from orchestrator.gateway.signature import SKEW_MILLISECONDS

LONGEST_ID = 128
LONGEST_TEXT = 2048
# Past it, JSON's readers don't agree on a number.
LARGEST_NUMBER = 2**53
VARIABLES = {"user", "columns", "at"}
SKEW = timedelta(milliseconds=SKEW_MILLISECONDS)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")

Token = tuple[TokenKind, str | None]


@dataclass(frozen=True)
class SyncRequest:
    """A request that may be passed on: whose row it writes, and the body for Hasura."""

    user_id: str
    body: bytes


class SyncMutation:
    """The mutation as configured, with the columns that its `user` may have."""

    def __init__(self, document: str, columns: Sequence[str]) -> None:
        """Raises ConfigError for a document that is something else than one mutation with the three variables."""
        self._document = document
        self._columns = columns
        try:
            definitions = parse(document).definitions
        except GraphQLError as error:
            raise ConfigError(f"mutation: {error.message}") from error
        if [_variables(definition) for definition in definitions] != [VARIABLES]:
            raise ConfigError("mutation must be one mutation with the variables $user, $columns and $at")
        self._tokens = list(_tokens(document))

    def checked(self, body: bytes, *, now: datetime) -> SyncRequest:
        """The request in this body, made anew of what was checked. Raises Refusal (400)."""
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Refusal(400, "malformed", "The body must be JSON.") from error
        if not isinstance(request, dict) or request.keys() != {"query", "variables"}:
            raise Refusal(400, "malformed", "The body must be an object with query and variables, and nothing else.")
        if not self._is_ours(request["query"]):
            raise Refusal(400, "not-the-mutation", "Only the sync mutation may be sent here.")
        return self._checked_variables(request["variables"], now)

    def _is_ours(self, query: object) -> bool:
        """Whether it is the configured document; space, commas and comments don't count."""
        if query == self._document:
            return True
        if not isinstance(query, str):
            return False
        try:
            return all(ours == theirs for ours, theirs in zip_longest(self._tokens, _tokens(query)))
        except GraphQLError:
            return False

    def _checked_variables(self, variables: Any, now: datetime) -> SyncRequest:
        if not isinstance(variables, dict) or variables.keys() != VARIABLES:
            raise _bad("variables must be user, columns and at")
        user = self._checked_user(variables["user"])
        columns = _checked_columns(variables["columns"], user)
        at = _checked_time(variables["at"], user, now)
        passed_on = {"query": self._document, "variables": {"user": user, "columns": columns, "at": at}}
        return SyncRequest(str(user["id"]), orjson.dumps(passed_on))

    def _checked_user(self, user: Any) -> Mapping[str, Any]:
        if not isinstance(user, dict):
            raise _bad("user must be an object")
        if unknown := sorted(user.keys() - set(self._columns)):
            raise _bad(f"user has {unknown[0][:64]!r}, which is not among SYNC_COLUMNS")
        for name, value in user.items():
            if not _is_plain(value):
                raise _bad(
                    f"user.{name} must be a text of at most {LONGEST_TEXT} characters, a number, true, false or null"
                )
        user_id = user.get("id")
        if not isinstance(user_id, str) or not 0 < len(user_id) <= LONGEST_ID:
            raise _bad(f"user.id must be a text of 1 to {LONGEST_ID} characters")
        return user


def _variables(definition: object) -> set[str] | None:
    if not isinstance(definition, OperationDefinitionNode) or definition.operation is not OperationType.MUTATION:
        return None
    return {variable.variable.name.value for variable in definition.variable_definitions or ()}


def _tokens(document: str) -> Iterator[Token]:
    """Raises GraphQLError on the way, where it is no GraphQL."""
    lexer = Lexer(Source(document))
    while (token := lexer.advance()).kind is not TokenKind.EOF:
        yield token.kind, token.value


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and "\0" not in value
    if isinstance(value, int | float):
        return abs(value) <= LARGEST_NUMBER
    return value is None


def _checked_columns(columns: Any, user: Mapping[str, Any]) -> list[str]:
    allowed = user.keys() - {"id"}
    if not isinstance(columns, list) or not all(isinstance(name, str) and name in allowed for name in columns):
        raise _bad("columns must be a list of names that user has, without id")
    if len(set(columns)) != len(columns):
        raise _bad("columns must name each column once")
    return columns


def _checked_time(at: Any, user: Mapping[str, Any], now: datetime) -> str:
    if not isinstance(at, str) or at != user.get("synced_at"):
        raise _bad("at must be the same time as user.synced_at")
    if abs(now - _time(at)) > SKEW:
        raise _bad("at must be within 300 s of this machine's clock")
    return at


def _time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _bad("at must be an ISO-8601 time with its zone, such as 2026-01-31T12:00:00.5+00:00")


def _bad(message: str) -> Refusal:
    return Refusal(400, "bad-variables", message)

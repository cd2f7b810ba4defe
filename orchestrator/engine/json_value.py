"""A JSON value that knows its place: what is missing or of the wrong type is refused with that path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from orchestrator.engine import errors

Read = TypeVar("Read")

ENCOUNTERED: Final[tuple[tuple[type, str], ...]] = (
    (bool, "Boolean"),
    (str, "String"),
    (int, "Number"),
    (float, "Number"),
    (Decimal, "Number"),
    (list, "Array"),
    (dict, "Object"),
)
PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def encountered(json: Any) -> str:
    """What a JSON value is called in an error, "Null" for None."""
    return next((name for kind, name in ENCOUNTERED if isinstance(json, kind)), "Null")


def below(path: str, key: str | int) -> str:
    """The path of a member of what stands at `path`.

    >>> below("$.args", "table"), below("$.args", 0), below("$.args", "a b")
    ('$.args.table', '$.args[0]', '$.args["a b"]')
    """
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if PLAIN_KEY.fullmatch(key) else f'{path}["{key}"]'


@dataclass(frozen=True)
class JsonValue:
    """`json`, which stands at `path`. Every reading method raises parse-failed with that path."""

    json: Any
    path: str = "$"

    def refuse(self, message: str) -> errors.EngineError:
        return errors.parse_failed(message, self.path)

    def expect(self, kind: type, called: str, name: str) -> Any:
        fits = isinstance(self.json, kind) and (kind is bool or not isinstance(self.json, bool))
        if not fits:
            found = encountered(self.json)
            raise self.refuse(f"parsing {called} failed, expected {name}, but encountered {found}")
        return self.json

    def object(self, called: str = "Object") -> Mapping[str, Any]:
        members: Mapping[str, Any] = self.expect(dict, called, "Object")
        return members

    def text(self) -> str:
        return str(self.expect(str, "Text", "String"))

    def non_empty_text(self) -> str:
        if not (text := self.text()):
            raise self.refuse("empty string not allowed")
        return text

    def graphql_name(self) -> str:
        text = self.text()
        if not PLAIN_KEY.fullmatch(text):
            raise self.refuse(f"{text} is not valid GraphQL name")
        return text

    def boolean(self) -> bool:
        return bool(self.expect(bool, "Bool", "Boolean"))

    def integer(self) -> int:
        return int(self.expect(int, "Int", "Number"))

    def items(self) -> tuple[JsonValue, ...]:
        return tuple(
            JsonValue(item, below(self.path, index)) for index, item in enumerate(self.expect(list, "[]", "Array"))
        )

    def members(self) -> Mapping[str, JsonValue]:
        return {key: JsonValue(item, below(self.path, key)) for key, item in self.object().items()}

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def __getitem__(self, key: str) -> JsonValue:
        """The member, which must be there."""
        members = self.object()
        if key not in members:
            raise self.refuse(f'key "{key}" not found')
        return JsonValue(members[key], below(self.path, key))

    def get(self, key: str) -> JsonValue | None:
        """The member, or None where it is absent or null."""
        item = self.object().get(key)
        return None if item is None else JsonValue(item, below(self.path, key))

    def optional(self, key: str, read: Callable[[JsonValue], Read], default: Read) -> Read:
        """What `read` makes of the member, `default` where it is absent or null."""
        item = self.get(key)
        return default if item is None else read(item)

    def members_of(self, key: str) -> Mapping[str, JsonValue]:
        """The members of an optional object; none where it is absent or null."""
        item = self.get(key)
        return {} if item is None else item.members()

    def optional_text(self, key: str) -> str | None:
        item = self.get(key)
        return None if item is None else item.text()

    def optional_name(self, key: str) -> str | None:
        item = self.get(key)
        return None if item is None else item.graphql_name()

    def flag(self, key: str) -> bool:
        """The boolean member; an absent one is false."""
        return self.optional(key, JsonValue.boolean, False)

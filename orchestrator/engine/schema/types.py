"""GraphQL types as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A use of a type: a name, or a list of another use.

    >>> str(Ref("Int", non_null=True)), str(list_of(Ref("Int", non_null=True)))
    ('Int!', '[Int!]')
    """

    name: str
    non_null: bool = False
    item: Ref | None = None

    def __str__(self) -> str:
        inner = self.name if self.item is None else f"[{self.item}]"
        return inner + ("!" if self.non_null else "")

    @property
    def named(self) -> str:
        """The name inside of all lists."""
        return self.name if self.item is None else self.item.named


def required(name: str) -> Ref:
    return Ref(name, non_null=True)


def list_of(item: Ref, *, non_null: bool = False) -> Ref:
    return Ref("", non_null, item)


@dataclass(frozen=True, slots=True)
class Input:
    """An argument or a field of an input object; `binding` says what it means to the planner, which knows it by `key`
    where a naming convention shows another name."""

    name: str
    type: Ref
    description: str | None = None
    binding: Any = None
    default: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: Ref
    args: Mapping[str, Input]
    binding: Any
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectType:
    name: str
    fields: Mapping[str, Field]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class InputObject:
    name: str
    fields: Mapping[str, Input]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class EnumValue:
    name: str
    description: str | None = None
    binding: Any = None


@dataclass(frozen=True, slots=True)
class Enum:
    name: str
    values: Mapping[str, EnumValue]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Scalar:
    name: str
    description: str | None = None


Type = ObjectType | InputObject | Enum | Scalar


def fields_of(*fields: Field) -> Mapping[str, Field]:
    return {field.name: field for field in fields}


def inputs_of(*inputs: Input) -> Mapping[str, Input]:
    return {item.key or item.name: item for item in inputs}


def key_of(inputs: Mapping[str, Input], name: str) -> str | None:
    """The key of what is shown under this name, None where nothing is."""
    found = inputs.get(name)
    if found is not None and found.name == name:
        return name
    return next((key for key, item in inputs.items() if item.name == name), None)

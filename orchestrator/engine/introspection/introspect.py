"""`__schema` and `__type`: the role's schema in the introspection's own shape, straight to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FragmentDefinitionNode

from orchestrator.engine import given
from orchestrator.engine.arguments import arguments_of
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.given import Variables
from orchestrator.engine.introspection.types import META_TYPES, SCHEMA, TYPE, Read, all_types, type_of
from orchestrator.engine.schema.role import RoleSchema
from orchestrator.engine.schema.types import Field, Input, ObjectType, Ref, inputs_of, required
from orchestrator.engine.selection import Selected, collect

# Each of these lists within itself multiplies the answer by the number of types; tools nest them twice at most, and
# GraphQL's reference implementation refuses a third level as well (MaxIntrospectionDepthRule).
MULTIPLYING = frozenset({"fields", "inputFields", "interfaces", "possibleTypes"})
MOST_LEVELS = 2
TYPE_BY_NAME = Field("__type", Ref("__Type"), inputs_of(Input("name", required("String"))), None)


def introspect(
    schema: RoleSchema,
    selected: Selected,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Variables,
    path: str,
) -> bytes:
    """The JSON of a `__schema` or `__type` field."""
    reader = _Reader(fragments, variables)
    if selected.name == "__schema":
        return orjson.dumps(show(schema, schema, reader.below(selected, SCHEMA, path)))
    name = arguments_of(TYPE_BY_NAME, selected, variables, path)["name"]
    found = all_types(schema).get(given.as_text(name, f"{path}.args.name"))
    shown = reader.below(selected, TYPE, path)
    return orjson.dumps(None if found is None else show(schema, found, shown))


@dataclass(frozen=True, slots=True)
class _Shown:
    """A field to show under `key`; `below` is what is shown of its value, None for a plain one.

    `levels` is how many of the lists that multiply an answer are within each other here. `uses` is there where the
    value is what a field or an argument is of: the same few again and again, each made once.
    """

    key: str
    read: Read
    below: tuple[_Shown, ...] | None = None
    levels: int = 0
    uses: dict[Ref, dict[str, Any]] | None = None


def show(schema: RoleSchema, value: Any, fields: tuple[_Shown, ...]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for field in fields:
        if field.uses is not None and value.type in field.uses:
            shown[field.key] = field.uses[value.type]
            continue
        found = field.read(schema, value)
        if field.below is None or found is None:
            shown[field.key] = found
        elif isinstance(found, list | tuple):
            shown[field.key] = [show(schema, item, field.below) for item in found]
        else:
            shown[field.key] = show(schema, found, field.below)
            if field.uses is not None:
                field.uses[value.type] = shown[field.key]
    return shown


class _Reader:
    """Reads what a document selects of the introspection's types; a selection that many fields share is read once."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Variables) -> None:
        self._fragments = fragments
        self._variables = variables
        self._read: dict[tuple[int, ...], tuple[_Shown, ...]] = {}

    def below(self, selected: Selected, type_: ObjectType, path: str) -> tuple[_Shown, ...]:
        if not selected.below:
            raise validation_failed(f"missing selection set for '{type_.name}'", path)
        # The nodes live as long as the document, which outlives this.
        key = tuple(id(node) for node in selected.below)
        if key not in self._read:
            at = f"{path}.selectionSet"
            found = collect(selected.below, type_.name, self._fragments, self._variables, at)
            self._read[key] = tuple(self._shown(item, type_, f"{at}.{item.name}") for item in found)
        return self._read[key]

    def _shown(self, selected: Selected, type_: ObjectType, path: str) -> _Shown:
        if selected.name == "__typename":
            return _Shown(selected.key, lambda _, __: type_.name)
        field = type_.fields.get(selected.name)
        if field is None:
            raise validation_failed(f"field '{selected.name}' not found in type: '{type_.name}'", path)
        for name, value in arguments_of(field, selected, self._variables, path).items():
            if value.value is not None:
                given.as_boolean(value, f"{path}.args.{name}")
        below = META_TYPES.get(field.type.named)
        if isinstance(below, ObjectType):
            shown = self.below(selected, below, path)
            levels = max(item.levels for item in shown) + (selected.name in MULTIPLYING)
            if levels > MOST_LEVELS:
                raise validation_failed("the introspection is nested too deeply", path)
            return _Shown(selected.key, field.binding, shown, levels, {} if field.binding is type_of else None)
        if selected.below:
            raise validation_failed("unexpected subselection set for non-object field", path)
        return _Shown(selected.key, field.binding)

"""`__schema` and `__type`: the role's schema in the introspection's own shape, straight to JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import FragmentDefinitionNode

from orchestrator.engine import given
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.given import Variables
from orchestrator.engine.schema.role import RoleSchema
from orchestrator.engine.schema.types import (
    Enum,
    EnumValue,
    Field,
    Input,
    InputObject,
    ObjectType,
    Ref,
    Scalar,
    Type,
    list_of,
    required,
)
from orchestrator.engine.selection import Selected, collect


def introspect(
    schema: RoleSchema,
    selected: Selected,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Variables,
    path: str,
) -> bytes:
    """The JSON of a `__schema` or `__type` field."""
    shower = _Shower(schema, fragments, variables)
    if selected.name == "__schema":
        return orjson.dumps(shower.show("__Schema", schema, selected, path))
    node = selected.arguments.get("name")
    name = given.given(node, variables, f"{path}.args.name") if node is not None else None
    if name is None:
        raise validation_failed("missing required field 'name'", f"{path}.args.name")
    found = all_types(schema).get(given.as_text(name, f"{path}.args.name"))
    return orjson.dumps(None if found is None else shower.show("__Type", found, selected, path))


@dataclass(frozen=True)
class _Wrapped:
    """NON_NULL or LIST around a type."""

    kind: str
    inner: _Wrapped | Type


@dataclass(frozen=True)
class _Directive:
    name: str
    description: str
    locations: tuple[str, ...]
    args: tuple[Input, ...]
    is_repeatable: bool = False


DIRECTIVES = (
    _Directive(
        "include",
        "whether this query should be included",
        ("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
        (Input("if", required("Boolean")),),
    ),
    _Directive(
        "skip",
        "whether this query should be skipped",
        ("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
        (Input("if", required("Boolean")),),
    ),
    _Directive(
        "cached",
        "whether this query should be cached (Hasura Cloud only)",
        ("QUERY",),
        (
            Input("refresh", required("Boolean"), "refresh the cache entry", default="false"),
            Input("ttl", required("Int"), "measured in seconds", default="60"),
        ),
    ),
)


def all_types(schema: RoleSchema) -> Mapping[str, Type]:
    """Every type that can be reached from the roots, by name, in alphabetical order."""
    found: dict[str, Type] = {}
    roots = [root for root in (schema.query, schema.mutation, schema.subscription) if root]
    waiting: list[Type] = [*roots, *(schema.type(name) for name in ("Boolean", "String", "Int")), *META_TYPES]
    while waiting:
        type_ = waiting.pop()
        if type_.name in found:
            continue
        found[type_.name] = type_
        waiting.extend(schema.type(name) for name in _named_in(type_) if name not in found)
    return dict(sorted(found.items()))


def _named_in(type_: Type) -> Iterator[str]:
    if isinstance(type_, ObjectType):
        for field in type_.fields.values():
            if not field.type.named.startswith("__"):
                yield field.type.named
            yield from (argument.type.named for argument in field.args.values())
    elif isinstance(type_, InputObject):
        yield from (item.type.named for item in type_.fields.values())


def _kind(type_: Any) -> str:
    return type_.kind if isinstance(type_, _Wrapped) else KINDS[type(type_)]


KINDS: Mapping[type, str] = {ObjectType: "OBJECT", InputObject: "INPUT_OBJECT", Enum: "ENUM", Scalar: "SCALAR"}


class _Shower:
    """Shows values of the schema as the selections ask; types once shown in full are kept for the next use."""

    def __init__(
        self, schema: RoleSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Variables
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._collected: dict[tuple[int, ...], tuple[Selected, ...]] = {}
        self._types: Mapping[str, Type] | None = None

    def show(self, kind: str, value: Any, selected: Selected, path: str) -> dict[str, Any]:
        fields = META_FIELDS[kind]
        shown: dict[str, Any] = {}
        for item in self._collect(selected, kind, path):
            at = f"{path}.selectionSet.{item.name}"
            if item.name == "__typename":
                shown[item.key] = kind
                continue
            if item.name not in fields:
                raise validation_failed(f"field '{item.name}' not found in type: '{kind}'", at)
            below, read = fields[item.name]
            shown[item.key] = self._shown(below, read(self, value), item, at)
        return shown

    def _shown(self, kind: str | None, value: Any, selected: Selected, path: str) -> Any:
        if kind is None or value is None:
            return value
        if isinstance(value, tuple | list):
            return [self.show(kind, item, selected, path) for item in value]
        return self.show(kind, value, selected, path)

    def _collect(self, selected: Selected, kind: str, path: str) -> tuple[Selected, ...]:
        # The nodes live as long as the document, which outlives this.
        key = tuple(id(node) for node in selected.below)
        if key not in self._collected:
            at = f"{path}.selectionSet"
            self._collected[key] = collect(selected.below, kind, self._fragments, self._variables, at)
        return self._collected[key]

    def types(self, _: RoleSchema) -> list[Type]:
        if self._types is None:
            self._types = all_types(self._schema)
        return list(self._types.values())

    def of(self, ref: Ref) -> Any:
        """The type of a use, wrapped as it is."""
        if ref.non_null:
            return _Wrapped("NON_NULL", self.of(Ref(ref.name, False, ref.item)))
        if ref.item is not None:
            return _Wrapped("LIST", self.of(ref.item))
        return META_BY_NAME.get(ref.name) or self._schema.type(ref.name)


Read = Callable[[_Shower, Any], Any]


def _fields(_: _Shower, type_: Any) -> list[Field] | None:
    return sorted(type_.fields.values(), key=lambda field: field.name) if isinstance(type_, ObjectType) else None


def _input_fields(_: _Shower, type_: Any) -> list[Input] | None:
    return sorted(type_.fields.values(), key=lambda field: field.name) if isinstance(type_, InputObject) else None


def _enum_values(_: _Shower, type_: Any) -> list[EnumValue] | None:
    return sorted(type_.values.values(), key=lambda value: value.name) if isinstance(type_, Enum) else None


def _arguments(_: _Shower, field: Any) -> list[Input]:
    args: Sequence[Input] = field.args if isinstance(field.args, tuple) else tuple(field.args.values())
    return sorted(args, key=lambda argument: argument.name)


META_FIELDS: Mapping[str, Mapping[str, tuple[str | None, Read]]] = {
    "__Schema": {
        "description": (None, lambda _, __: None),
        "types": ("__Type", _Shower.types),
        "queryType": ("__Type", lambda _, schema: schema.query),
        "mutationType": ("__Type", lambda _, schema: schema.mutation),
        "subscriptionType": ("__Type", lambda _, schema: schema.subscription),
        "directives": ("__Directive", lambda _, __: DIRECTIVES),
    },
    "__Type": {
        "kind": (None, lambda _, type_: _kind(type_)),
        "name": (None, lambda _, type_: None if isinstance(type_, _Wrapped) else type_.name),
        "description": (None, lambda _, type_: None if isinstance(type_, _Wrapped) else type_.description),
        "fields": ("__Field", _fields),
        "interfaces": (None, lambda _, type_: [] if isinstance(type_, ObjectType) else None),
        "possibleTypes": (None, lambda _, __: None),
        "enumValues": ("__EnumValue", _enum_values),
        "inputFields": ("__InputValue", _input_fields),
        "ofType": ("__Type", lambda _, type_: type_.inner if isinstance(type_, _Wrapped) else None),
        "specifiedByURL": (None, lambda _, __: None),
        "isOneOf": (None, lambda _, __: False),
    },
    "__Field": {
        "name": (None, lambda _, field: field.name),
        "description": (None, lambda _, field: field.description),
        "args": ("__InputValue", _arguments),
        "type": ("__Type", lambda shower, field: shower.of(field.type)),
        "isDeprecated": (None, lambda _, __: False),
        "deprecationReason": (None, lambda _, __: None),
    },
    "__InputValue": {
        "name": (None, lambda _, item: item.name),
        "description": (None, lambda _, item: item.description),
        "type": ("__Type", lambda shower, item: shower.of(item.type)),
        "defaultValue": (None, lambda _, item: item.default),
        "isDeprecated": (None, lambda _, __: False),
        "deprecationReason": (None, lambda _, __: None),
    },
    "__EnumValue": {
        "name": (None, lambda _, value: value.name),
        "description": (None, lambda _, value: value.description),
        "isDeprecated": (None, lambda _, __: False),
        "deprecationReason": (None, lambda _, __: None),
    },
    "__Directive": {
        "name": (None, lambda _, directive: directive.name),
        "description": (None, lambda _, directive: directive.description),
        "locations": (None, lambda _, directive: directive.locations),
        "args": ("__InputValue", _arguments),
        "isRepeatable": (None, lambda _, directive: directive.is_repeatable),
    },
}

_META_LISTS = frozenset(
    {"types", "directives", "fields", "args", "enumValues", "inputFields", "interfaces", "possibleTypes"}
)


def _meta_type(name: str) -> ObjectType:
    fields = {field: Field(field, _meta_ref(field, below), {}, None) for field, (below, _) in META_FIELDS[name].items()}
    return ObjectType(name, fields)


def _meta_ref(field: str, below: str | None) -> Ref:
    if field in _META_LISTS:
        return list_of(required(below or "__Type"))
    return Ref(below or ("Boolean" if field.startswith("is") else "String"))


META_TYPES = tuple(_meta_type(name) for name in META_FIELDS)
META_BY_NAME: Mapping[str, ObjectType] = {type_.name: type_ for type_ in META_TYPES}

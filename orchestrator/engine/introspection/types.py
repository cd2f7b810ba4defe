"""The types of introspection itself (`__Schema`, `__Type`, …), each field with how it is read off a role's schema.

https://spec.graphql.org/October2021/#sec-Schema-Introspection, and of later editions `isOneOf` and the deprecation of
arguments, input fields and directives, which tools ask for where they are offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DirectiveLocation, TypeKind

from orchestrator.engine.directives import DIRECTIVES
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
    fields_of,
    inputs_of,
    list_of,
    required,
)

# What a field shows of a value of its type: the binding of every field here.
Read = Callable[[RoleSchema, Any], Any]


@dataclass(frozen=True)
class Wrapped:
    """NON_NULL or LIST around a type."""

    kind: str
    inner: Wrapped | Type


def all_types(schema: RoleSchema) -> Mapping[str, Type]:
    """Every type that can be reached from the roots, by name, in alphabetical order."""
    found: dict[str, Type] = {}
    roots = [root for root in (schema.query, schema.mutation, schema.subscription) if root]
    waiting: list[Type] = [*roots, *META_TYPES.values(), *(schema.type(name) for name in ("Boolean", "String", "Int"))]
    while waiting:
        type_ = waiting.pop()
        if type_.name in found:
            continue
        found[type_.name] = type_
        waiting.extend(named(schema, name) for name in _named_in(type_) if name not in found)
    return dict(sorted(found.items()))


def _named_in(type_: Type) -> Iterator[str]:
    if isinstance(type_, ObjectType):
        for field in type_.fields.values():
            yield field.type.named
            yield from (argument.type.named for argument in field.args.values())
    elif isinstance(type_, InputObject):
        yield from (item.type.named for item in type_.fields.values())


def named(schema: RoleSchema, name: str) -> Type:
    return META_TYPES.get(name) or schema.type(name)


def wrapped(schema: RoleSchema, ref: Ref) -> Wrapped | Type:
    """The type of a use, wrapped as it is."""
    if ref.non_null:
        return Wrapped("NON_NULL", wrapped(schema, Ref(ref.name, False, ref.item)))
    if ref.item is not None:
        return Wrapped("LIST", wrapped(schema, ref.item))
    return named(schema, ref.name)


KINDS: Mapping[type, str] = {ObjectType: "OBJECT", InputObject: "INPUT_OBJECT", Enum: "ENUM", Scalar: "SCALAR"}


def _kind(_: RoleSchema, type_: Any) -> str:
    return type_.kind if isinstance(type_, Wrapped) else KINDS[type(type_)]


def _members(type_: type, attribute: str) -> Read:
    """What types of this kind are made of, in alphabetical order; null for the others."""

    def read(_: RoleSchema, value: Any) -> list[Any] | None:
        if not isinstance(value, type_):
            return None
        return [member for _, member in sorted(getattr(value, attribute).items())]

    return read


def _inner(_: RoleSchema, type_: Any) -> Any:
    return type_.inner if isinstance(type_, Wrapped) else None


def _arguments(_: RoleSchema, value: Any) -> list[Input]:
    return [argument for _, argument in sorted(value.args.items())]


def type_of(schema: RoleSchema, value: Any) -> Wrapped | Type:
    """What a field, an argument or an input field is of."""
    return wrapped(schema, value.type)


def _own(attribute: str) -> Read:
    """The attribute of this name; null where the value has none."""
    return lambda _, value: getattr(value, attribute, None)


def _always(constant: Any) -> Read:
    return lambda _, __: constant


INCLUDE_DEPRECATED = inputs_of(Input("includeDeprecated", Ref("Boolean"), default="false"))
# Nothing that the engine offers is deprecated.
DEPRECATION = (
    Field("isDeprecated", required("Boolean"), {}, _always(False)),
    Field("deprecationReason", Ref("String"), {}, _always(None)),
)
NAME = Field("name", required("String"), {}, _own("name"))
DESCRIPTION = Field("description", Ref("String"), {}, _own("description"))


def _many(item: str, *, non_null: bool = False) -> Ref:
    return list_of(required(item), non_null=non_null)


def _args() -> Field:
    return Field("args", _many("__InputValue", non_null=True), INCLUDE_DEPRECATED, _arguments)


SCHEMA = ObjectType(
    "__Schema",
    fields_of(
        Field("description", Ref("String"), {}, _always(None)),
        Field("types", _many("__Type", non_null=True), {}, lambda schema, _: list(all_types(schema).values())),
        Field("queryType", required("__Type"), {}, _own("query")),
        Field("mutationType", Ref("__Type"), {}, _own("mutation")),
        Field("subscriptionType", Ref("__Type"), {}, _own("subscription")),
        Field("directives", _many("__Directive", non_null=True), INCLUDE_DEPRECATED, _always(DIRECTIVES)),
    ),
)
TYPE = ObjectType(
    "__Type",
    fields_of(
        Field("kind", required("__TypeKind"), {}, _kind),
        Field("name", Ref("String"), {}, _own("name")),
        DESCRIPTION,
        Field("fields", _many("__Field"), INCLUDE_DEPRECATED, _members(ObjectType, "fields")),
        Field("interfaces", _many("__Type"), {}, lambda _, type_: [] if isinstance(type_, ObjectType) else None),
        Field("possibleTypes", _many("__Type"), {}, _always(None)),
        Field("enumValues", _many("__EnumValue"), INCLUDE_DEPRECATED, _members(Enum, "values")),
        Field("inputFields", _many("__InputValue"), INCLUDE_DEPRECATED, _members(InputObject, "fields")),
        Field("ofType", Ref("__Type"), {}, _inner),
        Field("specifiedByURL", Ref("String"), {}, _always(None)),
        Field("isOneOf", Ref("Boolean"), {}, lambda _, type_: False if isinstance(type_, InputObject) else None),
    ),
)
FIELD = ObjectType(
    "__Field",
    fields_of(NAME, DESCRIPTION, _args(), Field("type", required("__Type"), {}, type_of), *DEPRECATION),
)
INPUT_VALUE = ObjectType(
    "__InputValue",
    fields_of(
        NAME,
        DESCRIPTION,
        Field("type", required("__Type"), {}, type_of),
        Field("defaultValue", Ref("String"), {}, _own("default")),
        *DEPRECATION,
    ),
)
ENUM_VALUE = ObjectType("__EnumValue", fields_of(NAME, DESCRIPTION, *DEPRECATION))
DIRECTIVE = ObjectType(
    "__Directive",
    fields_of(
        NAME,
        DESCRIPTION,
        Field("isRepeatable", required("Boolean"), {}, _always(False)),
        Field("locations", _many("__DirectiveLocation", non_null=True), {}, _own("locations")),
        _args(),
        *DEPRECATION,
    ),
)


def _enum(name: str, values: Iterator[str]) -> Enum:
    return Enum(name, {value: EnumValue(value) for value in values})


META_TYPES: Mapping[str, Type] = {
    type_.name: type_
    for type_ in (
        SCHEMA,
        TYPE,
        FIELD,
        INPUT_VALUE,
        ENUM_VALUE,
        DIRECTIVE,
        _enum("__TypeKind", (kind.name for kind in TypeKind)),
        _enum("__DirectiveLocation", (location.name for location in DirectiveLocation)),
    )
}

"""Values as a request gives them: literals and variables in one form, each part knowing where it came from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NonNullTypeNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    TypeNode,
    ValueNode,
    VariableNode,
)

from orchestrator.engine.errors import validation_failed
from orchestrator.engine.scalars import Encode, exact_number, mismatch
from orchestrator.engine.schema.types import Enum, EnumValue, Input, InputObject, Ref, key_of
from orchestrator.engine.sql import Blend, Literal, Param, RequestVariable

Steps = tuple[str | int, ...]
GRAPHQL_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


@dataclass(frozen=True, slots=True)
class EnumName:
    name: str


@dataclass(frozen=True, slots=True)
class Declared:
    """A variable's declaration."""

    name: str
    type: Ref
    default: ValueNode | None


@dataclass(frozen=True, slots=True)
class Given:
    """A value; `steps` lead to it within the request's variables where it came from there, `declared` by which one."""

    value: Any
    steps: Steps | None = None
    declared: Declared | None = None

    @property
    def in_json(self) -> bool:
        return self.steps is not None


@dataclass(frozen=True)
class Variables:
    """`unset_is_null` says what a nullable variable without value or default is: null, or as if it weren't there."""

    declared: Mapping[str, Declared]
    values: Mapping[str, Any]
    unset_is_null: bool = True

    def find(self, name: str, path: str) -> Given | None:
        """The variable's value, or None where it counts as not being there."""
        declared = self.declared[name]
        if name in self.values:
            return Given(_wrapped(self.values[name], (name,)), (name,), declared)
        if declared.default is not None:
            found = given(declared.default, self, path)
            return Given(found.value, None, declared) if found else None
        return Given(None, None, declared) if self.unset_is_null else None


def type_ref(node: TypeNode) -> Ref:
    """The type that a variable's declaration names."""
    if isinstance(node, NonNullTypeNode):
        inner = type_ref(node.type)
        return Ref(inner.name, True, inner.item)
    if isinstance(node, ListTypeNode):
        return Ref("", False, type_ref(node.type))
    return Ref(node.name.value)  # type: ignore[attr-defined]


def _wrapped(value: Any, steps: Steps) -> Any:
    if isinstance(value, dict):
        return {key: Given(_wrapped(item, (*steps, key)), (*steps, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [Given(_wrapped(item, (*steps, index)), (*steps, index)) for index, item in enumerate(value)]
    return value


def given(node: ValueNode, variables: Variables, path: str) -> Given | None:
    """The value that the query's text gives; None where it is a variable without a value."""
    if isinstance(node, VariableNode):
        return variables.find(node.name.value, path)
    if isinstance(node, ObjectValueNode):
        fields = ((f.name.value, given(f.value, variables, f"{path}.{f.name.value}")) for f in node.fields)
        return Given({name: value for name, value in fields if value is not None})
    if isinstance(node, ListValueNode):
        items = (given(item, variables, f"{path}[{index}]") for index, item in enumerate(node.values))
        return Given([item for item in items if item is not None])
    return Given(_scalar(node))


def _scalar(node: ValueNode) -> Any:
    if isinstance(node, EnumValueNode):
        return EnumName(node.value)
    if isinstance(node, IntValueNode | FloatValueNode):
        return _number(node.value)
    if isinstance(node, StringValueNode | BooleanValueNode):
        return node.value
    if isinstance(node, NullValueNode):
        return None
    raise validation_failed("not a valid graphql query", "$.query")


def _number(text: str) -> Any:
    try:
        return exact_number(text)
    except ValueError as error:
        raise validation_failed("not a valid graphql query", "$.query") from error


def plain(value: Given) -> Any:
    """The value without its origins."""
    if isinstance(value.value, dict):
        return {key: plain(item) for key, item in value.value.items()}
    if isinstance(value.value, list):
        return [plain(item) for item in value.value]
    return value.value.name if isinstance(value.value, EnumName) else value.value


def check(value: Given, expected: Input, path: str) -> None:
    """Raises where a variable is used as something it isn't declared to be."""
    declared = value.declared
    if declared is None or _fits(declared, expected):
        return
    raise validation_failed(
        f"variable '{declared.name}' is declared as '{declared.type}', but used where '{expected.type}' is expected",
        path,
    )


def check_variable(node: ValueNode, variables: Variables, expected: Input, path: str) -> None:
    """Raises where the node is a variable that isn't declared to be what is expected, be it given a value or not."""
    if isinstance(node, VariableNode):
        check(Given(None, declared=variables.declared[node.name.value]), expected, path)


def _fits(declared: Declared, expected: Input) -> bool:
    """https://spec.graphql.org/June2018/#sec-All-Variable-Usages-are-Allowed, but only the outermost `!` counts."""
    has_default = declared.default is not None and not isinstance(declared.default, NullValueNode)
    may_be_null = not declared.type.non_null and not has_default
    if expected.type.non_null and expected.default is None and may_be_null:
        return False
    return _alike(declared.type, expected.type)


def _alike(one: Ref, other: Ref) -> bool:
    if one.item is None or other.item is None:
        return one.item is other.item and one.name == other.name
    return _alike(one.item, other.item)


def as_object(value: Given, type_: InputObject, path: str) -> Mapping[str, Given]:
    """The fields given, each of which the type has."""
    if not isinstance(value.value, dict):
        raise mismatch("an object", type_.name, value.value, path, in_json=value.in_json)
    found: dict[str, Given] = {}
    for name, item in value.value.items():
        key = key_of(type_.fields, name)
        if key is None:
            raise _unknown_field(value, type_, name, path)
        found[key] = item
    require(type_.fields, found, path)
    for key, item in found.items():
        check(item, type_.fields[key], f"{path}.{type_.fields[key].name}")
    return found


def _unknown_field(value: Given, type_: InputObject, name: str, path: str) -> Exception:
    if value.in_json and not GRAPHQL_NAME.fullmatch(name):
        legal = f'variable value contains object with key "{name}", which is not a legal GraphQL name'
        return validation_failed(legal, path)
    return validation_failed(f"field '{name}' not found in type: '{type_.name}'", f"{path}.{name}")


def require(inputs: Mapping[str, Input], found: Mapping[str, Any], path: str) -> None:
    """Raises for an input that must be given and isn't."""
    for key, item in inputs.items():
        if item.type.non_null and item.default is None and key not in found:
            raise validation_failed(f"missing required field '{item.name}'", f"{path}.{item.name}")


def as_list(value: Given, path: str) -> list[Given]:
    """The items; a single value counts as a list of one."""
    if value.value is None:
        raise validation_failed("expected a list, but found null", path)
    if isinstance(value.value, list):
        return value.value
    return [Given(value.value, value.steps)]


def as_enum(value: Given, type_: Enum, path: str) -> EnumValue:
    name = value.value.name if isinstance(value.value, EnumName) else value.value
    if not isinstance(name, str) or (isinstance(value.value, str) and value.steps is None):
        raise mismatch("an enum value", type_.name, value.value, path, in_json=value.in_json)
    if name not in type_.values:
        choices = ", ".join(f"'{choice}'" for choice in sorted(type_.values))
        one_of = f"one of the values [{choices}]" if len(type_.values) != 1 else f"the value {choices}"
        raise validation_failed(f"expected {one_of} for type '{type_.name}', but found '{name}'", path)
    return type_.values[name]


def as_boolean(value: Given, path: str) -> bool:
    if not isinstance(value.value, bool):
        raise mismatch("a boolean", "Boolean", value.value, path, in_json=value.in_json)
    return value.value


def as_text(value: Given, path: str) -> str:
    if not isinstance(value.value, str):
        raise mismatch("a string", "String", value.value, path, in_json=value.in_json)
    return value.value


def as_param(value: Given, encode: Encode, cast: str, path: str) -> Param:
    """The value as a parameter: a variable stays one, so that the plan serves other values too."""
    if value.steps is not None:
        return Param(RequestVariable(value.steps, encode, path), cast)
    if _has_variables(value):
        return Param(Blend(_blend(value, encode, path)), cast)
    return Param(Literal(encode(plain(value), path)), cast)


def _has_variables(value: Given) -> bool:
    if value.steps is not None:
        return True
    items: Any = value.value.values() if isinstance(value.value, dict) else value.value
    return isinstance(value.value, dict | list) and any(_has_variables(item) for item in items)


def _blend(value: Given, encode: Encode, path: str) -> Callable[[Any], str | None]:
    return lambda variables: encode(_filled(value, variables), path)


def _filled(value: Given, variables: Any) -> Any:
    if value.steps is not None:
        return at_steps(variables, value.steps)
    if isinstance(value.value, dict):
        return {key: _filled(item, variables) for key, item in value.value.items()}
    if isinstance(value.value, list):
        return [_filled(item, variables) for item in value.value]
    return plain(value)


def resolved(value: Given, variables: Any) -> Any:
    """The value with the request's variables filled in."""
    return _filled(value, variables)


def at_steps(variables: Any, steps: Steps) -> Any:
    """The part of the variables that the steps lead to; a single value counts as a list of one."""
    for step in steps:
        variables = variables[step]
    return variables

"""The directives a request may use: where each may stand, its arguments, and whether a selection is included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import DirectiveNode

from orchestrator.engine import given
from orchestrator.engine.errors import validation_failed
from orchestrator.engine.given import Given, Variables
from orchestrator.engine.scalars import encode_int
from orchestrator.engine.schema.types import Input, inputs_of, required


@dataclass(frozen=True)
class Directive:
    """`locations` are the specification's names; one that isn't `shown` is left out of introspection."""

    name: str
    description: str
    locations: tuple[str, ...]
    args: Mapping[str, Input]
    shown: bool = True


CONDITION = inputs_of(Input("if", required("Boolean")))
SELECTIONS = ("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT")
MULTIPLE_TOP_LEVEL_FIELDS: Final = "_multiple_top_level_fields"
ALL: Final = (
    Directive("include", "whether this query should be included", SELECTIONS, CONDITION),
    Directive("skip", "whether this query should be skipped", SELECTIONS, CONDITION),
    Directive(
        "cached",
        "whether this query should be cached (Hasura Cloud only)",
        ("QUERY",),
        inputs_of(
            Input("refresh", required("Boolean"), "refresh the cache entry", default="false"),
            Input("ttl", required("Int"), "measured in seconds", default="60"),
        ),
    ),
    Directive(MULTIPLE_TOP_LEVEL_FIELDS, "INTERNAL TESTING TOOL DO NOT USE", ("SUBSCRIPTION",), {}, shown=False),
)
DIRECTIVES: Final = tuple(directive for directive in ALL if directive.shown)
BY_NAME: Final[Mapping[str, Directive]] = {directive.name: directive for directive in ALL}
WORDS: Final[Mapping[str, str]] = {
    "QUERY": "a query",
    "MUTATION": "a mutation",
    "SUBSCRIPTION": "a subscription",
    "FIELD": "a field",
    "INLINE_FRAGMENT": "an inline fragment",
}


def is_included(nodes: Iterable[DirectiveNode], location: str, variables: Variables, path: str) -> bool:
    """Whether the directives of a selection let it take part; raises for those that can't stand there."""
    values = read(nodes, location, variables, path)
    skip = values.get("skip", {}).get("if", False)
    return bool(values.get("include", {}).get("if", True)) and not skip


def read(
    nodes: Iterable[DirectiveNode], location: str, variables: Variables, path: str
) -> Mapping[str, Mapping[str, bool | str]]:
    """The arguments of each directive; raises for unknown, misplaced and repeated ones."""
    found: dict[str, Mapping[str, bool | str]] = {}
    repeated: list[str] = []
    for node in nodes:
        name = node.name.value
        directive = BY_NAME.get(name)
        if directive is None:
            raise validation_failed(f"directive '{name}' is not defined in the schema", path)
        if location not in directive.locations:
            raise validation_failed(f"directive '{name}' is not allowed on {WORDS[location]}", path)
        if name in found:
            repeated.append(name)
        found[name] = _arguments(directive, node, variables, f"{path}.{name}")
    if repeated:
        names = ", ".join(f"'{name}'" for name in dict.fromkeys(repeated))
        raise validation_failed(f"the following directives are used more than once: [{names}]", path)
    return found


def _arguments(directive: Directive, node: DirectiveNode, variables: Variables, path: str) -> Mapping[str, bool | str]:
    values: dict[str, Given] = {}
    for argument in node.arguments or ():
        name = argument.name.value
        if name not in directive.args:
            raise validation_failed(f"'{directive.name}' has no argument named '{name}'", path)
        at = f"{path}.args.{name}"
        given.check_variable(argument.value, variables, directive.args[name], at)
        value = given.given(argument.value, variables, at)
        if value is not None:
            values[name] = value
    given.require(directive.args, values, f"{path}.args")
    return {name: _value(directive.args[name], value, f"{path}.args.{name}") for name, value in values.items()}


def _value(item: Input, value: Given, path: str) -> bool | str:
    if item.type.name == "Boolean":
        return given.as_boolean(value, path)
    return encode_int(value.value, path, in_json=value.in_json)

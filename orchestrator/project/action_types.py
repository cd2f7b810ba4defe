"""`actions.graphql`: the signatures of actions and their types, as the Hasura CLI reads and writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import StackError

if TYPE_CHECKING:
    from graphql.language import ast

ROOTS = {"Query": "query", "Mutation": "mutation"}
# The sections of custom_types in the CLI's order, and the word of GraphQL for each.
KINDS: Mapping[str, str] = {"enums": "enum", "input_objects": "input", "objects": "type", "scalars": "scalar"}
SECTIONS: Mapping[str, str] = {
    "enum_type_definition": "enums",
    "input_object_type_definition": "input_objects",
    "object_type_definition": "objects",
    "object_type_extension": "objects",
    "scalar_type_definition": "scalars",
}


@dataclass(frozen=True)
class Signatures:
    """What each action takes and returns, by its name, the types by their section, and the line each name is on."""

    actions: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, tuple[Mapping[str, Any], ...]]
    lines: Mapping[str, int] = field(repr=False)


def parse(text: str, name: Path) -> Signatures:
    """The signatures in `text`. Raises StackError, which calls the file `name`, for what is no GraphQL or no type."""
    # Loading graphql takes longer than everything else here, and most projects have no actions.
    from graphql.error import GraphQLSyntaxError
    from graphql.language import parse as parse_graphql

    if not text.strip():
        return Signatures({}, dict.fromkeys(KINDS, ()), {})
    try:
        document = parse_graphql(text)
    except GraphQLSyntaxError as error:
        line = error.locations[0].line if error.locations else 1
        raise StackError(f"{name}:{line} is not GraphQL: {error.message.removeprefix('Syntax Error: ')}") from error
    actions: dict[str, Mapping[str, Any]] = {}
    types: dict[str, list[Mapping[str, Any]]] = {section: [] for section in KINDS}
    lines: dict[str, int] = {}
    for definition in document.definitions:
        section = SECTIONS.get(definition.kind)
        if section is None:
            word = definition.kind.replace("_", " ")
            raise StackError(f"{name}:{_line(definition)}: actions know no {word}.", "Remove it.")
        found = _actions(definition) if _is_root(definition) else [_type(definition)]
        for each, node in found:
            if each["name"] in lines:
                raise StackError(f"{name}:{_line(node)}: {each['name']} is written twice.", "Remove one of the two.")
            lines[each["name"]] = _line(node)
            if _is_root(definition):
                actions[each["name"]] = each["definition"]
            else:
                types[section].append(each)
    return Signatures(actions, {section: tuple(found) for section, found in types.items()}, lines)


def _is_root(definition: Any) -> bool:
    return definition.kind.startswith("object_type") and definition.name.value in ROOTS


def _actions(definition: Any) -> list[tuple[Mapping[str, Any], ast.Node]]:
    return [(_action(each, ROOTS[definition.name.value]), each) for each in definition.fields or ()]


def _action(node: Any, kind: str) -> Mapping[str, Any]:
    arguments = [_field(each) for each in node.arguments or ()]
    return {
        "name": node.name.value,
        "definition": {"arguments": arguments, "output_type": _written(node.type), "type": kind},
    }


def _type(node: Any) -> tuple[Mapping[str, Any], ast.Node]:
    found = {"name": node.name.value, **_description(node)}
    if node.kind == "enum_type_definition":
        found["values"] = [{"value": each.name.value, **_description(each)} for each in node.values or ()]
    elif node.kind != "scalar_type_definition":
        found["fields"] = [_field(each) for each in node.fields or ()]
    return found, node


def _field(node: Any) -> Mapping[str, Any]:
    return {"name": node.name.value, "type": _written(node.type), **_description(node)}


def _description(node: Any) -> dict[str, Any]:
    return {"description": node.description.value.strip()} if node.description else {}


def _written(node: Any) -> str:
    from graphql.language import print_ast

    return print_ast(node)


def _line(node: Any) -> int:
    return int(node.loc.start_token.line) if node.loc else 1


def write(actions: Iterable[Mapping[str, Any]], custom_types: Mapping[str, Any]) -> str:
    """The text of `actions.graphql`: each action in a root type of its own, then the types, as the CLI has them."""
    types = [
        _type_text(KINDS[section], each)
        for section in sorted(custom_types, key=list(KINDS).index)
        for each in custom_types[section] or ()
    ]
    return "".join([*map(_action_text, actions), *types])


def _action_text(action: Mapping[str, Any]) -> str:
    definition = action["definition"]
    root = next(root for root, kind in ROOTS.items() if kind == (definition.get("type") or "mutation"))
    arguments = [f"    {_field_text(each)}\n" for each in definition.get("arguments") or ()]
    taken = f"(\n{''.join(arguments)}  )" if arguments else ""
    return f"type {root} {{\n  {action['name']}{taken}: {definition['output_type']}\n}}\n\n"


def _type_text(word: str, described: Mapping[str, Any]) -> str:
    head = f"{_description_text(described)}{word} {described['name']}"
    if word == "scalar":
        return f"{head}\n\n"
    if word == "enum":
        inside = [f"  {_description_text(each)}{each['value']}\n" for each in described.get("values") or ()]
    else:
        inside = [f"  {_field_text(each)}\n" for each in described.get("fields") or ()]
    return f"{head} {{\n{''.join(inside)}}}\n\n"


def _field_text(described: Mapping[str, Any]) -> str:
    return f"{_description_text(described)}{described['name']}: {described['type']}"


def _description_text(described: Mapping[str, Any]) -> str:
    text = described.get("description")
    return f'""" {text} """ ' if text else ""

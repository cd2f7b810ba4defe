"""The fields that a selection comes to, with fragments and directives resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
)

from orchestrator.engine.directives import is_included
from orchestrator.engine.errors import unexpected, validation_failed
from orchestrator.engine.given import Variables

MAX_FIELDS = 20_000


@dataclass(frozen=True, slots=True)
class Selected:
    """A field to answer under `key`; fields of one key are merged, so there may be several selections below."""

    key: str
    name: str
    arguments: Mapping[str, ValueNode]
    below: tuple[SelectionSetNode, ...]


class Budget:
    """How many more fields an operation may select: fragments within fragments multiply them without end."""

    def __init__(self, fields: int = MAX_FIELDS) -> None:
        self._left = fields

    def spend(self, fields: int, path: str) -> None:
        self._left -= fields
        if self._left < 0:
            raise validation_failed(f"the query selects more than {MAX_FIELDS} fields", path)


def collect(
    selections: tuple[SelectionSetNode, ...],
    type_name: str,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Variables,
    path: str,
) -> tuple[Selected, ...]:
    """The fields of these selections on the type, in order, with those of one response key merged."""
    merged: dict[str, Selected] = {}
    for node in _fields(selections, type_name, fragments, variables, path, set()):
        key = node.alias.value if node.alias else node.name.value
        arguments = {argument.name.value: argument.value for argument in node.arguments or ()}
        below = (node.selection_set,) if node.selection_set else ()
        known = merged.get(key)
        if known is None:
            merged[key] = Selected(key, node.name.value, arguments, below)
            continue
        if known.name != node.name.value:
            both = f"selection of both '{known.name}' and '{node.name.value}'"
            raise validation_failed(f"{both} specify the same response name, '{key}'", path)
        if known.arguments != arguments:
            words = "inconsistent arguments between multiple selections of field"
            raise validation_failed(f"{words} '{known.name}'", path)
        merged[key] = Selected(key, known.name, arguments, known.below + below)
    return tuple(merged.values())


def _fields(
    selections: tuple[SelectionSetNode, ...],
    type_name: str,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Variables,
    path: str,
    visited: set[str],
) -> Iterator[FieldNode]:
    for selection in selections:
        for node in selection.selections:
            if node.directives and not is_included(node.directives, _location(node), variables, path):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            below = _fragment_selection(node, type_name, fragments, visited)
            if below:
                yield from _fields((below,), type_name, fragments, variables, path, visited)


def _location(node: SelectionNode) -> str:
    # A spread counts as the fragment that stands for it.
    return "FIELD" if isinstance(node, FieldNode) else "INLINE_FRAGMENT"


def _fragment_selection(
    node: SelectionNode, type_name: str, fragments: Mapping[str, FragmentDefinitionNode], visited: set[str]
) -> SelectionSetNode | None:
    """What an inline fragment or a spread selects on the type, or None if it is for another type or known already."""
    if isinstance(node, InlineFragmentNode):
        condition = node.type_condition.name.value if node.type_condition else type_name
        return node.selection_set if condition == type_name else None
    if not isinstance(node, FragmentSpreadNode):
        raise unexpected("a selection of an unknown kind")
    name = node.name.value
    if name in visited:
        return None
    visited.add(name)
    fragment = fragments[name]
    return fragment.selection_set if fragment.type_condition.name.value == type_name else None

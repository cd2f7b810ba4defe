"""A GraphQL document: its operations and fragments, and the one operation that a request asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    parse,
)

from orchestrator.engine.errors import EngineError, parse_failed, validation_failed
from orchestrator.engine.given import Declared, type_ref

MAX_TOKENS = 100_000
# White space, commas and comments, then a brace.
SHORT: Final = re.compile(r"(?:[\s,\ufeff]|#[^\n\r]*)*\{")


@dataclass(frozen=True)
class Document:
    """`is_short` says that it begins with a query that is nothing but braces."""

    operations: tuple[OperationDefinitionNode, ...]
    fragments: tuple[FragmentDefinitionNode, ...]
    is_short: bool = False


@dataclass(frozen=True)
class Operation:
    """`used` are the variables that stand somewhere in the operation or in a fragment that it spreads."""

    kind: str
    name: str | None
    selection: SelectionSetNode
    directives: tuple[DirectiveNode, ...]
    declared: Mapping[str, Declared]
    used: frozenset[str]
    fragments: Mapping[str, FragmentDefinitionNode]


def parse_document(text: str) -> Document:
    """The document; raises Hasura's error where the text is none."""
    try:
        document = parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except (GraphQLSyntaxError, RecursionError, ValueError) as error:
        raise _not_valid() from error
    return _sorted_out(document, is_short=SHORT.match(text) is not None)


def _not_valid() -> EngineError:
    return validation_failed("not a valid graphql query", "$.query")


def _sorted_out(document: DocumentNode, *, is_short: bool) -> Document:
    operations: list[OperationDefinitionNode] = []
    fragments: list[FragmentDefinitionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations.append(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            fragments.append(definition)
        else:
            raise _not_valid()
        _require_selections(definition.selection_set)
    return Document(tuple(operations), tuple(fragments), is_short)


def _require_selections(selection: SelectionSetNode) -> None:
    """Refuses empty braces, which the parser lets pass."""
    if not selection.selections:
        raise _not_valid()
    for node in selection.selections:
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            _require_selections(node.selection_set)


def choose_operation(document: Document, name: str | None) -> Operation:
    """The operation of this name, or the only one, with its fragments and variables checked."""
    chosen = _only(document) if name is None else _named(document, name)
    fragments = _fragments(document)
    declared = {
        v.variable.name.value: Declared(v.variable.name.value, type_ref(v.type), v.default_value)
        for v in chosen.variable_definitions or ()
    }
    for node in chosen.variable_definitions or ():
        if [v.variable.name.value for v in chosen.variable_definitions or ()].count(node.variable.name.value) > 1:
            raise parse_failed(f'multiple definitions for variable "{node.variable.name.value}"')
    used = _Walk(fragments).variables_of(chosen)
    for variable in used:
        if variable not in declared:
            raise validation_failed(f'unbound variable "{variable}"')
    label = chosen.name.value if chosen.name else None
    return Operation(
        chosen.operation.value,
        label,
        chosen.selection_set,
        tuple(chosen.directives or ()),
        declared,
        frozenset(used),
        fragments,
    )


def _only(document: Document) -> OperationDefinitionNode:
    if len(document.operations) != 1:
        raise validation_failed(
            "exactly one operation has to be present in the document when operationName is not specified"
        )
    return document.operations[0]


def _named(document: Document, name: str) -> OperationDefinitionNode:
    if name == "" and len(document.operations) == 1:
        return document.operations[0]
    if document.is_short:
        raise validation_failed("operationName cannot be used when an anonymous operation exists in the document")
    for operation in document.operations:
        if operation.name and operation.name.value == name:
            return operation
    raise validation_failed(f'no such operation found in the document: "{name}"')


def _fragments(document: Document) -> Mapping[str, FragmentDefinitionNode]:
    found: dict[str, FragmentDefinitionNode] = {}
    for fragment in document.fragments:
        if fragment.name.value in found:
            raise parse_failed(f'multiple definitions for fragment "{fragment.name.value}"')
        found[fragment.name.value] = fragment
    return found


@dataclass
class _Walk:
    """Goes once through all that an operation selects; raises for spreads of nothing and for cycles."""

    fragments: Mapping[str, FragmentDefinitionNode]
    seen: set[str] = field(default_factory=set)

    def variables_of(self, operation: OperationDefinitionNode) -> dict[str, None]:
        """The names of the variables used, in order."""
        here = _in_directives(operation.directives)
        return dict.fromkeys((*here, *self.selections(operation.selection_set, "$.selectionSet", ())))

    def selections(self, selection: SelectionSetNode, path: str, open_fragments: tuple[str, ...]) -> Iterator[str]:
        for node in selection.selections:
            yield from _in_directives(node.directives)
            if isinstance(node, FragmentSpreadNode):
                yield from self.spread(node.name.value, path, open_fragments)
            elif isinstance(node, InlineFragmentNode):
                yield from self.selections(node.selection_set, path, open_fragments)
            elif isinstance(node, FieldNode):
                for argument in node.arguments or ():
                    yield from _in_value(argument.value)
                if node.selection_set:
                    below = f"{path}.{node.name.value}.selectionSet"
                    yield from self.selections(node.selection_set, below, open_fragments)

    def spread(self, name: str, path: str, open_fragments: tuple[str, ...]) -> Iterator[str]:
        if name in open_fragments:
            raise _cycle(open_fragments[open_fragments.index(name) :], path)
        if name not in self.fragments:
            raise validation_failed(f'reference to undefined fragment "{name}"', path)
        if name not in self.seen:
            below = f"{path}.{name}.selectionSet"
            yield from self.selections(self.fragments[name].selection_set, below, (*open_fragments, name))
            self.seen.add(name)


def _in_directives(directives: tuple[DirectiveNode, ...] | None) -> Iterator[str]:
    for directive in directives or ():
        for argument in directive.arguments or ():
            yield from _in_value(argument.value)


def _in_value(node: ValueNode) -> Iterator[str]:
    if isinstance(node, VariableNode):
        yield node.name.value
    elif isinstance(node, ListValueNode):
        for item in node.values:
            yield from _in_value(item)
    elif isinstance(node, ObjectValueNode):
        for entry in node.fields:
            yield from _in_value(entry.value)


def _cycle(names: tuple[str, ...], path: str) -> EngineError:
    return validation_failed(f"the fragment definition(s) {english_list(names)} form a cycle", path)


def english_list(names: tuple[str, ...]) -> str:
    """
    >>> english_list(("a", "b", "c"))
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

"""A parsed document: its operation, and the fields that a selection comes to with fragments and directives resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    parse,
)

from orchestrator.engine.errors import EngineError, unexpected, validation_failed
from orchestrator.engine.given import Declared, Variables, as_boolean, given, type_ref

MAX_TOKENS = 100_000
MAX_FIELDS = 20_000
DIRECTIVES = ("include", "skip")
MULTIPLE_TOP_LEVEL_FIELDS = "_multiple_top_level_fields"
KNOWN_DIRECTIVES = (*DIRECTIVES, "cached", MULTIPLE_TOP_LEVEL_FIELDS)


@dataclass(frozen=True, slots=True)
class Selected:
    """A field to answer under `key`; fields of one key are merged, so there may be several selections below."""

    key: str
    name: str
    arguments: Mapping[str, ValueNode]
    below: tuple[SelectionSetNode, ...]


@dataclass(frozen=True)
class Operation:
    kind: str
    name: str | None
    selection: SelectionSetNode
    declared: Mapping[str, Declared]
    fragments: Mapping[str, FragmentDefinitionNode]
    directives: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Document:
    operations: tuple[OperationDefinitionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]


def parse_document(text: str) -> Document:
    """The document; raises Hasura's error where the text is none."""
    try:
        document = parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except (GraphQLSyntaxError, RecursionError, ValueError) as error:
        raise _not_valid() from error
    return _sorted_out(document)


def _not_valid() -> EngineError:
    return validation_failed("not a valid graphql query", "$.query")


def _sorted_out(document: DocumentNode) -> Document:
    operations: list[OperationDefinitionNode] = []
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations.append(definition)
        elif isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
        else:
            raise _not_valid()
    return Document(tuple(operations), fragments)


def choose_operation(document: Document, name: str | None) -> Operation:
    """The operation of this name, or the only one."""
    if name is None or (name == "" and len(document.operations) == 1):
        if len(document.operations) != 1:
            raise validation_failed(
                "exactly one operation has to be present in the document when operationName is not specified"
                if document.operations
                else "no operation is present in the document"
            )
        chosen = document.operations[0]
    else:
        named = (operation for operation in document.operations if operation.name and operation.name.value == name)
        found = next(named, None)
        if found is None:
            raise validation_failed(f'no such operation found in the document: "{name}"')
        chosen = found
    _check_cycles(chosen, document.fragments)
    declared = {
        v.variable.name.value: Declared(v.variable.name.value, type_ref(v.type), v.default_value)
        for v in chosen.variable_definitions or ()
    }
    label = chosen.name.value if chosen.name else None
    directives = frozenset(directive.name.value for directive in chosen.directives or ())
    return Operation(chosen.operation.value, label, chosen.selection_set, declared, document.fragments, directives)


def _check_cycles(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
    seen: set[str] = set()

    def visit(selection: SelectionSetNode, path: str, open_fragments: tuple[str, ...]) -> None:
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in open_fragments:
                    raise _cycle(open_fragments[open_fragments.index(name) :], path)
                if name in fragments and name not in seen:
                    visit(fragments[name].selection_set, f"{path}.{name}.selectionSet", (*open_fragments, name))
                    seen.add(name)
            elif isinstance(node, InlineFragmentNode):
                visit(node.selection_set, path, open_fragments)
            elif isinstance(node, FieldNode) and node.selection_set:
                visit(node.selection_set, f"{path}.{node.name.value}.selectionSet", open_fragments)

    visit(operation.selection_set, "$.selectionSet", ())


def _cycle(names: tuple[str, ...], path: str) -> EngineError:
    return validation_failed(f"the fragment definition(s) {english_list(names)} form a cycle", path)


def english_list(names: tuple[str, ...]) -> str:
    """
    >>> english_list(("a", "b", "c"))
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


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
            raise _conflict(key, f"selection of both '{known.name}' and '{node.name.value}'", path)
        if known.arguments != arguments:
            raise _conflict(key, f"inconsistent arguments between multiple selections of field '{key}'", path)
        merged[key] = Selected(key, known.name, arguments, known.below + below)
    return tuple(merged.values())


def _conflict(key: str, words: str, path: str) -> EngineError:
    return validation_failed(
        words if words.startswith("inconsistent") else f"{words} specified under the same response name '{key}'", path
    )


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
            if not _is_included(node, variables, path):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            below = _fragment_selection(node, type_name, fragments, visited, path)
            if below:
                yield from _fields((below,), type_name, fragments, variables, path, visited)


def _fragment_selection(
    node: SelectionNode,
    type_name: str,
    fragments: Mapping[str, FragmentDefinitionNode],
    visited: set[str],
    path: str,
) -> SelectionSetNode | None:
    """What an inline fragment or a spread selects on the type, or None if it is for another type or known already."""
    if isinstance(node, InlineFragmentNode):
        condition = node.type_condition.name.value if node.type_condition else type_name
        return node.selection_set if condition == type_name else None
    if not isinstance(node, FragmentSpreadNode):
        raise unexpected("a selection of an unknown kind")
    name = node.name.value
    if name not in fragments:
        raise validation_failed(f"reference to undefined fragment '{name}'", path)
    if name in visited:
        return None
    visited.add(name)
    fragment = fragments[name]
    return fragment.selection_set if fragment.type_condition.name.value == type_name else None


def _is_included(node: SelectionNode, variables: Variables, path: str) -> bool:
    for directive in node.directives or ():
        name = directive.name.value
        if name not in KNOWN_DIRECTIVES:
            raise validation_failed(f"directive '{name}' is not defined in the schema", path)
        if name in DIRECTIVES and _condition(directive, variables, path) is (name == "skip"):
            return False
    return True


def _condition(directive: DirectiveNode, variables: Variables, path: str) -> bool:
    node = next((argument.value for argument in directive.arguments or () if argument.name.value == "if"), None)
    value = given(node, variables, path) if node is not None else None
    if value is None:
        raise validation_failed("missing required field 'if'", f"{path}.{directive.name.value}.if")
    return as_boolean(value, path)

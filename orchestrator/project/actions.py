"""Actions: `actions.yaml` (handlers, permissions) and `actions.graphql` (signatures, types) as one, and apart again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.project import action_types, text_file
from orchestrator.project.action_types import KINDS, Signatures
from orchestrator.project.yaml_tree import Json, Tree, shown

FILE = "actions.graphql"
# What actions.graphql says of an action; all else is in actions.yaml, these first and in this order.
SIGNATURE = ("arguments", "output_type", "type")
DEFINITION = (
    "kind",
    "handler",
    "forward_client_headers",
    "headers",
    "timeout",
    "request_transform",
    "response_transform",
)


def read(directory: Path, root: Path, tree: Tree) -> dict[str, Json]:
    """The members `actions` and `custom_types` of the metadata; `tree` is what `actions.yaml` holds.

    Raises StackError with file and line for a name that stands in one of the two files only.
    """
    file = directory / FILE
    name = shown(file, root)
    signatures = action_types.parse(text_file.read(file, name) if file.is_file() else "", name)
    return {"actions": _actions(tree, signatures, name), "custom_types": _types(tree, signatures, name)}


def _actions(tree: Tree, signatures: Signatures, name: Path) -> Json:
    found: list[Json] = []
    for index, action in enumerate(_list(tree.at(("actions",)))):
        place = tree.place(("actions", index))
        if not isinstance(action, dict) or not isinstance(action.get("name"), str):
            raise StackError(f"{place}: an action needs a `name`.")
        if not isinstance(action.get("definition"), dict):
            raise StackError(f"{place}: the action {action['name']} needs a `definition` with its handler.")
        if action["name"] not in signatures.actions:
            raise StackError(
                f"{place}: the action {action['name']} is not in {name}.", "Write there what it takes and returns."
            )
        found.append({**action, "definition": {**action["definition"], **signatures.actions[action["name"]]}})
    missing = set(signatures.actions) - {str(action["name"]) for action in found if isinstance(action, dict)}
    if missing:
        first = min(missing, key=lambda each: signatures.lines[each])
        raise StackError(
            f"{name}:{signatures.lines[first]}: the action {first} is not in actions.yaml.",
            "Write its definition with the handler there.",
        )
    return found


def _types(tree: Tree, signatures: Signatures, name: Path) -> Json:
    return {section: _section(tree, section, signatures, name) for section in KINDS}


def _section(tree: Tree, section: str, signatures: Signatures, name: Path) -> Json:
    written = {str(each["name"]): each for each in signatures.types[section]}
    more: dict[str, dict[str, Json]] = {}
    for index, entry in enumerate(_list(tree.at(("custom_types", section)))):
        place = tree.place(("custom_types", section, index))
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise StackError(f"{place}: a type needs a `name`.")
        if entry["name"] not in written:
            raise StackError(f"{place}: the type {entry['name']} is not in {name}.", "Write it there, or drop this.")
        more[str(entry["name"])] = entry
    return [_merged(each, more.get(type_name)) for type_name, each in written.items()]


def _merged(written: Mapping[str, Any], more: Mapping[str, Any] | None) -> Json:
    """The type with what actions.yaml adds; of an enum's values, that is all but which there are."""
    if more is None:
        return dict(written)
    known = {each["value"]: each for each in _list(more.get("values")) if isinstance(each, dict) and "value" in each}
    values = [{**known.get(each["value"], {}), **each} for each in _list(written.get("values"))]
    return {**written, **more, **({"values": values} if values else {})}


def files(actions: Any, custom_types: Any) -> tuple[str, Mapping[str, Any]]:
    """The text of `actions.graphql`, and what `actions.yaml` holds."""
    types = {section: _list((custom_types or {}).get(section)) for section in KINDS}
    apart = {section: [_without_fields(each) for each in found] for section, found in types.items()}
    handlers = [_without_signature(action) for action in actions or ()]
    return action_types.write(actions or (), types), {"actions": handlers, "custom_types": apart}


def _without_signature(action: Mapping[str, Any]) -> Mapping[str, Any]:
    definition = {"kind": "", **{key: each for key, each in action["definition"].items() if key not in SIGNATURE}}
    known = {key: definition[key] for key in DEFINITION if key in definition and definition[key] not in (False, 0)}
    rest = {key: each for key, each in definition.items() if key not in DEFINITION}
    ordered = {"name": action["name"], "definition": {**known, **rest}}
    return ordered | {key: action[key] for key in ("permissions", "comment") if action.get(key) is not None}


def _without_fields(described: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = ("name", "description", "values", "relationships")
    return {key: described[key] for key in kept if described.get(key) is not None}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""What is wrong with metadata in Hasura's eyes, told with the file and the line it is written on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import StackError
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.metadata import Metadata, as_list
from orchestrator.project.yaml_tree import Place, Steps

STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\['([^']*)'\]")
QUOTED = re.compile(r'"([^"]+)"')
# Where the objects that belong to no source are, by Hasura's word for their type.
SECTIONS = {
    "remote_schema": "remote_schemas",
    "action": "actions",
    "cron_trigger": "cron_triggers",
    "endpoint": "rest_endpoints",
}


@dataclass(frozen=True)
class Inconsistency:
    """An object that Hasura leaves out: which, why, and where it is written (or else what is nearest to it).

    `is_unserved` says that the embedded engine keeps it without acting on it.
    """

    kind: str
    name: str
    reason: str
    place: Place
    is_unserved: bool

    def __str__(self) -> str:
        return f"{self.place}: {' '.join((self.kind, self.name)).strip()}: {self.reason}"


def found(hasura: Hasura, metadata: Metadata) -> tuple[Inconsistency, ...]:
    """What is inconsistent in Hasura now; `metadata` is where to look for the places."""
    return answered(metadata, hasura.metadata("get_inconsistent_metadata"))


def refused(metadata: Metadata, error: HasuraError) -> StackError:
    """The error that tells a user why Hasura refused the metadata, and where each reason is written."""
    objects = answered(metadata, error.internal)
    if not objects:
        steps = _json_path(str(error.answer.get("path", "")))
        return StackError(f"{metadata.tree.place(steps)}: Hasura refused the metadata. {reason_of(error)}", error.hint)
    lines = sorted({f"  {each}" for each in objects})
    return StackError(
        "Hasura refused the metadata, and nothing of it was applied:\n" + "\n".join(lines),
        "Correct the files, or write a migration for what the database lacks.",
    )


def answered(metadata: Metadata, answer: Any) -> tuple[Inconsistency, ...]:
    """The same of what Hasura said on its own, such as the answer to `replace_metadata`."""
    objects = answer.get("inconsistent_objects", []) if isinstance(answer, Mapping) else answer
    return tuple(_located(metadata, each) for each in as_list(objects) if isinstance(each, Mapping))


def reason_of(error: HasuraError) -> str:
    """Hasura's reason, with PostgreSQL's own words where there are some."""
    internal = error.internal
    said = internal.get("error") if isinstance(internal, Mapping) else None
    words = said.get("message") if isinstance(said, Mapping) else said
    return f"{error.answer.get('error', error.message)}" + (f": {words}" if isinstance(words, str) else "")


def _located(metadata: Metadata, inconsistent: Mapping[str, Any]) -> Inconsistency:
    kind = str(inconsistent.get("type", "object")).replace("_", " ")
    reason = str(inconsistent.get("reason", "")).removeprefix("Inconsistent object: ")
    if message := inconsistent.get("message"):
        reason = f"{reason}: {message if isinstance(message, str) else message.get('message', message)}"
    name, steps = _find(metadata, inconsistent)
    place = metadata.tree.place(_named_inside(metadata, steps, reason))
    return Inconsistency(kind, name, reason, place, is_unserved=inconsistent.get("code") == "not-supported")


def _named_inside(metadata: Metadata, steps: Steps, reason: str) -> Steps:
    """The steps to what the reason quotes last, such as a column, where it stands inside the object at `steps`."""
    inside = [each for each in metadata.tree.places if each[: len(steps)] == steps and len(each) > len(steps)]
    for word in reversed(QUOTED.findall(reason)):
        for each in inside:
            if word in (each[-1], metadata.tree.at(each)):
                return each
    return steps


def _find(metadata: Metadata, inconsistent: Mapping[str, Any]) -> tuple[str, Steps]:
    """What an inconsistent object is called, and the steps to it in the document.

    Hasura tells it by `type`, `name` (`table public.users in source default`) and `definition`, which holds the table
    and then whichever of relationship, role, field or trigger is meant.
    """
    definition = inconsistent.get("definition")
    if not isinstance(definition, Mapping):
        definition = {"table": definition}
    for steps, table in _tables(metadata, definition.get("source")):
        if _same_table(table.get("table"), definition.get("table", definition)):
            name = _table_name(table.get("table"))
            inner = _inside_table(table, str(inconsistent.get("type", "table")), definition)
            own = definition.get("role") or definition.get("name")
            return (f"{own} of {name}" if inner and own else name), (*steps, *inner)
    for index, source in enumerate(metadata.sources):
        if source["name"] in (definition.get("name"), definition.get("source"), definition.get("table")):
            return str(source["name"]), ("sources", index)
    section = SECTIONS.get(str(inconsistent.get("type")), "")
    for index, entry in enumerate(as_list(metadata.document.get(section))):
        if isinstance(entry, dict) and entry.get("name") == definition.get("name"):
            return str(entry["name"]), (section, index)
    return str(inconsistent.get("name") or definition.get("name") or ""), ()


def _tables(metadata: Metadata, name: Any) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    """The tables of the source of that name, or of every source for None."""
    for index, source in enumerate(metadata.sources):
        if name not in (None, source["name"]):
            continue
        for number, table in enumerate(as_list(source.get("tables"))):
            if isinstance(table, dict):
                yield ("sources", index, "tables", number), table


def _inside_table(table: Mapping[str, Any], kind: str, definition: Mapping[str, Any]) -> Steps:
    """The steps from a table to the permission, relationship, computed field or trigger that is meant."""
    for section, entries in table.items():
        # Hasura's type object_relation stands in object_relationships, select_permission in select_permissions.
        if section == "table" or not section.startswith(kind):
            continue
        for index, entry in enumerate(as_list(entries)):
            if isinstance(entry, dict) and (
                entry.get("role", entry.get("name")) == definition.get("role", definition.get("name"))
            ):
                return (section, index)
    return ()


def _same_table(one: Any, other: Any) -> bool:
    return _table_name(one) == _table_name(other)


def _table_name(table: Any) -> str:
    """`public.users` for the forms `users` and `{"schema": "public", "name": "users"}`."""
    if isinstance(table, Mapping):
        return f"{table.get('schema', 'public')}.{table.get('name')}"
    return f"public.{table}"


def _json_path(path: str) -> Steps:
    """The steps of a path in Hasura's errors: `$.args.metadata.sources[0].tables[1]` → ("sources", 0, "tables", 1)."""
    steps = tuple(int(index) if index else name or quoted for name, index, quoted in STEP.findall(path))
    for around in ("args", "metadata"):
        steps = steps[1:] if steps[:1] == (around,) else steps
    return steps

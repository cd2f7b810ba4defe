"""Hasura's metadata: the `metadata/` folder as one document, and applying it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.project import yaml_tree
from orchestrator.project.hasura import Hasura, HasuraError
from orchestrator.project.yaml_tree import Json, Place, Steps, Tree, shown

# Each file of the folder, and the key of the document it fills; None spreads a mapping over the document itself.
FILES: Mapping[str, str | None] = {
    "version.yaml": None,
    "databases/databases.yaml": "sources",
    "remote_schemas.yaml": "remote_schemas",
    "query_collections.yaml": "query_collections",
    "allow_list.yaml": "allowlist",
    "actions.yaml": None,
    "cron_triggers.yaml": "cron_triggers",
    "rest_endpoints.yaml": "rest_endpoints",
    "api_limits.yaml": "api_limits",
    "graphql_schema_introspection.yaml": "graphql_schema_introspection",
    "inherited_roles.yaml": "inherited_roles",
    "network.yaml": "network",
    "metrics_config.yaml": "metrics_config",
    "opentelemetry.yaml": "opentelemetry",
    "backend_configs.yaml": "backend_configs",
}

STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\['([^']*)'\]")
QUOTED = re.compile(r'"([^"]+)"')


@dataclass(frozen=True)
class Metadata:
    """The document for `replace_metadata`, and where each part of it is written."""

    document: Mapping[str, Json]
    tree: Tree

    @property
    def sources(self) -> tuple[Mapping[str, Any], ...]:
        found = self.document.get("sources")
        return tuple(each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def read(directory: Path, root: Path) -> Metadata:
    """The metadata in the folder `directory` of the project at `root`.

    Raises StackError with file and line for what is not YAML, a missing include, or a file of the wrong shape.
    """
    if not (directory / "version.yaml").is_file():
        raise StackError(f"No version.yaml in {directory}.", "Write `version: 3`, or run `hasura metadata export`.")
    document: dict[str, Json] = {}
    places: dict[Steps, Place] = {}
    for name, key in FILES.items():
        if not (directory / name).is_file():
            continue
        tree = yaml_tree.read(directory / name, root)
        if tree.value is not None:
            document |= {key: tree.value} if key else _spread(tree)
        prefix = (key,) if key else ()
        places |= {(*prefix, *steps): place for steps, place in tree.places.items() if prefix or steps}
    places[()] = Place(shown(directory / "version.yaml", root), 1)
    metadata = Metadata(_without_empty({"sources": [], **document}), Tree(dict(document), places))
    _check(metadata)
    return metadata


def _spread(tree: Tree) -> dict[str, Json]:
    if not isinstance(tree.value, dict):
        raise StackError(f"{tree.place(())}: a mapping is expected here.")
    return tree.value


def _without_empty(document: Mapping[str, Json]) -> dict[str, Json]:
    """The document without the empty sections that the CLI writes a file for, and Hasura leaves out."""
    return {key: value for key, value in document.items() if key in {"version", "sources"} or not _is_empty(value)}


def _is_empty(value: Json) -> bool:
    return value in ([], {}) or (isinstance(value, dict) and all(each == [] for each in value.values()))


def _check(metadata: Metadata) -> None:
    place = metadata.tree.place
    if metadata.document.get("version") != 3:
        raise StackError(f"{place(('version',))}: the metadata must have `version: 3`.")
    if metadata.document.get("actions"):
        raise StackError(
            f"{place(('actions',))}: actions are not followed: their types stand in actions.graphql.",
            "Apply this project's metadata with `hasura metadata apply`.",
        )
    sources = metadata.document["sources"]
    if not isinstance(sources, list):
        raise StackError(f"{place(('sources',))}: a list of sources is expected here.")
    for index, source in enumerate(sources):
        if not isinstance(source, dict) or not isinstance(source.get("name"), str):
            raise StackError(f"{place(('sources', index))}: a source needs a `name`.")
        for number, table in enumerate(_list(source.get("tables"))):
            if not isinstance(table, dict) or "table" not in table:
                raise StackError(f"{place(('sources', index, 'tables', number))}: a table needs the key `table`.")


def ensure_sources(hasura: Hasura, metadata: Metadata) -> tuple[str, ...]:
    """Adds the sources that Hasura lacks, without their tables, so that migrations can run; returns their names."""
    known = {source["name"] for source in hasura.metadata("export_metadata").get("sources", [])}
    missing = [source for source in metadata.sources if source["name"] not in known]
    for source in missing:
        wanted = {key: source[key] for key in ("name", "configuration", "customization") if key in source}
        try:
            hasura.metadata(f"{_prefix(source)}_add_source", wanted)
        except HasuraError as error:
            place = metadata.tree.place(("sources", metadata.sources.index(source)))
            raise StackError(f"{place}: the source {source['name']} cannot be added. {_reason(error)}") from error
    return tuple(str(source["name"]) for source in missing)


def _prefix(source: Mapping[str, Any]) -> str:
    kind = str(source.get("kind", "postgres"))
    return "pg" if kind == "postgres" else kind


def apply(hasura: Hasura, metadata: Metadata) -> bool:
    """Replaces Hasura's metadata by ours, whole or not at all; False when it was the same and as good as it gets.

    Raises StackError that lists each inconsistent object: the object, its file and line, and Hasura's reason.
    """
    if hasura.metadata("export_metadata") == metadata.document and not _is_wrong(hasura):
        return False
    args = {"allow_inconsistent_metadata": False, "metadata": metadata.document}
    try:
        hasura.metadata("replace_metadata", args, version=2)
    except HasuraError as error:
        raise refused(metadata, error) from error
    return True


def without_effect(hasura: Hasura) -> tuple[str, ...]:
    """What the embedded engine keeps of the metadata without acting on it, such as `event_trigger x in table y`."""
    found = _inconsistent(hasura.metadata("get_inconsistent_metadata"))
    return tuple(str(each["name"]) for each in found if _is_unserved(each))


def _is_wrong(hasura: Hasura) -> bool:
    answer = hasura.metadata("get_inconsistent_metadata")
    found = _inconsistent(answer)
    return not answer["is_consistent"] and not (found and all(map(_is_unserved, found)))


def _is_unserved(inconsistent: Mapping[str, Any]) -> bool:
    return inconsistent.get("code") == "not-supported"


def refused(metadata: Metadata, error: HasuraError) -> StackError:
    """The error that tells a user why Hasura refused the metadata, and where each reason is written."""
    objects = [each for each in _inconsistent(error.internal) if isinstance(each, Mapping)]
    if not objects:
        steps = _json_path(str(error.answer.get("path", "")))
        return StackError(f"{metadata.tree.place(steps)}: Hasura refused the metadata. {_reason(error)}", error.hint)
    lines = sorted({f"  {_located(metadata, each)}" for each in objects})
    return StackError(
        "Hasura refused the metadata, and nothing of it was applied:\n" + "\n".join(lines),
        "Correct the files, or write a migration for what the database lacks.",
    )


def _inconsistent(internal: Any) -> list[Any]:
    if isinstance(internal, Mapping):
        internal = internal.get("inconsistent_objects", [])
    return internal if isinstance(internal, list) else []


def _reason(error: HasuraError) -> str:
    """Hasura's reason, with PostgreSQL's own words where there are some."""
    internal = error.internal
    said = internal.get("error") if isinstance(internal, Mapping) else None
    words = said.get("message") if isinstance(said, Mapping) else said
    return f"{error.answer.get('error', error.message)}" + (f": {words}" if isinstance(words, str) else "")


def _located(metadata: Metadata, inconsistent: Mapping[str, Any]) -> str:
    kind = str(inconsistent.get("type", "object")).replace("_", " ")
    reason = str(inconsistent.get("reason", "")).removeprefix("Inconsistent object: ")
    if message := inconsistent.get("message"):
        reason = f"{reason}: {message if isinstance(message, str) else message.get('message', message)}"
    name, steps = _find(metadata, inconsistent)
    place = metadata.tree.place(_named_inside(metadata, steps, reason))
    return f"{place}: {' '.join((kind, name)).strip()}: {reason}"


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
    return str(inconsistent.get("name") or definition.get("name") or ""), ()


def _tables(metadata: Metadata, name: Any) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    """The tables of the source of that name, or of every source for None."""
    for index, source in enumerate(metadata.sources):
        if name not in (None, source["name"]):
            continue
        for number, table in enumerate(_list(source.get("tables"))):
            if isinstance(table, dict):
                yield ("sources", index, "tables", number), table


def _inside_table(table: Mapping[str, Any], kind: str, definition: Mapping[str, Any]) -> Steps:
    """The steps from a table to the permission, relationship, computed field or trigger that is meant."""
    for section, entries in table.items():
        # Hasura's type object_relation stands in object_relationships, select_permission in select_permissions.
        if section == "table" or not section.startswith(kind):
            continue
        for index, entry in enumerate(_list(entries)):
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


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""Hasura's metadata: the `metadata/` folder read as one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import StackError
from orchestrator.project import actions, yaml_tree
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
        if name == "actions.yaml":
            document |= actions.read(directory, root, tree)
        elif tree.value is not None:
            document |= {key: tree.value} if key else _spread(tree)
        prefix = (key,) if key else ()
        places |= {(*prefix, *steps): place for steps, place in tree.places.items() if prefix or steps}
    places[()] = Place(shown(directory / "version.yaml", root), 1)
    metadata = Metadata(_without_empty({"sources": [], **document}), Tree(dict(document), places))
    _check(metadata)
    return metadata


def nowhere(directory: Path) -> Metadata:
    """Metadata that says nothing, and whose only place is the folder's `version.yaml`."""
    return Metadata({}, Tree({}, {(): Place(directory / "version.yaml", 1)}))


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
    sources = metadata.document["sources"]
    if not isinstance(sources, list):
        raise StackError(f"{place(('sources',))}: a list of sources is expected here.")
    for index, source in enumerate(sources):
        if not isinstance(source, dict) or not isinstance(source.get("name"), str):
            raise StackError(f"{place(('sources', index))}: a source needs a `name`.")
        for number, table in enumerate(as_list(source.get("tables"))):
            if not isinstance(table, dict) or "table" not in table:
                raise StackError(f"{place(('sources', index, 'tables', number))}: a table needs the key `table`.")


def as_list(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []

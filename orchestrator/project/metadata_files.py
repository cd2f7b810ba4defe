"""Metadata as the files that `hasura metadata export` writes, byte for byte: either tool leaves no difference."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import StackError
from orchestrator.project.metadata import FILES

# What the CLI writes for a section that the document lacks.
NOTHING: Mapping[str, object] = {
    "query_collections": [],
    "allowlist": [],
    "remote_schemas": [],
    "cron_triggers": [],
    "rest_endpoints": [],
    "inherited_roles": [],
    "graphql_schema_introspection": {"disabled_for_roles": []},
}
NO_ACTIONS = {"actions": [], "custom_types": {"enums": [], "input_objects": [], "objects": [], "scalars": []}}
# Words that YAML 1.1 reads as truths, and go-yaml therefore quotes although it would not read them so.
OLD_TRUTHS = re.compile(r"[yYnN]|yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF")


def files(document: Mapping[str, Any]) -> dict[Path, str]:
    """The files of the metadata folder for what `export_metadata` answered, by their path in it.

    Raises StackError for actions, whose types the CLI writes as GraphQL.
    """
    if document.get("actions") or any((document.get("custom_types") or {}).values()):
        raise StackError("Actions cannot be exported here.", "Use `hasura metadata export`.")
    written = {
        Path(name): _yaml(document.get(key, NOTHING.get(key, {})))
        for name, key in FILES.items()
        if key and key != "sources"
    }
    sources = document.get("sources", [])
    tables = [file for source in sources for file in _source_files(source).items()]
    return {
        Path("version.yaml"): _yaml({"version": document.get("version", 3)}),
        Path("actions.graphql"): "",
        Path("actions.yaml"): _yaml(NO_ACTIONS),
        **written,
        Path("databases/databases.yaml"): _yaml([_source(source) for source in sources]),
        **dict(tables),
    }


def write(directory: Path, document: Mapping[str, Any]) -> tuple[Path, ...]:
    """Writes the files that differ into the metadata folder; returns them."""
    changed = []
    for name, text in files(document).items():
        file = directory / name
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        changed.append(file)
    return tuple(changed)


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """The source with `!include` in place of its tables and functions, which the CLI writes last."""
    plain = {key: value for key, value in source.items() if key not in {"tables", "functions"}}
    plain["tables"] = f"!include {source['name']}/tables/tables.yaml"
    if source.get("functions"):
        plain["functions"] = f"!include {source['name']}/functions/functions.yaml"
    return plain


def _source_files(source: Mapping[str, Any]) -> dict[Path, str]:
    folder = Path("databases", source["name"])
    tables = {_name(table["table"]): table for table in source.get("tables", [])}
    functions = {_name(function["function"]): function for function in source.get("functions", [])}
    return _included(folder / "tables", tables) | (_included(folder / "functions", functions) if functions else {})


def _included(folder: Path, entries: Mapping[str, Any]) -> dict[Path, str]:
    """A file an entry, and the one named after the folder that includes them."""
    listing = _yaml([f"!include {name}" for name in entries])
    return {folder / f"{folder.name}.yaml": listing} | {folder / name: _yaml(entry) for name, entry in entries.items()}


def _name(entity: Any) -> str:
    if isinstance(entity, Mapping):
        return f"{entity.get('schema', 'public')}_{entity['name']}.yaml"
    return f"public_{entity}.yaml"


class _Dumper(yaml.SafeDumper):
    """Writes as go-yaml does with an indent of 2: lists in mappings are indented, lines are not folded."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(text: str) -> str | None:
    if "\n" in text:
        return "|"
    read_as = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    resolved = {tag.rpartition(":")[2] for tag, pattern in read_as if pattern.match(text)}
    means_something_else = resolved - {"yaml", "value"} or OLD_TRUTHS.fullmatch(text)
    return '"' if means_something_else or text.startswith("!include ") else None


_Dumper.add_representer(str, _Dumper.text)


def _yaml(value: Any) -> str:
    dumped: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    return dumped

"""Metadata as the files that `hasura metadata export` writes, byte for byte: either tool leaves no difference."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from orchestrator.project import actions, yaml_nodes
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
# The order in which the CLI writes the keys of these; those of everything else stay as Hasura sends them.
SOURCE = (
    "name", "kind", "configuration", "query_tags", "customization", "health_check", "logical_models", "native_queries"
)  # fmt: skip
REMOTE_SCHEMA = ("name", "definition", "comment", "permissions", "remote_relationships")
PRINTED_FIRST = {"schema_definition": 0, "schema_extension": 1, "directive_definition": 2}
# Words that YAML 1.1 reads as truths, and go-yaml therefore quotes although it would not read them so.
OLD_TRUTHS = re.compile(r"[yYnN]|yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF")

# Characters that break a line beside the newline, and are lost unless they are escaped.
OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")


def files(document: Mapping[str, Any]) -> dict[Path, str]:
    """The files of the metadata folder for what `export_metadata` answered, by their path in it."""
    written = {
        Path(name): _yaml(_section(key, document.get(key, NOTHING.get(key, {}))))
        for name, key in FILES.items()
        if key and key != "sources"
    }
    sources = document.get("sources", [])
    tables = [file for source in sources for file in _source_files(source).items()]
    signatures, handlers = actions.files(document.get("actions"), document.get("custom_types"))
    return {
        Path("version.yaml"): _yaml({"version": document.get("version", 3)}),
        Path(actions.FILE): signatures,
        Path("actions.yaml"): _yaml(handlers),
        **written,
        Path("databases/databases.yaml"): _yaml([_source(source) for source in sources]),
        **dict(tables),
    }


def _section(key: str, value: Any) -> Any:
    return [_remote_schema(each) for each in value] if key == "remote_schemas" else value


def _remote_schema(remote: Mapping[str, Any]) -> Mapping[str, Any]:
    """The remote schema as the CLI writes it: its keys in a fixed order, the schema of each role printed anew."""
    permissions = [
        {**each, "definition": {**each["definition"], "schema": _printed(str(each["definition"].get("schema", "")))}}
        for each in remote.get("permissions") or ()
    ]
    return in_order({**remote, **({"permissions": permissions} if permissions else {})}, REMOTE_SCHEMA)


def _printed(schema: str) -> str:
    """A role's schema with one line a field and no blank lines; what is no GraphQL stays as it is."""
    # Loading graphql takes longer than writing all files, and few projects have remote schemas.
    from graphql.error import GraphQLSyntaxError
    from graphql.language import parse, print_ast

    try:
        definitions = parse(schema).definitions
    except GraphQLSyntaxError:
        return schema
    ranked = sorted(definitions, key=lambda each: PRINTED_FIRST.get(each.kind, len(PRINTED_FIRST)))
    return "".join(f"{print_ast(each)}\n" for each in ranked)


def in_order(value: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The mapping with these keys first, as far as it has them, and then the rest."""
    return {key: value[key] for key in keys if key in value} | dict(value)


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    """The source with `!include` in place of its tables and functions, which the CLI writes last."""
    plain = in_order({key: value for key, value in source.items() if key not in {"tables", "functions"}}, SOURCE)
    plain["tables"] = f"!include {source['name']}/tables/tables.yaml"
    if source.get("functions"):
        plain["functions"] = f"!include {source['name']}/functions/functions.yaml"
    return plain


def _source_files(source: Mapping[str, Any]) -> dict[Path, str]:
    folder = Path("databases", source["name"])
    tables = _included(folder / "tables", "table", source.get("tables", []))
    functions = source.get("functions", [])
    return tables | (_included(folder / "functions", "function", functions) if functions else {})


def _included(folder: Path, key: str, entries: Sequence[Mapping[str, Any]]) -> dict[Path, str]:
    """A file an entry, and the one named after the folder that includes them."""
    named: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        named[_free_name(_name(entry[key]), named)] = entry
    listing = _yaml([f"!include {name}.yaml" for name in named])
    written = {folder / f"{name}.yaml": _yaml(entry) for name, entry in named.items()}
    return {folder / f"{folder.name}.yaml": listing} | written


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    """The name, numbered where another has it: `a_b.c` and `a.b_c` are both called `a_b_c`."""
    names = itertools.chain((name,), (f"{name}_{number}" for number in itertools.count(2)))
    return next(each for each in names if each not in taken)


def _name(entity: Any) -> str:
    if isinstance(entity, Mapping):
        return f"{entity.get('schema', entity.get('dataset', 'public'))}_{entity['name']}"
    return "_".join(map(str, entity)) if isinstance(entity, list) else f"public_{entity}"


class _Dumper(yaml.SafeDumper):
    """Writes as go-yaml does with an indent of 2: lists in mappings are indented, lines are not folded."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=_style(value))


def _style(text: str) -> str | None:
    if OTHER_BREAKS.search(text):
        return '"'
    if "\n" in text:
        return "|"
    read_as = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    resolved = {tag.rpartition(":")[2] for tag, pattern in read_as if pattern.match(text)}
    means_something_else = resolved - {"yaml", "value"} or OLD_TRUTHS.fullmatch(text) or not yaml_nodes.is_text(text)
    return '"' if means_something_else or text.startswith("!include ") or "\t" in text else None


_Dumper.add_representer(str, _Dumper.text)


def _yaml(value: Any) -> str:
    dumped: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    return dumped


def text(document: Mapping[str, Any]) -> str:
    """The whole document as one YAML text."""
    return _yaml(document)

"""Renaming a source, its tables and columns in the relationships that lead to it from any source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.metadata.model import Metadata, Source, Table, named_entries
from orchestrator.engine.metadata.renaming import table_named

FIELD = "remote_relationships"
Mapped = Mapping[str, Any]


@dataclass(frozen=True)
class Renames:
    """What is called otherwise in `source`; tables and their columns stand under the tables' old names."""

    source: str
    new_source: str | None = None
    tables: Mapping[QualifiedName, QualifiedName] = field(default_factory=dict)
    columns: Mapping[QualifiedName, Mapping[str, str]] = field(default_factory=dict)

    def column(self, table: QualifiedName, name: str) -> str:
        return self.columns.get(table, {}).get(name, name)


def rename_remote(metadata: Metadata, renames: Renames) -> Metadata:
    """The metadata with the renames followed wherever a relationship leads into the source.

    The tables of the source itself are called by their new names already.
    """
    old_name = {new: old for old, new in renames.tables.items()}

    def in_table(source: Source, table: Table) -> Table:
        entries = named_entries(table.rest, FIELD)
        if not entries:
            return table
        here = old_name.get(table.name, table.name) if source.name == renames.source else None
        return replace(table, rest={**table.rest, FIELD: [in_entry(entry, here, renames) for entry in entries]})

    def in_source(source: Source) -> Source:
        return replace(source, tables={name: in_table(source, table) for name, table in source.tables.items()})

    return replace(metadata, sources={name: in_source(source) for name, source in metadata.sources.items()})


def in_entry(entry: Mapped, here: QualifiedName | None, renames: Renames) -> Mapped:
    """The entry of a table, which is called `here` if it is of the source with the renames."""
    match entry:
        case {"definition": {"to_source": {"source": str(source), "field_mapping": dict(mapping)} as target}}:
            pass
        case _:
            return entry
    near = keep if here is None else (lambda name: renames.column(here, name))
    changed = {**target, "field_mapping": {near(key): far for key, far in mapping.items()}}
    if source == renames.source:
        changed = in_target(changed, renames)
    return {**entry, "definition": {**entry["definition"], "to_source": changed}}


def in_target(target: Mapped, renames: Renames) -> dict[str, Any]:
    table = table_named(target.get("table"))
    new = renames.tables.get(table)
    mapping = target["field_mapping"]
    return {
        **target,
        "source": renames.new_source or renames.source,
        **({"table": {"schema": new.schema, "name": new.name}} if new else {}),
        "field_mapping": {near: renames.column(table, far) for near, far in mapping.items()},
    }


keep: Callable[[str], str] = str

"""suggest_relationships: the relationships that the foreign keys of a source offer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.engine.catalog import Catalog, ForeignKey, QualifiedName, TableInfo
from orchestrator.engine.commands.command import Call, Result, source_of
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Source
from orchestrator.engine.metadata.reader import read_name
from orchestrator.engine.metadata.writer import write_name
from orchestrator.engine.tracked import relationships


@dataclass(frozen=True)
class End:
    """One end of a relationship; `constraint` names the key on the side that has it."""

    table: QualifiedName
    columns: tuple[str, ...]
    constraint: str | None = None

    def as_json(self) -> dict[str, Any]:
        named = {} if self.constraint is None else {"constraint_name": self.constraint}
        return {"table": write_name(self.table), "columns": list(self.columns), **named}


@dataclass(frozen=True)
class Suggestion:
    kind: str
    start: End
    end: End

    def as_json(self) -> dict[str, Any]:
        return {"type": self.kind, "from": self.start.as_json(), "to": self.end.as_json()}

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset(zip(self.start.columns, self.end.columns, strict=True))


def suggest_relationships(call: Call) -> Result:
    """Of the tables that the arguments name, or all tracked ones; `omit_tracked` leaves out what is tracked already."""
    source = source_of(call)
    catalog = call.databases.catalogs.get(source.name)
    named = call.args.optional("tables", lambda value: frozenset(read_name(item) for item in value.items()), None)
    wanted = frozenset(source.tables) if named is None else named & frozenset(source.tables)
    found = [] if catalog is None else list(suggestions(catalog, wanted))
    if call.args.optional("omit_tracked", JsonValue.boolean, False) and catalog is not None:
        known = {key for table in source.tables for key in tracked(source, table, catalog)}
        found = [each for each in found if (each.start.table, each.end.table, each.pairs) not in known]
    return Result(call.metadata, {"relationships": [each.as_json() for each in found]})


def suggestions(catalog: Catalog, tables: frozenset[QualifiedName]) -> Iterator[Suggestion]:
    for name in sorted(tables):
        info = catalog.tables.get(name)
        for key in info.foreign_keys if info else ():
            if info is not None and key.target in tables:
                yield from along(info, key)


def along(info: TableInfo, key: ForeignKey) -> Iterator[Suggestion]:
    """The relationship along the key, and the one back: to one row where the key's columns are unique."""
    here, there = End(info.name, key.columns, key.name), End(key.target, key.target_columns)
    yield Suggestion("object", here, there)
    yield Suggestion("object" if is_unique(info, key.columns) else "array", there, here)


def is_unique(info: TableInfo, columns: tuple[str, ...]) -> bool:
    keys = (*info.unique, *((info.primary_key,) if info.primary_key else ()))
    return any(set(key.columns) == set(columns) for key in keys)


def tracked(
    source: Source, name: QualifiedName, catalog: Catalog
) -> Iterator[tuple[QualifiedName, QualifiedName, frozenset[tuple[str, str]]]]:
    for found in relationships(source.tables[name], catalog):
        yield name, found.join.table, frozenset(found.join.columns)

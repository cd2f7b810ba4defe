"""Root fields that more than one table or function would have to have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from orchestrator.engine.consistency.inconsistency import Databases, ObjectId
from orchestrator.engine.errors import EngineError, unexpected
from orchestrator.engine.metadata.model import Metadata, Source
from orchestrator.engine.tracked import TrackedFunction, TrackedSource, TrackedTable, track

MUTATION: Final = "mutation_root"
QUERY: Final = "query_root"

# Last first, as Hasura lists them.
WRITES: Final = {
    "delete_by_pk": "deletable",
    "delete": "deletable",
    "update_many": "updatable",
    "update_by_pk": "updatable",
    "update": "updatable",
    "insert_one": "insertable",
    "insert": "insertable",
}
READS: Final = ("select_aggregate", "select_by_pk", "select")
BY_KEY: Final = ("delete_by_pk", "update_by_pk", "select_by_pk")


def conflict(metadata: Metadata, databases: Databases) -> EngineError | None:
    """The error of a schema where two root fields have one name; None where all differ."""
    # Under a namespace nothing conflicts.
    tracked = [
        (source, track(source, databases.catalogs[source.name], {}))
        for source in metadata.sources.values()
        if source.name in databases.catalogs and not source.customization.namespace
    ]
    for root in (MUTATION, QUERY):
        owners: dict[str, list[str]] = {}
        for source, found in tracked:
            for name, owner in root_fields(source, found, root):
                owners.setdefault(name, []).append(owner)
        twice = {name: several for name, several in owners.items() if len(several) > 1}
        if twice:
            return unexpected(words(root, twice), "$.args")
    return None


def words(root: str, owners: Mapping[str, list[str]]) -> str:
    fields = ",\n".join(f"  '{name}' defined in [{', '.join(sorted(found))}]" for name, found in owners.items())
    return (
        f"Encountered conflicting definitions in the selection set for '{root}' for fields: [\n{fields}\n]. "
        "Fields must not be defined more than once across all sources."
    )


def root_fields(source: Source, tracked: TrackedSource, root: str) -> Iterator[tuple[str, str]]:
    """The root fields of a source with the name of the object each belongs to."""
    for name, table in tracked.tables.items():
        for field in writes(table) if root == MUTATION else reads(table):
            yield field, ObjectId(source.name, name).name
    for name, function in tracked.functions.items():
        if root == (MUTATION if is_mutation(function) else QUERY):
            field = function.meta.configuration.custom_name or name.name
            yield source.customization.root_field(field), ObjectId(source.name, name, is_function=True).name


def writes(table: TrackedTable) -> Iterator[str]:
    allowed = (kind for kind, right in WRITES.items() if getattr(table.info, right))
    return named(table, allowed)


def reads(table: TrackedTable) -> Iterator[str]:
    return named(table, READS)


def named(table: TrackedTable, kinds: Iterable[str]) -> Iterator[str]:
    for kind in kinds:
        if table.info.primary_key is not None or kind not in BY_KEY:
            yield table.root_field(kind)


def is_mutation(function: TrackedFunction) -> bool:
    exposed = function.meta.configuration.exposed_as
    return exposed == "mutation" if exposed else function.info.volatility == "v"

"""The metadata after SQL changed a source's database: renames are followed, what is gone is dropped.

Tables are known by oid and columns by position, so a rename is told from a drop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.engine.catalog import Catalog, TableInfo
from orchestrator.engine.consistency.check import without_dependents
from orchestrator.engine.consistency.inconsistency import Databases, Inconsistency, ObjectId, drop_object
from orchestrator.engine.consistency.refused_changes import pairs, refuse
from orchestrator.engine.metadata.model import Metadata, Source
from orchestrator.engine.metadata.remote_renaming import Renames, rename_remote
from orchestrator.engine.metadata.renaming import rename_column, rename_table
from orchestrator.engine.tracked import TrackedSource, track


@dataclass(frozen=True)
class SchemaChange:
    """What SQL did to the database of `source`: its catalog before, and all databases after."""

    source: str
    before: Catalog
    after: Databases


def follow(
    metadata: Metadata, change: SchemaChange, inconsistent: tuple[Inconsistency, ...], *, cascade: bool
) -> Metadata:
    """The metadata that fits the database after the change.

    Raises dependency-error for what depends on something gone, unless `cascade` drops it.
    """
    source = metadata.sources[change.source]
    after = change.after.catalogs[change.source]
    refuse(source, change.before, after)
    followed = without_gone_functions(renamed(source, change.before, after), change.before, after)
    followed = without_gone_columns(followed, after)
    metadata = rename_remote(metadata.with_source(followed), renames_of(source.name, change.before, after))
    for name in followed.tables:
        if name not in after.tables and name in change.before.tables:
            metadata = drop_object(metadata, ObjectId(source.name, name))
    return without_dependents(metadata, inconsistent, change.after, cascade=cascade)


def renamed(source: Source, before: Catalog, after: Catalog) -> Source:
    """The source with every rename followed: columns while the tables have their old names, then tables."""
    tracked = track(source, before, {})
    for old, new in pairs(before, after):
        if old.name in source.tables:
            source = columns_renamed(source, tracked, old, new)
    for old, new in pairs(before, after):
        if old.name in source.tables and old.name != new.name:
            source = rename_table(source, old.name, new.name)
    return source


def renames_of(source: str, before: Catalog, after: Catalog) -> Renames:
    both = list(pairs(before, after))
    return Renames(
        source,
        tables={old.name: new.name for old, new in both if old.name != new.name},
        columns={old.name: found for old, new in both if (found := new_column_names(old, new))},
    )


def new_column_names(old: TableInfo, new: TableInfo) -> dict[str, str]:
    by_position = {column.position: column.name for column in new.columns}
    named = ((column.name, by_position.get(column.position, column.name)) for column in old.columns)
    return {name: now for name, now in named if name != now}


def columns_renamed(source: Source, tracked: TrackedSource, old: TableInfo, new: TableInfo) -> Source:
    for name, now in new_column_names(old, new).items():
        source = rename_column(source, tracked, old.name, name, now)
    return source


def without_gone_functions(source: Source, before: Catalog, after: Catalog) -> Source:
    """The source without the functions that are gone, and without the computed fields they gave."""
    gone = before.functions.keys() - after.functions.keys()
    functions = {name: function for name, function in source.functions.items() if name not in gone}
    tables = {
        table.name: replace(
            table,
            computed_fields={
                name: computed for name, computed in table.computed_fields.items() if computed.function not in gone
            },
        )
        for table in source.tables.values()
    }
    return replace(source, functions=functions, tables=tables)


def without_gone_columns(source: Source, after: Catalog) -> Source:
    """The source without the custom names of columns that are gone."""
    for name, table in source.tables.items():
        config = table.configuration.column_config
        known = after.tables[name].column if name in after.tables else config
        left = {column: entry for column, entry in config.items() if column in known}
        if len(left) < len(config):
            configuration = replace(table.configuration, column_config=left)
            source = source.with_table(replace(table, configuration=configuration))
    return source

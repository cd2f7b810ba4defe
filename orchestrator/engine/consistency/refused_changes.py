"""Changes of a database that its metadata can't follow, in Hasura's words."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.engine.catalog import Catalog, FunctionInfo, QualifiedName, TableInfo
from orchestrator.engine.consistency.function_checks import VOLATILE
from orchestrator.engine.errors import EngineError, not_supported
from orchestrator.engine.metadata.literals import dependents_on_type
from orchestrator.engine.metadata.model import Source, Table
from orchestrator.engine.tracked import track

ARGS = "$.args"


def refuse(source: Source, before: Catalog, after: Catalog) -> None:
    """Raises the error of the first change that can't be followed."""
    for old, new in pairs(before, after):
        table = source.tables.get(old.name)
        if table is not None:
            refuse_new_types(source, before, old, new)
            refuse_new_columns(table, old, new)
    refuse_functions(source, before, after)
    for table in source.tables.values():
        refuse_computed_fields(table, before, after)


def pairs(before: Catalog, after: Catalog) -> Iterator[tuple[TableInfo, TableInfo]]:
    """The tables that are in both, as they were and as they are."""
    by_oid = {info.oid: info for info in after.tables.values()}
    for info in before.tables.values():
        if info.oid in by_oid:
            yield info, by_oid[info.oid]


def refuse_new_types(source: Source, before: Catalog, old: TableInfo, new: TableInfo) -> None:
    """A permission's own value for a column is of the column's type."""
    types = {column.position: column.type for column in new.columns}
    for column in old.columns:
        if types.get(column.position, column.type) == column.type:
            continue
        found = dependents_on_type(track(source, before, {}), (old.name, column.name))
        names = ", ".join(sorted(each.dependent_name for each in found))
        if names:
            raise EngineError(
                "dependency-error",
                f'cannot change type of column "{column.name}" in table "{old.name}" '
                f"because of the following dependencies: {names}",
                ARGS,
            )


def refuse_new_columns(table: Table, old: TableInfo, new: TableInfo) -> None:
    known = {column.position for column in old.columns}
    for column in new.columns:
        if column.position not in known and column.name in table.relationships:
            raise EngineError(
                "already-exists",
                f'cannot add column "{column.name}" in table "{table.name}" '
                "as a relationship with the name already exists",
                ARGS,
            )


def refuse_functions(source: Source, before: Catalog, after: Catalog) -> None:
    overloaded = [str(name) for name in source.functions if is_overloaded(name, before, after)]
    if overloaded:
        listed = ", ".join(overloaded)
        raise not_supported(f"the following tracked function(s) cannot be overloaded: {listed}", ARGS)
    for name in source.functions:
        if is_made_volatile(name, before, after):
            message = f'type of function "{name}" is altered to "VOLATILE" which is not supported now'
            raise not_supported(message, ARGS)


def refuse_computed_fields(table: Table, before: Catalog, after: Catalog) -> None:
    for computed in table.computed_fields.values():
        if is_overloaded(computed.function, before, after):
            # The missing space is Hasura's.
            raise not_supported(
                f'The function "{computed.function}" associated with computed field"{computed.name}" '
                f'of table "{table.name}" is being overloaded',
                ARGS,
            )
        if is_made_volatile(computed.function, before, after):
            raise not_supported(
                f'The type of function "{computed.function}" associated with computed field "{computed.name}" '
                f'of table "{table.name}" is being altered to "VOLATILE"',
                ARGS,
            )


def is_overloaded(name: QualifiedName, before: Catalog, after: Catalog) -> bool:
    return len(before.functions.get(name, ())) == 1 and len(after.functions.get(name, ())) > 1


def is_made_volatile(name: QualifiedName, before: Catalog, after: Catalog) -> bool:
    """Whether the one function of that name was altered so; one that is made anew is another function."""
    old, new = only(before, name), only(after, name)
    return bool(old and new and old.oid == new.oid and old.volatility != new.volatility == VOLATILE)


def only(catalog: Catalog, name: QualifiedName) -> FunctionInfo | None:
    found = catalog.functions.get(name, ())
    return found[0] if len(found) == 1 else None

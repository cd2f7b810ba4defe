"""Which parts of the metadata the databases don't bear out: a missing table, column, foreign key and the like.

Found in three rounds, each on what the last left: tables, then what hangs on them, then permissions. So an object whose
support is itself inconsistent is reported, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.engine.catalog import Catalog, QualifiedName, TableInfo
from orchestrator.engine.consistency.function_checks import computed_field_reason, tracking_reason
from orchestrator.engine.consistency.inconsistency import (
    Databases,
    Failure,
    Inconsistency,
    ObjectId,
    consistent,
    dependents,
    drop_object,
    problem,
)
from orchestrator.engine.consistency.whole_checks import inherited_role_problems, remote_relationship_problems, unserved
from orchestrator.engine.enums import EnumValues, enum_problems
from orchestrator.engine.errors import EngineError
from orchestrator.engine.expressions import condition, permission_value
from orchestrator.engine.metadata.model import (
    PERMISSION_FIELDS,
    AllColumns,
    Columns,
    ComputedField,
    ForeignKey,
    InsertPermission,
    Manual,
    Metadata,
    ObjectRelationship,
    Permission,
    Relationship,
    SelectPermission,
    Source,
    Table,
    UpdatePermission,
)
from orchestrator.engine.metadata.writer import (
    write_computed_definition,
    write_name,
    write_permission,
    write_using,
)
from orchestrator.engine.tracked import TrackedSource, track


def inconsistencies(metadata: Metadata, databases: Databases) -> tuple[Inconsistency, ...]:
    """What the databases don't bear out, in the order in which it is found."""
    found: tuple[Inconsistency, ...] = ()
    for step in (source_problems, table_problems, field_problems, permission_problems):
        sound = consistent(metadata, found)
        found += tuple(problem for source in sound.sources.values() for problem in step(source, databases))
    for step_of_all in (remote_relationship_problems, inherited_role_problems, unserved):
        found += tuple(step_of_all(consistent(metadata, found), databases))
    return found


def without_dependents(
    metadata: Metadata, before: tuple[Inconsistency, ...], databases: Databases, *, cascade: bool
) -> Metadata:
    """The metadata without what was sound before and isn't any more.

    Raises dependency-error for that, unless `cascade` drops it.
    """
    while gone := dependents(before, inconsistencies(metadata, databases)):
        if not cascade:
            names = ", ".join(sorted(found.object.dependent_name for found in gone))
            raise EngineError(
                "dependency-error", f"cannot drop due to the following dependent objects: {names}", "$.args"
            )
        for found in gone:
            metadata = drop_object(metadata, found.object)
    return metadata


def source_problems(source: Source, databases: Databases) -> Iterator[Inconsistency]:
    if source.name not in databases.catalogs:
        failure = databases.failures.get(source.name, Failure("connection error"))
        yield problem(ObjectId(source.name), failure.reason, source.name, failure.message)


def table_problems(source: Source, databases: Databases) -> Iterator[Inconsistency]:
    catalog = databases.catalogs[source.name]
    enums = databases.enums.get(source.name, {})
    for name, table in source.tables.items():
        reason = table_reason(table, catalog.tables.get(name), enums.get(name))
        if reason is not None:
            yield problem(ObjectId(source.name, name), reason, {"schema": name.schema, "name": name.name})
    for name, function in source.functions.items():
        reason = tracking_reason(function, catalog.functions.get(name, ()))
        if reason is not None:
            yield problem(ObjectId(source.name, name, is_function=True), reason, write_name(name))


def table_reason(table: Table, info: TableInfo | None, values: EnumValues | None) -> str | None:
    if info is None:
        return f'no such table/view exists in source: "{table.name}"'
    unknown = [column for column in table.configuration.column_config if column not in info.column]
    if unknown:
        named = custom_name(table, unknown[0])
        return f'the custom field name "{named}" was given for the column "{unknown[0]}", but no such column exists'
    return shared_name(table, info) or (enum_problems(info, values) if table.is_enum else None)


def shared_name(table: Table, info: TableInfo) -> str | None:
    """Why two columns can't have one name in GraphQL."""
    owners: dict[str, list[str]] = {}
    for column in info.column:
        name = custom_name(table, column) if column in table.configuration.column_config else column
        owners.setdefault(name, []).append(column)
    for name, columns in owners.items():
        if len(columns) > 1:
            listed = ", ".join(f'"{column}"' for column in columns)
            return f'the field name "{name}" is given to more than one column: {listed}'
    return None


def custom_name(table: Table, column: str) -> str:
    return table.configuration.column_config[column].custom_name or column


def field_problems(source: Source, databases: Databases) -> Iterator[Inconsistency]:
    catalog = databases.catalogs[source.name]
    for table in source.tables.values():
        for kind, relationships in (
            ("object_relationships", table.object_relationships),
            ("array_relationships", table.array_relationships),
        ):
            for name, relationship in relationships.items():
                reason = relationship_reason(source, table, relationship, catalog)
                if reason is not None:
                    found = ObjectId(source.name, table.name, kind, name)
                    yield problem(found, reason, relationship_definition(source, table, relationship))
        for name, computed in table.computed_fields.items():
            reason = computed_reason(source, table, computed, catalog)
            if reason is not None:
                found = ObjectId(source.name, table.name, "computed_fields", name)
                yield problem(found, reason, computed_field_definition(source, table, computed))


def relationship_reason(source: Source, table: Table, relationship: Relationship, catalog: Catalog) -> str | None:
    info = catalog.tables[table.name]
    where = f'in table "{table.name}": in relationship "{relationship.name}": '
    if relationship.name in info.column:
        return "field definition conflicts with postgres column"
    for column, config in table.configuration.column_config.items():
        if config.custom_name == relationship.name:
            return f'field definition conflicts with custom field name for postgres column "{column}"'
    if isinstance(relationship.using, Manual):
        return manual_reason(source, info, relationship.using, catalog)
    found = target(source, table, relationship.using, catalog)
    if isinstance(found, str):
        return where + found
    return None if found in source.tables else f'table "{found}" is not tracked'


def target(source: Source, table: Table, using: ForeignKey, catalog: Catalog) -> QualifiedName | str:
    """The table at the relationship's other end, or why there is none."""
    owner = using.remote_table or table.name
    if owner not in source.tables:
        return f'table "{owner}" does not exist in source: {source.name}'
    keys = [
        key
        for key in catalog.tables[owner].foreign_keys
        if set(key.columns) == set(using.columns) and (using.remote_table is None or key.target == table.name)
    ]
    if not keys:
        return "no foreign constraint exists on the given column(s)"
    if len(keys) > 1:
        return "more than one foreign key constraint exists on the given column(s)"
    return using.remote_table or keys[0].target


def manual_reason(source: Source, info: TableInfo, using: Manual, catalog: Catalog) -> str | None:
    if using.remote_table not in source.tables:
        return f'table "{using.remote_table}" is not tracked'
    remote = catalog.tables[using.remote_table]
    for local, far in using.column_mapping.items():
        for side, column in ((info, local), (remote, far)):
            if column not in side.column:
                return f'table "{side.name}" has no field named "{column}"'
    return None


def relationship_definition(source: Source, table: Table, relationship: Relationship) -> dict[str, Any]:
    return {
        "using": write_using(relationship.using),
        "name": relationship.name,
        "source": source.name,
        "comment": relationship.comment,
        "table": write_name(table.name),
    }


def computed_reason(source: Source, table: Table, computed: ComputedField, catalog: Catalog) -> str | None:
    if computed.name in catalog.tables[table.name].column:
        return "field definition conflicts with postgres column"
    overloads = catalog.functions.get(computed.function, ())
    return computed_field_reason(computed, table.name, overloads, lambda name: name in source.tables)


def computed_field_definition(source: Source, table: Table, computed: ComputedField) -> dict[str, Any]:
    return {
        "definition": write_computed_definition(computed),
        "name": computed.name,
        "source": source.name,
        "comment": computed.comment,
        "table": write_name(table.name),
    }


def permission_problems(source: Source, databases: Databases) -> Iterator[Inconsistency]:
    catalog = databases.catalogs[source.name]
    tracked = track(source, catalog, databases.enums.get(source.name, {}))
    for table in source.tables.values():
        for name in PERMISSION_FIELDS.values():
            for role, permission in table.entries(name).items():
                reason = permission_reason(tracked, table, role, permission)
                if reason is not None:
                    found = ObjectId(source.name, table.name, name, role)
                    where = f'in table "{table.name}": in permission for role "{role}": '
                    yield problem(found, where + reason, permission_definition(source, table, role, permission))


def permission_reason(tracked: TrackedSource, table: Table, role: str, permission: Permission) -> str | None:
    found = tracked.tables[table.name]
    for column in (*named_columns(permission), *presets(permission)):
        if column not in found.info.column:
            return f'column "{column}" does not exist'
    for name in permission.computed_fields if isinstance(permission, SelectPermission) else ():
        if name not in table.computed_fields:
            return f'computed field "{name}" does not exist'
        rows = tracked.catalog.functions[table.computed_fields[name].function][0].returns_table
        if rows is not None:
            where = f'the permissions on its returning table "{rows}" and cannot be specified manually'
            return f'select permissions on computed field "{name}" are auto-derived from {where}'  # noqa: S608 - a sentence
    roots = root_fields_reason(found.info, role, permission) if isinstance(permission, SelectPermission) else None
    if roots is not None:
        return roots
    try:
        for expression in expressions(permission):
            condition(expression, tracked, found, permission_value)
    except EngineError as error:
        return error.message
    return None


def root_fields_reason(info: TableInfo, role: str, permission: SelectPermission) -> str | None:
    """Why a root field that the permission lists can't be had by the role."""
    listed = {*(permission.query_root_fields or ()), *(permission.subscription_root_fields or ())}
    where = "cannot be included in the query_root_fields or subscription_root_fields"
    if "select_aggregate" in listed and not permission.allow_aggregations:
        return f'The "select_aggregate" root field {where} unless "allow_aggregations" is set to true'
    key = info.primary_key.columns if info.primary_key else ()
    readable = key if isinstance(permission.columns, AllColumns) else permission.columns
    if "select_by_pk" in listed and (not key or not set(key) <= set(readable)):
        owner = f'the role "{role}" does not have access to the primary key of the table "{info.name}"'
        return f'The "select_by_pk" field {where} because {owner}'
    return None


def named_columns(permission: Permission) -> tuple[str, ...]:
    columns: Columns | None = getattr(permission, "columns", None)
    return () if columns is None or isinstance(columns, AllColumns) else columns


def presets(permission: Permission) -> tuple[str, ...]:
    return tuple(permission.set) if isinstance(permission, (InsertPermission, UpdatePermission)) else ()


def expressions(permission: Permission) -> tuple[Any, ...]:
    """The boolean expressions of a permission."""
    found = (getattr(permission, name, None) for name in ("filter", "check"))
    return tuple(expression for expression in found if expression is not None)


def permission_definition(source: Source, table: Table, role: str, permission: Permission) -> dict[str, Any]:
    written = write_permission(permission)
    if isinstance(permission, SelectPermission):
        written = {"allow_aggregations": False, "computed_fields": [], **written}
    return {
        "role": role,
        "source": source.name,
        "comment": permission.comment,
        "permission": written,
        "table": write_name(table.name),
    }


def relationship_field(relationship: Relationship) -> str:
    return "object_relationships" if isinstance(relationship, ObjectRelationship) else "array_relationships"

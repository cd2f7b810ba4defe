"""Metadata to JSON, with the keys, their order and the left-out defaults of Hasura's own export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.metadata.model import (
    AllColumns,
    Columns,
    ComputedField,
    Customization,
    DeletePermission,
    ForeignKey,
    Function,
    FunctionConfiguration,
    InsertPermission,
    Metadata,
    Permission,
    Relationship,
    RootField,
    SelectPermission,
    Source,
    Table,
    TableConfiguration,
    UpdatePermission,
    Using,
)

Document = dict[str, Any]
Key = TypeVar("Key", str, QualifiedName)
Entry = TypeVar("Entry")


def write_metadata(metadata: Metadata) -> Document:
    """The document that `export_metadata` answers with."""
    return {
        "version": metadata.version,
        "sources": in_order(metadata.sources, write_source),
        **metadata.rest,
        **present("inherited_roles", write_inherited_roles(metadata.inherited_roles)),
    }


def present(key: str, value: Any) -> Document:
    """The member, left out where it is empty, null or false."""
    return {key: value} if value else {}


def in_order(entries: Mapping[Key, Entry], write: Callable[[Entry], Document]) -> list[Document]:
    return [write(entries[key]) for key in ordered(entries)]


def ordered(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys)


def write_inherited_roles(roles: Mapping[str, tuple[str, ...]]) -> list[Document]:
    return [{"role_name": name, "role_set": list(roles[name])} for name in ordered(roles)]


def write_source(source: Source) -> Document:
    return {
        "name": source.name,
        "kind": source.kind,
        "tables": in_order(source.tables, write_table),
        **present("functions", in_order(source.functions, write_function)),
        **source.rest,
        "configuration": source.configuration,
        **present("customization", write_customization(source.customization)),
    }


def write_customization(customization: Customization) -> Document:
    roots, types = customization.root_fields, customization.type_names
    root_fields = {
        **present("namespace", customization.namespace),
        **present("prefix", roots.prefix),
        **present("suffix", roots.suffix),
    }
    type_names = {**present("prefix", types.prefix), **present("suffix", types.suffix)}
    return {
        **present("root_fields", root_fields),
        **present("type_names", type_names),
        **present("naming_convention", customization.naming_convention),
    }


def write_name(name: QualifiedName) -> Document:
    return {"name": name.name, "schema": name.schema}


def write_table(table: Table) -> Document:
    return {
        "table": write_name(table.name),
        **present("is_enum", table.is_enum),
        **present("configuration", write_table_configuration(table.configuration)),
        **present("object_relationships", in_order(table.object_relationships, write_relationship)),
        **present("array_relationships", in_order(table.array_relationships, write_relationship)),
        **present("computed_fields", in_order(table.computed_fields, write_computed_field)),
        **present("remote_relationships", table.rest.get("remote_relationships")),
        **present("insert_permissions", write_permissions(table.insert_permissions)),
        **present("select_permissions", write_permissions(table.select_permissions)),
        **present("update_permissions", write_permissions(table.update_permissions)),
        **present("delete_permissions", write_permissions(table.delete_permissions)),
        **present("event_triggers", table.rest.get("event_triggers")),
        **present("apollo_federation_config", table.rest.get("apollo_federation_config")),
    }


def write_table_configuration(configuration: TableConfiguration) -> Document:
    columns = configuration.column_config
    column_config = {
        column: {
            **present("custom_name", config.custom_name),
            **({} if config.comment is None else {"comment": config.comment}),
        }
        for column, config in columns.items()
    }
    names = {column: config.custom_name for column, config in columns.items() if config.custom_name}
    roots = {key: write_root_field(root) for key, root in configuration.custom_root_fields.items()}
    return {
        **present("column_config", column_config),
        **({} if configuration.comment is None else {"comment": configuration.comment}),
        **present("custom_column_names", names),
        **present("custom_name", configuration.custom_name),
        **present("custom_root_fields", roots),
    }


def write_root_field(root: RootField) -> str | Document | None:
    return root.name if root.comment is None else {"name": root.name, "comment": root.comment}


def write_relationship(relationship: Relationship) -> Document:
    return {
        "name": relationship.name,
        "using": write_using(relationship.using),
        **present("comment", relationship.comment),
    }


def write_using(using: Using) -> Document:
    if isinstance(using, ForeignKey):
        return {"foreign_key_constraint_on": write_foreign_key(using)}
    return {
        "manual_configuration": {
            "column_mapping": dict(using.column_mapping),
            "insertion_order": using.insertion_order,
            "remote_table": write_name(using.remote_table),
        }
    }


def write_foreign_key(key: ForeignKey) -> str | list[str] | Document:
    if key.remote_table is None:
        return key.columns[0] if len(key.columns) == 1 else list(key.columns)
    columns = {"column": key.columns[0]} if len(key.columns) == 1 else {"columns": list(key.columns)}
    return {**columns, "table": write_name(key.remote_table)}


def write_computed_field(computed: ComputedField) -> Document:
    return {
        "name": computed.name,
        "definition": write_computed_definition(computed),
        **present("comment", computed.comment),
    }


def write_computed_definition(computed: ComputedField) -> Document:
    return {
        "function": write_name(computed.function),
        **present("session_argument", computed.session_argument),
        **present("table_argument", computed.table_argument),
    }


def write_permissions(permissions: Mapping[str, Permission]) -> list[Document]:
    return [
        {
            "role": role,
            "permission": write_permission(permissions[role]),
            **present("comment", permissions[role].comment),
        }
        for role in ordered(permissions)
    ]


def write_permission(permission: Permission) -> Document:
    return WRITERS[type(permission)](permission)


def write_columns(columns: Columns) -> str | list[str]:
    return columns.value if isinstance(columns, AllColumns) else list(columns)


def write_select_permission(permission: SelectPermission) -> Document:
    roots = {
        "query_root_fields": permission.query_root_fields,
        "subscription_root_fields": permission.subscription_root_fields,
    }
    return {
        "columns": write_columns(permission.columns),
        **present("computed_fields", list(permission.computed_fields)),
        "filter": permission.filter,
        **({} if permission.limit is None else {"limit": permission.limit}),
        **present("allow_aggregations", permission.allow_aggregations),
        **{key: list(allowed) for key, allowed in roots.items() if allowed is not None},
    }


def write_insert_permission(permission: InsertPermission) -> Document:
    return {
        "check": permission.check,
        **present("set", permission.set),
        **({} if permission.columns is None else {"columns": write_columns(permission.columns)}),
        **present("backend_only", permission.backend_only),
        **present("validate_input", permission.validate_input),
    }


def write_update_permission(permission: UpdatePermission) -> Document:
    return {
        "columns": write_columns(permission.columns),
        "filter": permission.filter,
        "check": permission.check,
        **present("set", permission.set),
        **present("backend_only", permission.backend_only),
        **present("validate_input", permission.validate_input),
    }


def write_delete_permission(permission: DeletePermission) -> Document:
    return {
        "filter": permission.filter,
        **present("backend_only", permission.backend_only),
        **present("validate_input", permission.validate_input),
    }


WRITERS: Final[Mapping[type[Permission], Callable[[Any], Document]]] = {
    SelectPermission: write_select_permission,
    InsertPermission: write_insert_permission,
    UpdatePermission: write_update_permission,
    DeletePermission: write_delete_permission,
}


def write_function(function: Function) -> Document:
    return {
        "function": write_name(function.name),
        **present("configuration", write_function_configuration(function.configuration)),
        **present("permissions", [{"role": role} for role in function.permissions]),
        **present("comment", function.comment),
    }


def write_function_configuration(configuration: FunctionConfiguration) -> Document:
    return {
        **present("custom_name", configuration.custom_name),
        **present("custom_root_fields", dict(configuration.custom_root_fields)),
        **present("exposed_as", configuration.exposed_as),
        **present("response", configuration.response),
        **present("session_argument", configuration.session_argument),
    }

"""JSON to metadata: version 3, the source-less versions 1 and 2, and the pieces that single commands carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.input_hooks.hooks import read_hook
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import (
    ALL,
    DEFAULT_SOURCE,
    Affixes,
    ArrayRelationship,
    ColumnConfig,
    Columns,
    ComputedField,
    Customization,
    DeletePermission,
    ForeignKey,
    Function,
    FunctionConfiguration,
    InsertPermission,
    Json,
    Manual,
    Metadata,
    ObjectRelationship,
    Permission,
    RootField,
    SelectPermission,
    Source,
    Table,
    TableConfiguration,
    UpdatePermission,
    Using,
)

Entry = TypeVar("Entry")
Key = TypeVar("Key", str, QualifiedName)

KEPT_LISTS: Final = {
    "actions": "name",
    "cron_triggers": "name",
    "remote_schemas": "name",
    "query_collections": "name",
    "rest_endpoints": "name",
    "allowlist": "collection",
}
KEPT_OBJECTS: Final = (
    "custom_types",
    "api_limits",
    "metrics_config",
    "opentelemetry",
    "graphql_schema_introspection",
    "backend_configs",
)
KEPT_LISTS_OF_A_TABLE: Final = {"remote_relationships": "name", "event_triggers": "name"}
QUERY_ROOTS: Final = ("select", "select_by_pk", "select_aggregate")
SUBSCRIPTION_ROOTS: Final = (*QUERY_ROOTS, "select_stream")
TABLE_REST: Final = ("remote_relationships", "event_triggers", "apollo_federation_config")
SOURCE_REST: Final = ("stored_procedures", "native_queries", "logical_models", "query_tags", "health_check")
KINDS: Final = ("postgres", "pg", "citus", "cockroach")


def read_metadata(value: JsonValue) -> Metadata:
    """The metadata of version 3."""
    return Metadata(
        version=3,
        sources=value.optional("sources", lambda item: by_key(item, read_source, lambda source: source.name), {}),
        inherited_roles=value.optional("inherited_roles", read_inherited_roles, {}),
        rest=read_rest(value),
    )


def read_rest(value: JsonValue) -> Mapping[str, Json]:
    """The parts that are only kept; entries of lists need what tells them apart."""
    known = ("version", "sources", "inherited_roles", "resource_version", "tables", "functions")
    require_keys(value, KEPT_LISTS)
    for part in KEPT_OBJECTS:
        value.members_of(part)
    require_keys(value.get("network") or JsonValue({}), {"tls_allowlist": "host"})
    return {key: item for key, item in value.object().items() if key not in known and item not in (None, [], {})}


def require_keys(value: JsonValue, lists: Mapping[str, str]) -> None:
    for name, key in lists.items():
        entries = value.get(name)
        for entry in entries.items() if entries else ():
            entry[key].non_empty_text()
            permissions = entry.get("permissions")
            # Those of a host with a certificate of its own are words.
            for permission in permissions.items() if permissions and name != "tls_allowlist" else ():
                permission["role"].text()


def read_tables(value: JsonValue) -> Mapping[QualifiedName, Table]:
    return by_key(value, read_table, lambda table: table.name)


def read_functions(value: JsonValue) -> Mapping[QualifiedName, Function]:
    return by_key(value, read_function, lambda function: function.name)


def read_legacy_functions(value: JsonValue) -> Mapping[QualifiedName, Function]:
    """The functions of metadata version 1, which are bare names."""
    return by_key(value, lambda item: Function(read_name(item)), lambda function: function.name)


def by_key(value: JsonValue, read: Callable[[JsonValue], Entry], key: Callable[[Entry], Key]) -> Mapping[Key, Entry]:
    """The entries of a list by their key; a key that comes twice is refused."""
    entries: dict[Key, Entry] = {}
    for item in value.items():
        entry = read(item)
        if key(entry) in entries:
            raise value.refuse(f"multiple declarations exist for the following : {key(entry)}")
        entries[key(entry)] = entry
    return entries


def read_source(value: JsonValue) -> Source:
    value.object()
    return Source(
        name=value["name"].non_empty_text(),
        kind=value.optional("kind", read_kind, "postgres"),
        configuration=read_source_configuration(value["configuration"]),
        tables=value.optional("tables", read_tables, {}),
        functions=value.optional("functions", read_functions, {}),
        customization=value.optional("customization", read_customization, Customization()),
        rest={key: value.object()[key] for key in SOURCE_REST if value.object().get(key)},
    )


def read_kind(value: JsonValue) -> str:
    if value.text() not in KINDS:
        raise value.refuse(f'unsupported source kind "{value.json}": only PostgreSQL sources are supported')
    return "postgres" if value.text() == "pg" else value.text()


def read_source_configuration(value: JsonValue) -> Mapping[str, Json]:
    """The configuration with its defaults filled in, which Hasura exports, too."""
    connection = value["connection_info"]
    check_database_url(connection["database_url"])
    filled = {
        "database_url": connection["database_url"].json,
        "isolation_level": connection.optional_text("isolation_level") or "read-committed",
        **{key: item for key, item in connection.object().items() if item is not None},
        "use_prepared_statements": connection.flag("use_prepared_statements"),
    }
    rest = {key: item for key, item in value.object().items() if item is not None}
    return {**rest, "connection_info": dict(sorted(filled.items()))}


def check_database_url(value: JsonValue) -> None:
    """Refuses what is neither an address nor `{"from_env": …}` nor `{"connection_parameters": …}`."""
    if isinstance(value.json, str):
        return
    if variable := value.get("from_env"):
        variable.non_empty_text()
        return
    parameters = value["connection_parameters"]
    for key in ("host", "username", "database"):
        parameters[key].non_empty_text()
    parameters["port"].integer()
    parameters.optional_text("password")


def read_customization(value: JsonValue) -> Customization:
    roots = value.get("root_fields") or JsonValue({})
    types = value.get("type_names") or JsonValue({})
    return Customization(
        namespace=roots.optional_text("namespace"),
        root_fields=read_affixes(roots),
        type_names=read_affixes(types),
        naming_convention=value.optional_text("naming_convention"),
    )


def read_affixes(value: JsonValue) -> Affixes:
    return Affixes(value.optional_text("prefix") or "", value.optional_text("suffix") or "")


def read_inherited_roles(value: JsonValue) -> Mapping[str, tuple[str, ...]]:
    return dict(read_inherited_role(item) for item in value.items())


def read_inherited_role(value: JsonValue) -> tuple[str, tuple[str, ...]]:
    return value["role_name"].non_empty_text(), value["role_set"].texts()


def read_name(value: JsonValue) -> QualifiedName:
    """A table's or function's name: `"author"` or `{"schema": …, "name": …}`, where the schema may be left out."""
    if isinstance(value.json, str):
        return QualifiedName("public", value.non_empty_text())
    return QualifiedName(value.optional_text("schema") or "public", value["name"].non_empty_text())


def read_table(value: JsonValue) -> Table:
    members = value.object()
    require_keys(value, KEPT_LISTS_OF_A_TABLE)
    return Table(
        name=read_name(value["table"]),
        is_enum=value.flag("is_enum"),
        configuration=value.optional("configuration", read_table_configuration, TableConfiguration()),
        object_relationships=value.optional("object_relationships", named(read_object_relationship), {}),
        array_relationships=value.optional("array_relationships", named(read_array_relationship), {}),
        computed_fields=value.optional("computed_fields", named(read_computed_field), {}),
        insert_permissions=value.optional("insert_permissions", by_role(read_insert_permission), {}),
        select_permissions=value.optional("select_permissions", by_role(read_select_permission), {}),
        update_permissions=value.optional("update_permissions", by_role(read_update_permission), {}),
        delete_permissions=value.optional("delete_permissions", by_role(read_delete_permission), {}),
        rest={key: members[key] for key in TABLE_REST if members.get(key)},
    )


Named = TypeVar("Named", ObjectRelationship, ArrayRelationship, ComputedField)
Permitted = TypeVar("Permitted", bound=Permission)


def named(read: Callable[[JsonValue], Named]) -> Callable[[JsonValue], Mapping[str, Named]]:
    return lambda value: by_key(value, read, lambda entry: entry.name)


def by_role(
    read: Callable[[JsonValue, str | None], Permitted],
) -> Callable[[JsonValue], Mapping[str, Permitted]]:
    def entry(value: JsonValue) -> tuple[str, Permitted]:
        role = value["role"].non_empty_text()
        return role, read(value["permission"], value.optional_text("comment"))

    return lambda value: {
        role: permission for role, (_, permission) in by_key(value, entry, lambda pair: pair[0]).items()
    }


def read_table_configuration(value: JsonValue) -> TableConfiguration:
    return TableConfiguration(
        custom_name=value.optional_name("custom_name"),
        custom_root_fields=value.optional("custom_root_fields", read_root_fields, {}),
        column_config=read_column_config(value),
        comment=value.optional_text("comment"),
    )


def read_root_fields(value: JsonValue) -> Mapping[str, RootField]:
    return {key: read_root_field(item) for key, item in value.members().items() if item.json is not None}


def read_root_field(value: JsonValue) -> RootField:
    if isinstance(value.json, str):
        return RootField(value.graphql_name())
    return RootField(value.optional_name("name"), value.optional_text("comment"))


def read_column_config(value: JsonValue) -> Mapping[str, ColumnConfig]:
    """What `column_config` says and, for columns it says nothing of, the deprecated `custom_column_names`."""
    deprecated = value.members_of("custom_column_names")
    configs = value.members_of("column_config")
    return {
        **{column: ColumnConfig(name.graphql_name()) for column, name in deprecated.items()},
        **{
            column: ColumnConfig(item.optional_name("custom_name"), item.optional_text("comment"))
            for column, item in configs.items()
        },
    }


def read_object_relationship(value: JsonValue) -> ObjectRelationship:
    return ObjectRelationship(
        value["name"].non_empty_text(), read_object_using(value["using"]), value.optional_text("comment")
    )


def read_array_relationship(value: JsonValue) -> ArrayRelationship:
    return ArrayRelationship(
        value["name"].non_empty_text(), read_array_using(value["using"]), value.optional_text("comment")
    )


def read_object_using(value: JsonValue) -> Using:
    """How an object relationship is found: a column or columns of this table, or a key of the remote one."""
    foreign_key = foreign_key_of(value)
    if foreign_key is None:
        return read_manual(value["manual_configuration"])
    if isinstance(foreign_key.json, str):
        return ForeignKey((foreign_key.text(),))
    if isinstance(foreign_key.json, list):
        return ForeignKey(foreign_key.texts())
    return read_remote_key(foreign_key)


def read_array_using(value: JsonValue) -> Using:
    foreign_key = foreign_key_of(value)
    return read_manual(value["manual_configuration"]) if foreign_key is None else read_remote_key(foreign_key)


def foreign_key_of(value: JsonValue) -> JsonValue | None:
    """What stands under `foreign_key_constraint_on`; exactly one of it and `manual_configuration` must be there."""
    foreign_key, manual = value.get("foreign_key_constraint_on"), value.get("manual_configuration")
    if foreign_key and manual:
        raise value.refuse("only one of manual_configuration or foreign_key_constraint_on should be present")
    if not foreign_key and not manual:
        raise value.refuse("at least one of manual_configuration or foreign_key_constraint_on should be present")
    return foreign_key


def read_remote_key(value: JsonValue) -> ForeignKey:
    column = value.get("column")
    columns = (column.text(),) if column else text_or_texts(value["columns"])
    return ForeignKey(columns, read_name(value["table"]))


def text_or_texts(value: JsonValue) -> tuple[str, ...]:
    """The texts of a list; a text alone counts as a list of one."""
    return (value.text(),) if isinstance(value.json, str) else value.texts()


def read_manual(value: JsonValue) -> Manual:
    return Manual(
        read_name(value["remote_table"]),
        {local: remote.text() for local, remote in value["column_mapping"].members().items()},
        value.optional_text("insertion_order"),
    )


def read_computed_field(value: JsonValue) -> ComputedField:
    definition = value["definition"]
    return ComputedField(
        name=value["name"].non_empty_text(),
        function=read_name(definition["function"]),
        table_argument=definition.optional_text("table_argument"),
        session_argument=definition.optional_text("session_argument"),
        comment=value.optional_text("comment"),
    )


def read_columns(value: JsonValue) -> Columns:
    return ALL if value.json == ALL.value else value.texts()


def read_select_permission(value: JsonValue, comment: str | None = None) -> SelectPermission:
    return SelectPermission(
        columns=read_columns(value["columns"]),
        filter=value["filter"].object(),
        limit=value.optional("limit", read_limit, None),
        allow_aggregations=value.flag("allow_aggregations"),
        computed_fields=value.optional("computed_fields", JsonValue.texts, ()),
        query_root_fields=value.optional("query_root_fields", read_roots(QUERY_ROOTS), None),
        subscription_root_fields=value.optional("subscription_root_fields", read_roots(SUBSCRIPTION_ROOTS), None),
        comment=comment,
    )


def read_roots(known: tuple[str, ...]) -> Callable[[JsonValue], tuple[str, ...]]:
    def read(value: JsonValue) -> tuple[str, ...]:
        for item in value.items():
            if item.text() not in known:
                tags = ",".join(f'"{name}"' for name in known)
                raise item.refuse(f'expected one of the tags [{tags}], but found tag "{item.json}"')
        return value.texts()

    return read


def read_limit(value: JsonValue) -> int | None:
    if value.integer() < 0:
        raise value.refuse("unexpected negative value")
    return value.integer()


def read_validate_input(value: JsonValue) -> Any:
    """The description of an input hook, as it stands; raises where it is none."""
    read_hook(value)
    return value.json


def read_insert_permission(value: JsonValue, comment: str | None = None) -> InsertPermission:
    return InsertPermission(
        check=value["check"].object(),
        columns=value.optional("columns", read_columns, None),
        set=value.optional("set", JsonValue.object, {}),
        backend_only=value.flag("backend_only"),
        validate_input=value.optional("validate_input", read_validate_input, None),
        comment=comment,
    )


def read_update_permission(value: JsonValue, comment: str | None = None) -> UpdatePermission:
    return UpdatePermission(
        columns=read_columns(value["columns"]),
        filter=value["filter"].object(),
        check=value.optional("check", JsonValue.object, None),
        set=value.optional("set", JsonValue.object, {}),
        backend_only=value.flag("backend_only"),
        validate_input=value.optional("validate_input", read_validate_input, None),
        comment=comment,
    )


def read_delete_permission(value: JsonValue, comment: str | None = None) -> DeletePermission:
    return DeletePermission(
        filter=value["filter"].object(),
        backend_only=value.flag("backend_only"),
        validate_input=value.optional("validate_input", read_validate_input, None),
        comment=comment,
    )


def read_function(value: JsonValue) -> Function:
    return Function(
        name=read_name(value["function"]),
        configuration=value.optional("configuration", read_function_configuration, FunctionConfiguration()),
        permissions=value.optional("permissions", read_roles, ()),
        comment=value.optional_text("comment"),
    )


def read_roles(value: JsonValue) -> tuple[str, ...]:
    return tuple(item["role"].non_empty_text() for item in value.items())


def read_function_configuration(value: JsonValue) -> FunctionConfiguration:
    roots = value.members_of("custom_root_fields")
    return FunctionConfiguration(
        custom_name=value.optional_name("custom_name"),
        custom_root_fields={key: item.graphql_name() for key, item in roots.items() if item.json is not None},
        session_argument=value.optional_text("session_argument"),
        exposed_as=value.optional_text("exposed_as"),
        response=value.object().get("response"),
    )


def source_name(value: JsonValue) -> str:
    """The source that a command is about: its `source` argument, or the default one."""
    return value.optional_text("source") or DEFAULT_SOURCE

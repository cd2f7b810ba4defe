"""The root fields that a role sees: queries and mutations of every table and function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema import streams
from orchestrator.engine.schema.bindings import (
    DeleteRoot,
    FunctionRoot,
    InsertRoot,
    Namespace,
    SelectRoot,
    StreamRoot,
    UpdateRoot,
)
from orchestrator.engine.schema.rows import row_arguments
from orchestrator.engine.schema.types import Field, Input, ObjectType, Ref, fields_of, inputs_of, list_of, required
from orchestrator.engine.schema.writes import on_conflict_argument, pk_columns_input, update_arguments
from orchestrator.engine.tracked import GRAPHQL_NAME, TrackedFunction

if TYPE_CHECKING:
    from orchestrator.engine.schema.role import RoleSchema

NO_QUERIES = Field(
    "no_queries_available",
    Ref("String"),
    {},
    None,
    "There are no queries available to the current role. Either there are no sources or remote schemas configured, "
    "or the current role doesn't have the required permissions.",
)


def query_root(schema: RoleSchema, kind: str = "query") -> ObjectType:
    fields = fields_of(*_arranged(schema, _all_queries(schema, kind), kind))
    return ObjectType(f"{kind}_root", fields or fields_of(NO_QUERIES))


def mutation_root(schema: RoleSchema) -> ObjectType | None:
    fields = fields_of(*_arranged(schema, _all_mutations(schema), "mutation"))
    return ObjectType("mutation_root", fields, "mutation root") if fields else None


def _arranged(schema: RoleSchema, fields: Iterator[Field], kind: str) -> Iterator[Field]:
    """The fields that GraphQL can name; those of sources with a namespace below the one field of that name."""
    spaces: dict[str, list[Field]] = {}
    for field in fields:
        if not GRAPHQL_NAME.match(field.name):
            continue
        namespace = field.binding.access.source.customization.namespace
        if namespace is None:
            yield field
        else:
            spaces.setdefault(namespace, []).append(field)
    for namespace, inside in spaces.items():
        types = inside[0].binding.access.source.customization.type_name
        type_ = ObjectType(types(f"{namespace}_{kind}"), fields_of(*inside))
        yield Field(namespace, schema.define(type_), {}, Namespace(type_))


def _all_queries(schema: RoleSchema, kind: str) -> Iterator[Field]:
    for access in schema.accesses():
        if access.select and kind == "subscription":
            roots = access.select.subscription_roots
            yield from _table_queries(schema, access, roots)
            if roots is None or "select_stream" in roots:
                yield from _stream(schema, access)
        elif access.select:
            yield from _table_queries(schema, access, access.select.query_roots)
    for function, access in schema.functions(mutation=False):
        yield from _function_fields(schema, function, access)


def _all_mutations(schema: RoleSchema) -> Iterator[Field]:
    for access in schema.accesses():
        yield from _inserts(schema, access)
        yield from _updates(schema, access)
        yield from _deletes(schema, access)
    for function, access in schema.functions(mutation=True):
        yield next(_function_fields(schema, function, access))


def _table_queries(schema: RoleSchema, access: TableAccess, roots: tuple[str, ...] | None) -> Iterator[Field]:
    """The fields that read a table; `roots` are the kinds that the role may use, where not all."""
    table, name, rights = access.table, access.table.type_name, access.select
    if roots is None or "select" in roots:
        yield Field(
            table.root_field("select"),
            list_of(required(name), non_null=True),
            row_arguments(schema, access),
            SelectRoot(access, "many"),
            _description(access, "select", f'fetch data from the table: "{table.name}"'),
        )
    if access.can_select_by_key and (roots is None or "select_by_pk" in roots):
        yield Field(
            table.root_field("select_by_pk"),
            Ref(name),
            _key_arguments(schema, access),
            SelectRoot(access, "by_pk"),
            _description(
                access, "select_by_pk", f'fetch data from the table: "{table.name}" using primary key columns'
            ),
        )
    if rights and rights.aggregations and (roots is None or "select_aggregate" in roots):
        yield Field(
            table.root_field("select_aggregate"),
            required(access.table.typed("_aggregate")),
            row_arguments(schema, access),
            SelectRoot(access, "aggregate"),
            _description(access, "select_aggregate", f'fetch aggregated fields from the table: "{table.name}"'),
        )


def _stream(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    table = access.table
    if not streams.cursor_columns(schema, access):
        return
    yield Field(
        table.root_field("select_stream"),
        list_of(required(table.type_name), non_null=True),
        streams.arguments(access),
        StreamRoot(access),
        _description(access, "select_stream", f'fetch data from the table in a streaming manner: "{table.name}"'),
    )


def _description(access: TableAccess, kind: str, usual: str) -> str | None:
    """The custom comment of a root field, where an empty one means none; else the usual words."""
    custom = access.table.meta.configuration.custom_root_fields.get(kind)
    return usual if custom is None or custom.comment is None else custom.comment or None


def _key_arguments(schema: RoleSchema, access: TableAccess) -> Mapping[str, Input]:
    key = pk_columns_input(schema, access)
    return key.fields if key else {}


def _inserts(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    if not access.insert:
        return
    table, name = access.table, access.table.type_name
    conflict = on_conflict_argument(schema, access)
    objects = Input(
        "objects", list_of(required(access.table.typed("_insert_input")), non_null=True), "the rows to be inserted"
    )
    yield Field(
        table.root_field("insert"),
        Ref(access.table.typed("_mutation_response")),
        inputs_of(objects, *conflict),
        InsertRoot(access, one=False),
        _description(access, "insert", f'insert data into the table: "{table.name}"'),
    )
    if access.select:
        yield Field(
            table.root_field("insert_one"),
            Ref(name),
            inputs_of(
                Input("object", required(access.table.typed("_insert_input")), "the row to be inserted"), *conflict
            ),
            InsertRoot(access, one=True),
            _description(access, "insert_one", f'insert a single row into the table: "{table.name}"'),
        )


def _updates(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    if not access.update:
        return
    table, name = access.table, access.table.type_name
    arguments = tuple(update_arguments(schema, access))
    if not arguments and not access.update.presets:
        return
    # A role that sees nothing of the table has conditions without columns: it changes all rows that it may.
    where = Input("where", required(access.table.typed("_bool_exp")), "filter the rows which have to be updated")
    yield Field(
        table.root_field("update"),
        Ref(access.table.typed("_mutation_response")),
        inputs_of(*arguments, where),
        UpdateRoot(access, "where"),
        _description(access, "update", f'update data of the table: "{table.name}"'),
    )
    if access.can_select_by_key:
        named = access.table.naming.field
        key = Input(named("pk_columns"), required(access.table.typed("_pk_columns_input")), key="pk_columns")
        yield Field(
            table.root_field("update_by_pk"),
            Ref(name),
            inputs_of(*arguments, key),
            UpdateRoot(access, "by_pk"),
            _description(access, "update_by_pk", f'update single row of the table: "{table.name}"'),
        )
    many = Input(
        "updates", list_of(required(access.table.typed("_updates")), non_null=True), "updates to execute, in order"
    )
    yield Field(
        table.root_field("update_many"),
        list_of(Ref(access.table.typed("_mutation_response"))),
        inputs_of(many),
        UpdateRoot(access, "many"),
        _description(access, "update_many", f'update multiples rows of table: "{table.name}"'),
    )


def _deletes(schema: RoleSchema, access: TableAccess) -> Iterator[Field]:
    if not access.delete:
        return
    table, name = access.table, access.table.type_name
    where = Input("where", required(access.table.typed("_bool_exp")), "filter the rows which have to be deleted")
    yield Field(
        table.root_field("delete"),
        Ref(access.table.typed("_mutation_response")),
        inputs_of(where),
        DeleteRoot(access, by_pk=False),
        _description(access, "delete", f'delete data from the table: "{table.name}"'),
    )
    if access.can_select_by_key:
        yield Field(
            table.root_field("delete_by_pk"),
            Ref(name),
            _key_arguments(schema, access),
            DeleteRoot(access, by_pk=True),
            _description(access, "delete_by_pk", f'delete single row from the table: "{table.name}"'),
        )


def _function_fields(schema: RoleSchema, function: TrackedFunction, access: TableAccess) -> Iterator[Field]:
    """The field of a tracked function and, where the role may aggregate, its aggregate."""
    config = function.meta.configuration
    custom, naming = config.custom_root_fields, function.customization.naming
    around = function.customization.root_field
    name = access.table.type_name
    args = schema.tracked_function_arguments(function)
    rows = list_of(required(name), non_null=True) if function.info.returns_set else Ref(name)
    description = f'execute function "{function.info.name}" which returns "{access.table.name}"'
    yield Field(
        around(custom.get("function") or naming.root("{}", function.base)),
        rows,
        {**args, **row_arguments(schema, access)},
        FunctionRoot(function, access, "many"),
        function.meta.comment or description,
    )
    if access.select and access.select.aggregations:
        yield Field(
            around(custom.get("function_aggregate") or naming.root("{}_aggregate", function.base)),
            required(access.table.typed("_aggregate")),
            {**args, **row_arguments(schema, access)},
            FunctionRoot(function, access, "aggregate"),
            f'execute function "{function.info.name}" and query aggregates on result of table type '
            f'"{access.table.name}"',
        )

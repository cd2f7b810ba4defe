"""Commands about functions and computed fields."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.commands.command import (
    Call,
    Result,
    changed,
    dropped,
    refusal,
    source_of,
    table_of,
)
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.errors import EngineError, not_exists
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Function, FunctionConfiguration, Source, Table
from orchestrator.engine.metadata.reader import read_computed_field, read_function_configuration, read_name


def track_function(call: Call) -> Result:
    function = read_tracked(call.args)
    source = source_of(call)
    if function.name in source.functions:
        raise refusal("already-tracked", f'function already tracked: "{function.name}"')
    if function.name in source.tables:
        raise refusal("not-supported", f'table with name "{function.name}" already exists')
    return put(call, source, function)


def read_tracked(args: JsonValue) -> Function:
    """The function of `"search"`, `{"schema": …, "name": …}` or `{"function": …, "configuration": …}`."""
    if not isinstance(args.json, dict) or "function" not in args.json:
        return Function(read_name(args))
    configuration = args.optional("configuration", read_function_configuration, FunctionConfiguration())
    return Function(read_name(args["function"]), configuration, comment=args.optional_text("comment"))


def put(call: Call, source: Source, function: Function) -> Result:
    built = ObjectId(source.name, function.name, is_function=True)
    return Result(call.metadata.with_source(source.with_function(function)), built=built)


def find(source: Source, name: QualifiedName) -> Function:
    if name not in source.functions:
        raise refusal("not-exists", f'function "{name}" does not exist in source: {source.name}')
    return source.functions[name]


def untrack_function(call: Call) -> Result:
    detailed = isinstance(call.args.json, dict) and "function" in call.args.json
    name = read_name(call.args["function"] if detailed else call.args)
    source = source_of(call)
    find(source, name)
    return dropped(call, ObjectId(source.name, name, is_function=True), cascade=True)


def set_function_customization(call: Call) -> Result:
    name = read_name(call.args["function"])
    configuration = call.args.optional("configuration", read_function_configuration, FunctionConfiguration())
    source = source_of(call)
    return put(call, source, replace(find(source, name), configuration=configuration))


def create_function_permission(call: Call) -> Result:
    name, role = read_name(call.args["function"]), call.args["role"].non_empty_text()
    source = source_of(call)
    function = find(source, name)
    if role in function.permissions:
        raise refusal(
            "already-exists",
            f'permission of role "{role}" already exists for function "{name}" in source: "{source.name}"',
        )
    require_select_permission(call, source, name, role)
    return put(call, source, replace(function, permissions=(*function.permissions, role)))


def require_select_permission(call: Call, source: Source, name: QualifiedName, role: str) -> None:
    """A function's rows are those of a table, which the role must be able to read."""
    catalog = call.databases.catalogs.get(source.name)
    overloads = catalog.functions.get(name, ()) if catalog else ()
    rows = overloads[0].returns_table if overloads else None
    table = source.tables.get(rows) if rows else None
    if table is not None and role not in table.select_permissions:
        raise refusal(
            "not-supported",
            f'function permission can only be added when the function\'s return table "{rows}" '
            f'has select permission configured for role: "{role}"',
        )


def drop_function_permission(call: Call) -> Result:
    name, role = read_name(call.args["function"]), call.args["role"].non_empty_text()
    source = source_of(call)
    function = find(source, name)
    if role not in function.permissions:
        raise refusal(
            "not-exists", f'permission of role "{role}" does not exist for function "{name}" in source: "{source.name}"'
        )
    left = tuple(other for other in function.permissions if other != role)
    return put(call, source, replace(function, permissions=left))


def table_of_computed_field(call: Call) -> tuple[Source, Table]:
    try:
        return table_of(call)
    except EngineError as error:
        raise error.at("$.args.table") from error


def add_computed_field(call: Call) -> Result:
    computed = read_computed_field(call.args)
    source, table = table_of_computed_field(call)
    built = ObjectId(source.name, table.name, "computed_fields", computed.name)
    fields = {**table.computed_fields, computed.name: computed}
    return changed(call, source, replace(table, computed_fields=fields), built)


def drop_computed_field(call: Call) -> Result:
    name, cascade = call.args["name"].non_empty_text(), call.args.flag("cascade")
    source, table = table_of_computed_field(call)
    if name not in table.computed_fields:
        raise not_exists(f'computed field "{name}" does not exist', "$.args.name")
    return dropped(call, ObjectId(source.name, table.name, "computed_fields", name), cascade=cascade)

"""Commands about tables: track, untrack, customise, use as an enum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.commands.command import (
    SUCCESS,
    Call,
    Result,
    changed,
    dropped,
    refusal,
    source_of,
    table_of,
)
from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.consistency.inconsistency import ObjectId
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import ColumnConfig, Metadata, Source, Table, TableConfiguration
from orchestrator.engine.metadata.reader import read_name, read_root_fields, read_table_configuration, source_name


def track_table(call: Call) -> Result:
    table = read_tracked(call.args)
    source = source_of(call)
    require_untracked(source, table.name)
    return changed(call, source, table)


def read_tracked(args: JsonValue) -> Table:
    """The table of `"author"`, `{"schema": …, "name": …}` or `{"table": …, "is_enum": …, "configuration": …}`."""
    if not isinstance(args.json, dict) or "table" not in args.json:
        return Table(read_name(args))
    return Table(
        read_name(args["table"]),
        is_enum=args.flag("is_enum"),
        configuration=args.optional("configuration", read_table_configuration, TableConfiguration()),
        rest={key: args.json[key] for key in ("apollo_federation_config",) if args.json.get(key)},
    )


def require_untracked(source: Source, name: QualifiedName) -> None:
    if name in source.tables:
        raise refusal("already-tracked", f'view/table already tracked: "{name}"')
    if name in source.functions:
        raise refusal("not-supported", f'function with name "{name}" already exists')


def untrack_table(call: Call) -> Result:
    name, cascade = read_name(call.args["table"]), call.args.flag("cascade")
    source = source_of(call)
    if name not in source.tables:
        raise refusal("already-untracked", f'view/table already untracked: "{name}"')
    return dropped(call, ObjectId(source.name, name), cascade=cascade)


def track_tables(call: Call) -> Result:
    """Tracks the tables that can be tracked; the others become warnings."""
    entries = [(source_name(item), item) for item in call.args["tables"].items()]
    return several(call, [(read_tracked(item).name, name, item) for name, item in entries], "track")


def untrack_tables(call: Call) -> Result:
    entries = [(read_name(item["table"]), source_name(item), item) for item in call.args["tables"].items()]
    return several(call, entries, "untrack")


def several(call: Call, entries: list[tuple[QualifiedName, str, JsonValue]], verb: str) -> Result:
    """The result of tracking or untracking each; refused where none succeeds, or where warnings are not allowed."""
    require_distinct([(source, name) for name, source, _ in entries])
    metadata, warnings = call.metadata, []
    for name, source, item in entries:
        try:
            metadata = one_of_several(replace(call, metadata=metadata, args=item), verb)
        except EngineError as error:
            warnings.append(warning(f"{verb}-table-failed", ObjectId(source, name), error.message))
    if entries and len(warnings) == len(entries):
        raise refusal("invalid-configuration", f"all tables failed to {verb}", warnings)
    if warnings and not call.args.optional("allow_warnings", JsonValue.boolean, True):
        raise refusal("metadata-warnings", "failed due to metadata warnings", warnings)
    return Result(metadata, {"message": "success", "warnings": warnings} if warnings else dict(SUCCESS))


def one_of_several(call: Call, verb: str) -> Metadata:
    """The metadata after the one table; raises what stands in the way."""
    result = track_table(call) if verb == "track" else untrack_table(call)
    own = [found for found in inconsistencies(result.metadata, call.databases) if found.object == result.built]
    if own:
        raise refusal("invalid-configuration", own[0].reason)
    return result.metadata


def require_distinct(names: list[tuple[str, QualifiedName]]) -> None:
    twice = sorted({f"{source}.{name}" for source, name in names if names.count((source, name)) > 1})
    if twice:
        listed = ", ".join(twice)
        raise EngineError(
            "bad-request", f"The following tables occur more than once in the request: {listed}", "$.args.tables"
        )


def warning(code: str, found: ObjectId, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "name": found.name, "type": found.type}


def set_table_is_enum(call: Call) -> Result:
    is_enum = call.args["is_enum"].boolean()
    source, table = table_of(call)
    return changed(call, source, replace(table, is_enum=is_enum))


def set_table_customization(call: Call) -> Result:
    configuration = read_table_configuration(call.args["configuration"])
    source, table = table_of(call)
    return changed(call, source, replace(table, configuration=configuration))


def set_table_custom_fields(call: Call) -> Result:
    """The older form, which sets root fields and column names only."""
    names = {column: ColumnConfig(name.text()) for column, name in call.args.members_of("custom_column_names").items()}
    configuration = TableConfiguration(
        custom_root_fields=call.args.optional("custom_root_fields", read_root_fields, {}), column_config=names
    )
    source, table = table_of(call)
    return changed(call, source, replace(table, configuration=configuration))


def set_apollo_federation_config(call: Call) -> Result:
    source, table = table_of(call)
    rest = {key: value for key, value in table.rest.items() if key != "apollo_federation_config"}
    config = call.args.object().get("apollo_federation_config")
    if config is not None:
        rest["apollo_federation_config"] = config
    return changed(call, source, replace(table, rest=rest))

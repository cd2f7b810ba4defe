"""Commands about the metadata as a whole: replace, export, clear, reload, and what is inconsistent in it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any

from orchestrator.engine.commands.command import SUCCESS, Call, Result, refusal
from orchestrator.engine.consistency.inconsistency import Inconsistency, consistent
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import DEFAULT_SOURCE, Metadata, named_entries
from orchestrator.engine.metadata.reader import (
    read_functions,
    read_legacy_functions,
    read_metadata,
    read_rest,
    read_tables,
)
from orchestrator.engine.metadata.writer import write_metadata


def replace_metadata(call: Call) -> Result:
    """Version 1: the arguments are the metadata. What it is inconsistent in refuses it."""
    return Result(read_any(call.metadata, call.args), tolerates="none", reload=True)


def replace_metadata_v2(call: Call) -> Result:
    """Version 2: `{"allow_inconsistent_metadata": …, "metadata": …}`."""
    replacement = read_any(call.metadata, call.args["metadata"])
    lenient = call.args.flag("allow_inconsistent_metadata")
    return Result(replacement, consistency, tolerates="all" if lenient else "none", reload=True)


def read_any(metadata: Metadata, value: JsonValue) -> Metadata:
    """The metadata of any version; versions 1 and 2 know no sources and are about the default one."""
    version = value.optional("version", JsonValue.integer, 3 if "sources" in value.object() else 1)
    if version == 3:
        return read_metadata(value)
    if version not in (1, 2):
        raise value["version"].refuse(f"expected one of 1, 2 or 3, encountered {version}")
    if DEFAULT_SOURCE not in metadata.sources:
        raise refusal("not-supported", "cannot import metadata without sources since no default source is defined")
    functions = read_legacy_functions if version == 1 else read_functions
    source = replace(
        metadata.sources[DEFAULT_SOURCE],
        tables=value.optional("tables", read_tables, {}),
        functions=value.optional("functions", functions, {}),
    )
    # What older versions don't know stays; what they know and don't mention is gone.
    unknown = {key: metadata.rest[key] for key in ("rest_endpoints",) if key in metadata.rest}
    return Metadata(sources={source.name: source}, rest={**unknown, **read_rest(value)})


def export_metadata(call: Call) -> Result:
    return Result(call.metadata, write_metadata(call.metadata))


def export_metadata_v2(call: Call) -> Result:
    return Result(
        call.metadata, {"resource_version": call.context.resource_version, "metadata": write_metadata(call.metadata)}
    )


def clear_metadata(call: Call) -> Result:
    """Forgets everything but the default source's connection, which would be missing at the next start, too."""
    default = call.metadata.sources.get(DEFAULT_SOURCE)
    if default is None:
        return Result(Metadata(), tolerates="all")
    emptied = replace(default, tables={}, functions={}, rest={})
    return Result(Metadata(sources={DEFAULT_SOURCE: emptied}), tolerates="all")


def reload_metadata(call: Call) -> Result:
    """Asks for the catalogs to be read anew, all of them whichever are named."""
    sources = set(call.metadata.sources)
    remote_schemas = {entry["name"] for entry in named_entries(call.metadata.rest, "remote_schemas")}
    require_known(call, "reload_sources", sources, "Source")
    require_known(call, "recreate_event_triggers", sources, "Source")
    require_known(call, "reload_remote_schemas", remote_schemas, "Remote schema")
    return Result(call.metadata, reloaded, tolerates="all", reload=True)


def require_known(call: Call, key: str, known: Set[str], called: str) -> None:
    """Refuses names of a list that are unknown; true and false mean all and none."""
    named = call.args.get(key)
    if named is None or isinstance(named.json, bool):
        return
    for name in named.texts():
        if name not in known:
            raise refusal("not-exists", f'{called} with name "{name}" not found in metadata')


def get_inconsistent_metadata(call: Call) -> Result:
    return Result(call.metadata, consistency)


def drop_inconsistent_metadata(call: Call) -> Result:
    return Result(consistent(call.metadata, call.context.inconsistent), tolerates="all")


def dump_internal_state(call: Call) -> Result:
    return Result(
        call.metadata, {"metadata": write_metadata(call.metadata), "resource_version": call.context.resource_version}
    )


def consistency(found: tuple[Inconsistency, ...]) -> dict[str, Any]:
    return {"is_consistent": not found, "inconsistent_objects": [each.as_json() for each in found]}


def reloaded(found: tuple[Inconsistency, ...]) -> dict[str, Any]:
    """What reload_metadata answers, which lists no objects where there are none."""
    return {**SUCCESS, **consistency(found)} if found else {**SUCCESS, "is_consistent": True}

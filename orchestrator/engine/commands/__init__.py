"""The metadata commands: one function each, from the metadata and arguments to the metadata after and the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from orchestrator.engine.commands import (
    collections,
    event_triggers,
    functions,
    kept,
    permissions,
    relationships,
    remote_relationships,
    rest_endpoints,
    roles,
    sources,
    suggestions,
    tables,
    webhooks,
    whole,
)
from orchestrator.engine.commands.command import Call, Command, Context, Result, all_of, settle
from orchestrator.engine.errors import not_supported, parse_failed

__all__ = ["COMMANDS", "SECOND_VERSION", "Call", "Command", "Context", "Result", "all_of", "find", "settle"]

BACKENDS: Final = ("pg", "postgres", "citus", "cockroach")

ON_A_SOURCE: Final[Mapping[str, Command]] = {
    "add_source": sources.add_source,
    "drop_source": sources.drop_source,
    "update_source": sources.update_source,
    "get_source_tables": sources.get_source_tables,
    "set_source_customization": sources.set_source_customization,
    "track_table": tables.track_table,
    "untrack_table": tables.untrack_table,
    "track_tables": tables.track_tables,
    "untrack_tables": tables.untrack_tables,
    "set_table_is_enum": tables.set_table_is_enum,
    "set_table_customization": tables.set_table_customization,
    "set_apollo_federation_config": tables.set_apollo_federation_config,
    "create_object_relationship": relationships.create_object_relationship,
    "create_array_relationship": relationships.create_array_relationship,
    "drop_relationship": relationships.drop_relationship,
    "rename_relationship": relationships.rename_relationship,
    "suggest_relationships": suggestions.suggest_relationships,
    "set_relationship_comment": relationships.set_relationship_comment,
    "create_remote_relationship": remote_relationships.create_remote_relationship,
    "update_remote_relationship": remote_relationships.update_remote_relationship,
    "delete_remote_relationship": remote_relationships.delete_remote_relationship,
    **{f"create_{kind}_permission": permissions.create_permission(kind) for kind in permissions.READERS},
    **{f"drop_{kind}_permission": permissions.drop_permission(kind) for kind in permissions.READERS},
    "set_permission_comment": permissions.set_permission_comment,
    "create_event_trigger": event_triggers.create_event_trigger,
    "delete_event_trigger": event_triggers.delete_event_trigger,
    "track_function": functions.track_function,
    "untrack_function": functions.untrack_function,
    "set_function_customization": functions.set_function_customization,
    "create_function_permission": functions.create_function_permission,
    "drop_function_permission": functions.drop_function_permission,
    "add_computed_field": functions.add_computed_field,
    "drop_computed_field": functions.drop_computed_field,
}
"""The commands that carry a backend's name in front on /v1/metadata: `pg_track_table`."""

ON_THE_WHOLE: Final[Mapping[str, Command]] = {
    "rename_source": sources.rename_source,
    "get_source_tables": sources.get_source_tables,
    "list_source_kinds": sources.list_source_kinds,
    "replace_metadata": whole.replace_metadata,
    "export_metadata": whole.export_metadata,
    "clear_metadata": whole.clear_metadata,
    "reload_metadata": whole.reload_metadata,
    "get_inconsistent_metadata": whole.get_inconsistent_metadata,
    "drop_inconsistent_metadata": whole.drop_inconsistent_metadata,
    "dump_internal_state": whole.dump_internal_state,
    "create_rest_endpoint": rest_endpoints.create_rest_endpoint,
    "drop_rest_endpoint": rest_endpoints.drop_rest_endpoint,
    "create_query_collection": collections.create_query_collection,
    "drop_query_collection": collections.drop_query_collection,
    "rename_query_collection": collections.rename_query_collection,
    "add_query_to_collection": collections.add_query_to_collection,
    "drop_query_from_collection": collections.drop_query_from_collection,
    "add_collection_to_allowlist": collections.add_collection_to_allowlist,
    "update_scope_of_collection_in_allowlist": collections.update_scope_of_collection_in_allowlist,
    "drop_collection_from_allowlist": collections.drop_collection_from_allowlist,
    "test_webhook_transform": webhooks.show_webhook_transform,
    "add_inherited_role": roles.add_inherited_role,
    "drop_inherited_role": roles.drop_inherited_role,
    **kept.COMMANDS,
}

SECOND_VERSION: Final[Mapping[str, Command]] = {
    "replace_metadata": whole.replace_metadata_v2,
    "export_metadata": whole.export_metadata_v2,
}

COMMANDS: Final[Mapping[str, Command]] = {
    **{f"{backend}_{name}": command for backend in BACKENDS for name, command in ON_A_SOURCE.items()},
    **ON_THE_WHOLE,
}
"""The commands of /v1/metadata."""

LEGACY: Final[Mapping[str, Command]] = {
    **{name: command for name, command in ON_A_SOURCE.items() if not name.endswith("_source")},
    **{name: command for name, command in ON_THE_WHOLE.items() if name != "rename_source"},
    "set_table_custom_fields": tables.set_table_custom_fields,
}
"""The commands of /v1/query, which are about the default source unless they name another."""


ELSEWHERE: Final = re.compile(
    r"(pg_)?(redeliver_event|invoke_event_trigger|get_event_logs|get_event_invocation_logs|get_event_by_id)"
    r"|(create|delete|get)_scheduled_events?|get_(scheduled|cron)_event_invocations|get_event_invocations"
    r"|introspect_remote_schema|(create|update|delete)_remote_schema_remote_relationship"
    r"|get_source_kind_capabilities|get_table_info|(add|delete)_dataconnector_agent|dc_\w+"
    r"|(pg_)?(un)?track_(native_query|logical_model|stored_procedure)"
)
"""Hasura's commands that do something which this engine does not: fire events, ask remote schemas, and the like."""


def find(name: str, version: int = 1, *, legacy: bool = False) -> Command:
    """The command of that name on /v1/metadata, or on /v1/query where `legacy`; raises parse-failed."""
    if version not in (1, 2):
        raise parse_failed(f"expected 1 or 2, encountered {version}", "$.version")
    if version == 2 and not legacy:
        if name not in SECOND_VERSION:
            raise parse_failed(f"unknown command {name} of version 2")
        return SECOND_VERSION[name]
    command = (LEGACY if legacy else COMMANDS).get(name)
    if command is not None:
        return command
    if ELSEWHERE.fullmatch(name):
        raise not_supported(f"{name} is not supported by this engine; the image hasura/graphql-engine has it")
    raise parse_failed(unknown(name, legacy=legacy))


def unknown(name: str, *, legacy: bool) -> str:
    backend, _, rest = name.partition("_")
    if not legacy and backend in BACKENDS:
        return f'unknown metadata command "{rest}" for backend {backend}'
    if legacy:
        return f'unknown command "{name}"'
    return f'unknown metadata command "{name}"; "{backend}" was not recognized as a valid backend name'

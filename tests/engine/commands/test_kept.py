"""What the engine keeps and exports without serving it: commands store it, tell of it, and lose nothing."""

import pytest

from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.reader import read_metadata
from orchestrator.engine.metadata.writer import write_metadata

from .test_commands import EMPTY, TRACKED, refusal, run, run_all, shape

ACTION = {"name": "greet", "definition": {"handler": "http://x", "output_type": "T"}, "comment": "hello"}
SCHEMA = {"name": "far", "definition": {"url": "http://x"}}
CRON = {"name": "nightly", "webhook": "http://x", "schedule": "0 0 * * *", "include_in_metadata": True}
TRIGGER = {
    "name": "told",
    "table": "author",
    "webhook": "http://x",
    "insert": {"columns": "*"},
    "update": {"columns": ["name"], "payload": "*"},
}
KINDS = [
    ("create_action", "drop_action", "actions", ACTION, 'action with name "greet"'),
    ("add_remote_schema", "remove_remote_schema", "remote_schemas", SCHEMA, 'remote schema with name "far"'),
    ("create_cron_trigger", "delete_cron_trigger", "cron_triggers", CRON, "cron trigger with name: nightly"),
]


@pytest.mark.parametrize(("create", "drop", "key", "args", "called"), KINDS)
def test_an_entry_is_kept_once_told_of_and_dropped(create, drop, key, args, called):
    metadata, answer = run(EMPTY, create, args)
    assert write_metadata(metadata)[key] == [args]
    (warning,) = answer["warnings"]
    assert warning["code"] == "not-supported"
    assert "the image hasura/graphql-engine" in warning["message"]
    assert shape(refusal(metadata, create, args)) == ("already-exists", "$.args", f"{called} already exists")
    left, _ = run(metadata, drop, {"name": args["name"]})
    assert left == EMPTY
    error = refusal(left, drop, {"name": args["name"]})
    assert shape(error) == ("not-exists", "$.args", f"{called} does not exist")


def test_an_entry_that_is_kept_refuses_no_other_command():
    metadata = run_all(("create_action", ACTION), ("create_cron_trigger", CRON), metadata=TRACKED)
    document = write_metadata(metadata)
    replaced, answer = run(metadata, "replace_metadata", document)
    assert (replaced, answer) == (metadata, {"message": "success"})
    assert write_metadata(read_metadata(JsonValue(document))) == document


def test_a_cron_trigger_may_be_replaced_and_all_are_listed():
    changed = {**CRON, "schedule": "5 0 * * *"}
    metadata = run_all(("create_cron_trigger", CRON), ("create_cron_trigger", {**changed, "replace": True}))
    assert run(metadata, "get_cron_triggers", {})[1] == {"cron_triggers": [changed]}


def test_an_action_keeps_its_permissions_when_it_is_updated():
    metadata = run_all(("create_action", ACTION), ("create_action_permission", {"action": "greet", "role": "user"}))
    twice = refusal(metadata, "create_action_permission", {"action": "greet", "role": "user"})
    assert twice.message == 'permission for role "user" is already defined on "greet"'
    changed = {**ACTION, "comment": "goodbye"}
    metadata, _ = run(metadata, "update_action", changed)
    assert write_metadata(metadata)["actions"] == [{**changed, "permissions": [{"role": "user"}]}]
    metadata, _ = run(metadata, "drop_action_permission", {"action": "greet", "role": "user"})
    assert write_metadata(metadata)["actions"] == [changed]
    none = refusal(metadata, "drop_action_permission", {"action": "greet", "role": "user"})
    assert shape(none) == ("not-exists", "$.args", 'permission for role "user" is not defined on "greet"')


def test_an_event_trigger_stands_on_its_table():
    metadata, answer = run(TRACKED, "pg_create_event_trigger", TRIGGER)
    assert answer["warnings"][0]["name"] == "event_trigger told in table author in source default"
    (_, author) = write_metadata(metadata)["sources"][0]["tables"]
    assert author["event_triggers"] == [
        {
            "name": "told",
            "definition": {
                "enable_manual": False,
                "insert": {"columns": "*"},
                "update": {"columns": ["name"], "payload": "*"},
            },
            "retry_conf": {"interval_sec": 10, "num_retries": 0, "timeout_sec": 60},
            "webhook": "http://x",
        }
    ]
    assert refusal(metadata, "pg_create_event_trigger", TRIGGER).code == "already-exists"
    elsewhere = {**TRIGGER, "table": "article", "replace": True}
    assert refusal(metadata, "pg_create_event_trigger", elsewhere).code == "not-exists"
    changed, _ = run(metadata, "pg_create_event_trigger", {**TRIGGER, "webhook": "http://y", "replace": True})
    (_, author) = write_metadata(changed)["sources"][0]["tables"]
    assert author["event_triggers"][0]["webhook"] == "http://y"
    assert run(changed, "pg_delete_event_trigger", {"name": "told"})[0] == TRACKED


@pytest.mark.parametrize(
    ("name", "args", "path", "message"),
    [
        ("create_event_trigger", {**TRIGGER, "name": ""}, "$.name", "empty string not allowed"),
        ("create_event_trigger", {**TRIGGER, "webhook": ""}, "$.webhook", "empty string not allowed"),
        (
            "create_event_trigger",
            {"name": "x", "table": "author", "webhook": "http://x"},
            "$",
            "at least one amongst insert/update/delete/enable_manual spec must be provided",
        ),
        ("add_remote_schema", {**SCHEMA, "name": ""}, "$.name", "empty string not allowed"),
        (
            "add_remote_schema",
            {"name": "x", "definition": {}},
            "$.definition",
            "expecting one of url or url_from_env, not both",
        ),
        ("create_action", {"name": "x", "definition": {}}, "$.definition", 'key "handler" not found'),
        ("create_cron_trigger", {**CRON, "schedule": "daily"}, "$.schedule", "a cron schedule has five fields"),
    ],
)
def test_what_is_malformed_is_refused_where_it_stands(name, args, path, message):
    assert shape(refusal(TRACKED, name, args, legacy=True)) == ("parse-failed", path, message)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("api_limits", "api_limits"),
        ("metrics_config", "metrics_config"),
        ("opentelemetry_config", "opentelemetry"),
        ("graphql_schema_introspection_options", "graphql_schema_introspection"),
    ],
)
def test_a_setting_is_kept_and_forgotten(name, key):
    metadata, _ = run(EMPTY, f"set_{name}", {"x": 1})
    assert write_metadata(metadata)[key] == {"x": 1}
    assert run(metadata, f"remove_{name}", {})[0] == EMPTY


def test_hosts_are_told_apart_by_their_suffix():
    host = {"host": "x", "suffix": "8443", "permissions": ["self-signed"]}
    metadata = run_all(("add_host_to_tls_allowlist", host), ("add_host_to_tls_allowlist", {"host": "x"}))
    assert write_metadata(metadata)["network"] == {"tls_allowlist": [host, {"host": "x"}]}
    assert refusal(metadata, "add_host_to_tls_allowlist", {"host": "x"}).code == "already-exists"
    metadata, _ = run(metadata, "drop_host_from_tls_allowlist", {"host": "x"})
    assert refusal(metadata, "drop_host_from_tls_allowlist", {"host": "x"}).code == "not-exists"
    assert run(metadata, "drop_host_from_tls_allowlist", {"host": "x", "suffix": "8443"})[0] == EMPTY


def test_custom_types_are_kept():
    types = {"objects": [{"name": "T", "fields": [{"name": "a", "type": "Int!"}]}], "scalars": []}
    metadata, _ = run(EMPTY, "set_custom_types", types)
    assert write_metadata(metadata)["custom_types"] == {"objects": types["objects"]}
    assert run(metadata, "set_custom_types", {})[0] == EMPTY


COLLECTION = {"name": "c", "definition": {"queries": [{"name": "q", "query": "{ author { id } }"}]}}
ENDPOINT = {
    "name": "e",
    "url": "authors/:id",
    "methods": ["GET"],
    "definition": {"query": {"collection_name": "c", "query_name": "q"}},
}


def test_an_endpoint_needs_its_query():
    collected, _ = run(EMPTY, "create_query_collection", COLLECTION)
    assert refusal(EMPTY, "create_rest_endpoint", ENDPOINT).code == "not-exists"
    wrong = {**ENDPOINT, "definition": {"query": {"collection_name": "c", "query_name": "z"}}}
    assert refusal(collected, "create_rest_endpoint", wrong).code == "not-exists"
    metadata, _ = run(collected, "create_rest_endpoint", ENDPOINT)
    assert write_metadata(metadata)["rest_endpoints"] == [{**ENDPOINT, "comment": None}]
    assert refusal(metadata, "create_rest_endpoint", ENDPOINT).code == "already-exists"
    assert run(metadata, "drop_rest_endpoint", {"name": "e"})[0] == collected


def test_a_collection_is_renamed_in_the_allow_list_too():
    metadata = run_all(
        ("create_query_collection", COLLECTION),
        ("add_collection_to_allowlist", {"collection": "c"}),
        ("rename_query_collection", {"name": "c", "new_name": "d"}),
        ("update_scope_of_collection_in_allowlist", {"collection": "d", "scope": {"global": False, "roles": ["user"]}}),
    )
    written = write_metadata(metadata)
    assert [entry["name"] for entry in written["query_collections"]] == ["d"]
    assert written["allowlist"] == [{"collection": "d", "scope": {"global": False, "roles": ["user"]}}]


def test_metadata_of_version_2_replaces_what_that_version_knows():
    document = {"version": 2, "tables": [], "actions": [ACTION], "cron_triggers": [CRON]}
    before, _ = run(EMPTY, "add_remote_schema", SCHEMA)
    metadata, _ = run(before, "replace_metadata", document)
    written = write_metadata(metadata)
    assert (written["actions"], written["cron_triggers"]) == ([ACTION], [CRON])
    assert "remote_schemas" not in written

"""Whatever the arguments, a command answers or refuses; it never fails in another way."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.engine import commands
from orchestrator.engine.commands import Call, Context
from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.reader import read_metadata
from orchestrator.engine.metadata.writer import write_metadata

from .test_commands import DATABASES, RELATED

KEYS = [
    "table",
    "source",
    "name",
    "schema",
    "role",
    "permission",
    "columns",
    "filter",
    "check",
    "set",
    "using",
    "foreign_key_constraint_on",
    "manual_configuration",
    "remote_table",
    "column_mapping",
    "column",
    "configuration",
    "column_config",
    "custom_name",
    "custom_root_fields",
    "custom_column_names",
    "is_enum",
    "relationship",
    "new_name",
    "cascade",
    "comment",
    "function",
    "definition",
    "table_argument",
    "session_argument",
    "tables",
    "sources",
    "functions",
    "version",
    "metadata",
    "allow_inconsistent_metadata",
    "connection_info",
    "database_url",
    "type",
    "role_name",
    "role_set",
    "customization",
    "root_fields",
    "type_names",
    "prefix",
    "kind",
    "limit",
    "object_relationships",
    "array_relationships",
    "select_permissions",
    "insert_permissions",
    "collection",
    "queries",
    "query",
    "_and",
    "_or",
    "_not",
    "_exists",
    "_table",
    "_where",
    "_eq",
    "_in",
    "_cast",
    "_is_null",
    "_ceq",
    "$eq",
    "id",
    "title",
    "author",
    "author_id",
    "articles",
    "webhook",
    "schedule",
    "include_in_metadata",
    "url",
    "handler",
    "action",
    "remote_schema",
    "permissions",
    "headers",
    "insert",
    "retry_conf",
    "event_triggers",
    "remote_relationships",
    "to_source",
    "field_mapping",
    "relationship_type",
    "actions",
    "cron_triggers",
    "inherited_roles",
    "rest_endpoints",
    "network",
    "host",
    "scope",
    "methods",
    "reload_sources",
    "query_root_fields",
]
WORDS = ("article", "author", "articles", "user", "id", "title", "default", "*", "", "postgres", "select", "X-Hasura-A")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 4), st.floats(allow_nan=False), st.sampled_from(WORDS))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)
NAMED = st.fixed_dictionaries({"table": st.sampled_from(("article", "author"))}, optional=dict.fromkeys(KEYS[1:], JSON))
# Arguments that are right but for one member reach deeper than wholly random ones.
PERMISSION = st.fixed_dictionaries({"columns": JSON | st.just("*"), "filter": JSON, "check": JSON})
NEARLY_RIGHT = st.fixed_dictionaries(
    {
        "table": st.sampled_from(("article", "author")),
        "name": st.sampled_from(WORDS),
        "role": st.sampled_from(("user", "other")),
        "permission": PERMISSION,
        "using": JSON,
        "configuration": JSON,
        "definition": st.fixed_dictionaries({"function": st.sampled_from(("search", "nowhere"))}),
    }
)
NAMES = sorted(name for name in commands.COMMANDS if name.startswith("pg_") or "_" in name)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(NAMES), JSON | NAMED | NEARLY_RIGHT)
def test_a_command_answers_or_refuses(name, args):
    before = inconsistencies(RELATED, DATABASES)
    try:
        result = commands.find(name)(Call(RELATED, JsonValue(args, "$.args"), Context(DATABASES, before)))
        after = commands.settle(before, result, DATABASES)
    except EngineError:
        return
    result.answered(after)
    written = write_metadata(result.metadata)
    assert write_metadata(read_metadata(JsonValue(written))) == written

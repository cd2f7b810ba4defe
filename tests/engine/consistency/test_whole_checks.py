import pytest

from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.consistency.inconsistency import Databases, consistent
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import Metadata
from orchestrator.engine.metadata.reader import read_metadata
from orchestrator.engine.metadata.writer import write_metadata

from ..catalogs import CATALOG

DATABASES = Databases({"default": CATALOG})
TO_ARTICLE = {
    "source": "default",
    "table": "article",
    "relationship_type": "array",
    "field_mapping": {"id": "author_id"},
}


def metadata(to_source=None, *, roles=None, **rest) -> Metadata:
    """Authors, whom the role `user` may select, and articles."""
    remote = [{"name": "far", "definition": {"to_source": to_source}}] if to_source else []
    author = {
        "table": "author",
        "select_permissions": [{"role": "user", "permission": {"columns": "*", "filter": {}}}],
        "remote_relationships": remote,
    }
    source = {
        "name": "default",
        "kind": "postgres",
        "tables": [author, {"table": "article"}],
        "configuration": {"connection_info": {"database_url": "postgres://localhost/x"}},
    }
    inherited = [{"role_name": name, "role_set": parents} for name, parents in (roles or {}).items()]
    return read_metadata(JsonValue({"version": 3, "sources": [source], "inherited_roles": inherited, **rest}))


def reasons(found: Metadata):
    return {each.object.name: each.reason for each in inconsistencies(found, DATABASES)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "no"}, 'source not found: "no"'),
        ({"table": "no"}, 'table "no" does not exist in source: default'),
        ({"field_mapping": {"no": "id"}}, 'table "author" has no field named "no"'),
        ({"field_mapping": {"id": "no"}}, 'table "article" has no field named "no"'),
        (
            {"field_mapping": {}},
            "the definition of to_source needs source, table, relationship_type and field_mapping",
        ),
    ],
)
def test_a_relationship_to_a_source_that_leads_nowhere_is_inconsistent(changes, reason):
    found = metadata({**TO_ARTICLE, **changes})
    name = "remote_relationship far in table author in source default"
    assert reasons(found) == {name: f"Inconsistent object: {reason}"}
    assert consistent(found, inconsistencies(found, DATABASES)) == metadata()


def test_a_relationship_to_a_source_that_leads_somewhere_is_consistent():
    assert reasons(metadata(TO_ARTICLE)) == {}


def test_an_inherited_role_needs_its_parents():
    found = metadata(roles={"both": ["user", "nobody"]})
    reason = (
        "Inconsistent object: the following parent role(s) are not found: nobody "
        'which are required to construct the inherited role: "both"'
    )
    assert reasons(found) == {"inherited role both": reason}
    (problem,) = inconsistencies(found, DATABASES)
    assert problem.as_json()["type"] == "inherited_role"
    assert problem.as_json()["definition"] == {"role_name": "both", "role_set": ["user", "nobody"]}
    assert consistent(found, (problem,)).inherited_roles == {}


def test_an_inherited_role_may_inherit_from_another_and_from_what_actions_allow():
    action = {"name": "greet", "definition": {}, "permissions": [{"role": "guest"}]}
    found = metadata(roles={"a": ["user"], "b": ["a", "guest"]}, actions=[action])
    assert [each.object.name for each in inconsistencies(found, DATABASES) if not each.is_unserved] == []


def test_roles_that_inherit_from_themselves_are_inconsistent():
    found = reasons(metadata(roles={"a": ["b"], "b": ["a"], "c": ["user"]}))
    assert found == {
        "inherited role a": "Inconsistent object: found cycle(s) in roles: ['a', 'b']",
        "inherited role b": "Inconsistent object: found cycle(s) in roles: ['b', 'a']",
    }


def test_what_is_only_kept_is_told_of_and_left_out():
    action = {"name": "greet", "definition": {}}
    found = metadata(actions=[action])
    (problem,) = inconsistencies(found, DATABASES)
    assert problem.is_unserved
    assert (problem.as_json()["type"], problem.as_json()["name"]) == ("action", "action greet")
    assert consistent(found, (problem,)) == metadata()


def test_everything_of_hasuras_metadata_is_exported_as_it_came():
    document = {
        **write_metadata(metadata(TO_ARTICLE, roles={"a": ["user"]})),
        "actions": [{"name": "greet", "definition": {"handler": "x"}}],
        "custom_types": {"scalars": [{"name": "S"}]},
        "remote_schemas": [{"name": "far", "definition": {"url": "http://x"}}],
        "cron_triggers": [{"name": "c", "webhook": "x", "schedule": "* * * * *", "include_in_metadata": True}],
        "query_collections": [{"name": "q", "definition": {"queries": []}}],
        "allowlist": [{"collection": "q", "scope": {"global": True}}],
        "rest_endpoints": [{"name": "e", "url": "e", "methods": ["GET"], "definition": {}}],
        "api_limits": {"disabled": False},
        "network": {"tls_allowlist": [{"host": "x"}]},
        "metrics_config": {"analyze_query_variables": True},
        "opentelemetry": {"status": "disabled"},
        "graphql_schema_introspection": {"disabled_for_roles": ["user"]},
        "backend_configs": {"dataconnector": {"x": {"uri": "http://x"}}},
    }
    (source,) = document["sources"]
    source["tables"][0]["event_triggers"] = [{"name": "t", "definition": {"enable_manual": True}, "webhook": "x"}]
    source["query_tags"] = {"disabled": True}
    assert write_metadata(read_metadata(JsonValue(document))) == document

import pytest

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import ALL, ColumnConfig, ForeignKey, Manual
from orchestrator.engine.metadata.reader import read_metadata, read_name, read_object_using, read_table
from orchestrator.engine.metadata.writer import write_metadata

AUTHOR, ARTICLE = QualifiedName("public", "author"), QualifiedName("public", "article")
CONNECTION = {
    "connection_info": {
        "database_url": {"from_env": "DB"},
        "isolation_level": "read-committed",
        "use_prepared_statements": False,
    }
}
EVERYTHING = {
    "version": 3,
    "sources": [
        {
            "name": "default",
            "kind": "postgres",
            "tables": [
                {
                    "table": {"name": "article", "schema": "public"},
                    "object_relationships": [
                        {"name": "author", "using": {"foreign_key_constraint_on": "author_id"}},
                        {"name": "both", "using": {"foreign_key_constraint_on": ["a", "b"]}, "comment": "two columns"},
                    ],
                },
                {
                    "table": {"name": "author", "schema": "public"},
                    "is_enum": True,
                    "configuration": {
                        "column_config": {"id": {"custom_name": "authorId", "comment": "the key"}},
                        "comment": "",
                        "custom_column_names": {"id": "authorId"},
                        "custom_name": "writer",
                        "custom_root_fields": {"select": "writers", "insert": {"name": "add", "comment": "adds"}},
                    },
                    "array_relationships": [
                        {
                            "name": "articles",
                            "using": {
                                "foreign_key_constraint_on": {
                                    "column": "author_id",
                                    "table": {"name": "article", "schema": "public"},
                                }
                            },
                        },
                        {
                            "name": "by_hand",
                            "using": {
                                "manual_configuration": {
                                    "column_mapping": {"id": "author_id"},
                                    "insertion_order": None,
                                    "remote_table": {"name": "article", "schema": "public"},
                                }
                            },
                        },
                    ],
                    "computed_fields": [
                        {
                            "name": "full_name",
                            "definition": {
                                "function": {"name": "full_name", "schema": "public"},
                                "session_argument": "s",
                                "table_argument": "t",
                            },
                        }
                    ],
                    "remote_relationships": [{"name": "r", "definition": {"to_source": {}}}],
                    "insert_permissions": [
                        {
                            "role": "user",
                            "permission": {
                                "check": {"id": {"_eq": "X-Hasura-User-Id"}},
                                "set": {"id": "x-hasura-user-id"},
                                "columns": ["name"],
                                "backend_only": True,
                            },
                            "comment": "own rows",
                        }
                    ],
                    "select_permissions": [
                        {"role": "anonymous", "permission": {"columns": "*", "filter": {}}},
                        {
                            "role": "user",
                            "permission": {
                                "columns": ["id", "name"],
                                "computed_fields": ["full_name"],
                                "filter": {"_or": []},
                                "limit": 0,
                                "allow_aggregations": True,
                                "query_root_fields": [],
                                "subscription_root_fields": ["select"],
                            },
                        },
                    ],
                    "update_permissions": [
                        {"role": "user", "permission": {"columns": ["name"], "filter": {}, "check": None}}
                    ],
                    "delete_permissions": [{"role": "user", "permission": {"filter": {}, "backend_only": True}}],
                    "event_triggers": [{"name": "e"}],
                },
            ],
            "functions": [
                {
                    "function": {"name": "search", "schema": "public"},
                    "configuration": {"custom_name": "find", "session_argument": "session"},
                    "permissions": [{"role": "user"}],
                    "comment": "finds",
                }
            ],
            "query_tags": {"disabled": True},
            "configuration": CONNECTION,
            "customization": {
                "root_fields": {"namespace": "n", "prefix": "p_"},
                "type_names": {"suffix": "_t"},
                "naming_convention": "graphql-default",
            },
        }
    ],
    "actions": [{"name": "a"}],
    "inherited_roles": [{"role_name": "editor", "role_set": ["user", "author"]}],
}


def test_everything_survives_a_round_trip_keys_in_order():
    exported = write_metadata(read_metadata(JsonValue(EVERYTHING)))
    assert exported == EVERYTHING
    assert list(exported) == list(EVERYTHING)
    for table, given in zip(exported["sources"][0]["tables"], EVERYTHING["sources"][0]["tables"], strict=True):
        assert list(table) == list(given)


def test_tables_are_exported_by_name_whatever_the_order_they_came_in():
    tables = [{"table": {"name": name, "schema": "public"}} for name in ("b", "c", "a")]
    source = {"name": "default", "kind": "postgres", "tables": tables, "configuration": CONNECTION}
    exported = write_metadata(read_metadata(JsonValue({"version": 3, "sources": [source]})))
    assert [table["table"]["name"] for table in exported["sources"][0]["tables"]] == ["a", "b", "c"]


def test_the_connection_gets_hasuras_defaults():
    source = {"name": "s", "configuration": {"connection_info": {"database_url": "postgres://h/d"}}}
    metadata = read_metadata(JsonValue({"version": 3, "sources": [source]}))
    assert metadata.sources["s"].kind == "postgres"
    assert metadata.sources["s"].configuration["connection_info"] == {
        "database_url": "postgres://h/d",
        "isolation_level": "read-committed",
        "use_prepared_statements": False,
    }


def test_a_name_is_of_the_schema_public_unless_it_says_otherwise():
    assert read_name(JsonValue("author")) == AUTHOR
    assert read_name(JsonValue({"name": "author"})) == AUTHOR
    assert read_name(JsonValue({"name": "author", "schema": "hr"})) == QualifiedName("hr", "author")


def test_column_config_beats_the_deprecated_column_names():
    configuration = {
        "custom_column_names": {"id": "ignored", "age": "years"},
        "column_config": {"id": {"custom_name": "key"}},
    }
    table = read_table(JsonValue({"table": "author", "configuration": configuration}))
    assert table.configuration.column_config == {"id": ColumnConfig("key"), "age": ColumnConfig("years")}


@pytest.mark.parametrize(
    ("using", "read"),
    [
        ({"foreign_key_constraint_on": "a"}, ForeignKey(("a",))),
        ({"foreign_key_constraint_on": ["a", "b"]}, ForeignKey(("a", "b"))),
        ({"foreign_key_constraint_on": {"table": "article", "column": "a"}}, ForeignKey(("a",), ARTICLE)),
        ({"foreign_key_constraint_on": {"table": "article", "columns": ["a"]}}, ForeignKey(("a",), ARTICLE)),
        (
            {"manual_configuration": {"remote_table": "article", "column_mapping": {"id": "a"}}},
            Manual(ARTICLE, {"id": "a"}),
        ),
    ],
)
def test_the_forms_of_a_relationship(using, read):
    assert read_object_using(JsonValue(using)) == read


def test_a_star_means_all_columns():
    permission = {"role": "user", "permission": {"columns": "*", "filter": {}}}
    table = read_table(JsonValue({"table": "author", "select_permissions": [permission]}))
    assert table.select_permissions["user"].columns is ALL


@pytest.mark.parametrize(
    ("table", "path", "message"),
    [
        ({}, "$", 'key "table" not found'),
        ({"table": 3}, "$.table", "parsing Object failed, expected Object, but encountered Number"),
        ({"table": ""}, "$.table", "empty string not allowed"),
        (
            {"table": "t", "is_enum": "yes"},
            "$.is_enum",
            "parsing Bool failed, expected Boolean, but encountered String",
        ),
        (
            {"table": "t", "select_permissions": [{"role": "r", "permission": {"columns": "*"}}]},
            "$.select_permissions[0].permission",
            'key "filter" not found',
        ),
        (
            {"table": "t", "object_relationships": [{"name": "r", "using": {}}]},
            "$.object_relationships[0].using",
            "at least one of manual_configuration or foreign_key_constraint_on should be present",
        ),
        (
            {
                "table": "t",
                "select_permissions": [{"role": "r", "permission": {"columns": "*", "filter": {}, "limit": -1}}],
            },
            "$.select_permissions[0].permission.limit",
            "unexpected negative value",
        ),
    ],
)
def test_what_is_malformed_is_refused_with_its_path(table, path, message):
    with pytest.raises(EngineError) as caught:
        read_table(JsonValue(table))
    assert (caught.value.code, caught.value.path, caught.value.message) == ("parse-failed", path, message)

import pytest

from orchestrator.engine import commands
from orchestrator.engine.commands import Call, Context
from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.consistency.inconsistency import Databases, Failure, ObjectId
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import ALL, Metadata, Source
from orchestrator.engine.metadata.writer import write_metadata

from ..catalogs import CATALOG, public

DATABASES = Databases({"default": CATALOG}, enums={"default": {public("colors"): (("red", None), ("blue", None))}})
CONNECTION = {
    "connection_info": {
        "database_url": "postgres://localhost/db",
        "isolation_level": "read-committed",
        "use_prepared_statements": False,
    }
}
EMPTY = Metadata(sources={"default": Source("default", configuration=CONNECTION)})


def run(metadata, name, args, *, legacy=False, databases=DATABASES):
    """The metadata and the answer after the command, which must leave everything consistent."""
    path = "$" if legacy else "$.args"
    before = inconsistencies(metadata, databases)
    call = Call(metadata, JsonValue(args, path), Context(databases, before))
    result = commands.find(name, legacy=legacy)(call)
    after = commands.settle(before, result, databases)
    return result.metadata, result.answered(after)


def run_all(*steps, metadata=EMPTY):
    for name, args in steps:
        metadata, _ = run(metadata, name, args)
    return metadata


def refusal(metadata, name, args, **options):
    with pytest.raises(EngineError) as caught:
        run(metadata, name, args, **options)
    return caught.value


def shape(error):
    return error.code, error.path, error.message


TRACKED = run_all(("pg_track_table", {"table": "author"}), ("pg_track_table", {"table": "article"}))
AUTHOR_OF = {"table": "article", "name": "author", "using": {"foreign_key_constraint_on": "author_id"}}
ARTICLES_OF = {
    "table": "author",
    "name": "articles",
    "using": {"foreign_key_constraint_on": {"table": "article", "column": "author_id"}},
}
OWN_ARTICLES = {
    "table": "article",
    "role": "user",
    "permission": {"columns": "*", "filter": {"author": {"name": "X-Hasura-Name"}}},
}
RELATED = run_all(
    ("pg_create_object_relationship", AUTHOR_OF),
    ("pg_create_array_relationship", ARTICLES_OF),
    ("pg_create_select_permission", OWN_ARTICLES),
    metadata=TRACKED,
)


@pytest.mark.parametrize(
    "args", ["author", {"name": "author"}, {"table": "author"}, {"schema": "public", "name": "author"}]
)
def test_a_table_is_tracked_in_each_form(args):
    metadata, answer = run(EMPTY, "track_table", args, legacy=True)
    assert list(metadata.sources["default"].tables) == [public("author")]
    assert answer == {"message": "success"}


def test_a_table_is_tracked_once():
    error = refusal(TRACKED, "pg_track_table", {"table": "author"})
    assert shape(error) == ("already-tracked", "$.args", 'view/table already tracked: "author"')


def test_a_table_that_is_missing_is_not_tracked():
    error = refusal(TRACKED, "pg_track_table", {"table": "missing"})
    reason = 'Inconsistent object: no such table/view exists in source: "missing"'
    assert shape(error) == ("invalid-configuration", "$.args", reason)
    assert error.internal == [
        {
            "definition": {"name": "missing", "schema": "public"},
            "name": "table missing in source default",
            "reason": reason,
            "type": "table",
        }
    ]


def test_of_several_tables_the_missing_ones_become_warnings():
    metadata, answer = run(EMPTY, "pg_track_tables", {"tables": [{"table": "author"}, {"table": "missing"}]})
    assert list(metadata.sources["default"].tables) == [public("author")]
    assert [warning["code"] for warning in answer["warnings"]] == ["track-table-failed"]
    strict = {"tables": [{"table": "author"}, {"table": "missing"}], "allow_warnings": False}
    assert refusal(EMPTY, "pg_track_tables", strict).code == "metadata-warnings"


def test_a_table_that_others_relate_to_is_untracked_with_cascade_only():
    error = refusal(RELATED, "pg_untrack_table", {"table": "author"})
    assert error.code == "dependency-error"
    assert error.message == (
        'cannot drop due to the following dependent objects: permission article.user.select in source "default", '
        'relationship article.author in source "default"'
    )
    metadata, _ = run(RELATED, "pg_untrack_table", {"table": "author", "cascade": True})
    (left,) = metadata.sources["default"].tables.values()
    assert (left.name, left.object_relationships, left.select_permissions) == (public("article"), {}, {})


def test_a_relationship_is_created_along_a_foreign_key_and_back():
    tables = RELATED.sources["default"].tables
    assert list(tables[public("article")].object_relationships) == ["author"]
    assert list(tables[public("author")].array_relationships) == ["articles"]


def test_a_relationship_without_a_foreign_key_is_refused_with_the_object():
    wrong = {**AUTHOR_OF, "using": {"foreign_key_constraint_on": "title"}}
    error = refusal(TRACKED, "create_object_relationship", wrong, legacy=True)
    reason = (
        'Inconsistent object: in table "article": in relationship "author": '
        "no foreign constraint exists on the given column(s)"
    )
    assert shape(error) == ("invalid-configuration", "$.args", reason)
    assert error.internal == [
        {
            "definition": {
                "using": {"foreign_key_constraint_on": "title"},
                "name": "author",
                "source": "default",
                "comment": None,
                "table": {"schema": "public", "name": "article"},
            },
            "reason": reason,
            "name": "object_relation author in table article in source default",
            "type": "object_relation",
        }
    ]


def test_a_manual_relationship_needs_its_columns():
    manual = {"remote_table": "author", "column_mapping": {"author_id": "nowhere"}}
    wrong = {**AUTHOR_OF, "using": {"manual_configuration": manual}}
    error = refusal(TRACKED, "pg_create_object_relationship", wrong)
    assert error.message == 'Inconsistent object: table "author" has no field named "nowhere"'


def test_a_relationship_may_not_take_the_name_of_a_column_or_of_another():
    taken = 'field with name "{}" already exists in table "article"'
    error = refusal(RELATED, "pg_create_object_relationship", {**AUTHOR_OF, "name": "title"})
    assert shape(error) == ("already-exists", "$.args", taken.format("title"))
    assert refusal(RELATED, "pg_create_object_relationship", AUTHOR_OF).message == taken.format("author")


def test_a_renamed_relationship_is_renamed_in_permissions_too():
    metadata, _ = run(RELATED, "pg_rename_relationship", {"table": "article", "name": "author", "new_name": "writer"})
    table = metadata.sources["default"].tables[public("article")]
    assert list(table.object_relationships) == ["writer"]
    assert table.select_permissions["user"].filter == {"writer": {"name": "X-Hasura-Name"}}


def test_a_relationship_that_a_permission_needs_is_dropped_with_cascade_only():
    args = {"table": "article", "relationship": "author"}
    error = refusal(RELATED, "pg_drop_relationship", args)
    assert error.message == (
        'cannot drop due to the following dependent objects: permission article.user.select in source "default"'
    )
    metadata, _ = run(RELATED, "pg_drop_relationship", {**args, "cascade": True})
    assert metadata.sources["default"].tables[public("article")].select_permissions == {}


@pytest.mark.parametrize(
    ("kind", "permission"),
    [
        ("insert", {"check": {}, "columns": ["title"], "set": {"author_id": "x-hasura-user-id"}}),
        ("select", {"columns": ["title"], "filter": {"author_id": "X-Hasura-User-Id"}}),
        ("update", {"columns": ["title"], "filter": {}, "check": None}),
        ("delete", {"filter": {"author_id": {"_eq": "X-Hasura-User-Id"}}}),
    ],
)
def test_each_permission_is_created_commented_and_dropped_once(kind, permission):
    args = {"table": "article", "role": "editor", "permission": permission}
    created, _ = run(TRACKED, f"pg_create_{kind}_permission", args)
    again = refusal(created, f"pg_create_{kind}_permission", args)
    message = f'{kind} permission already defined on table "article" with role "editor"'
    assert shape(again) == ("already-exists", "$.args", message)
    comment = {"table": "article", "role": "editor", "type": kind, "comment": "why"}
    commented, _ = run(created, "pg_set_permission_comment", comment)
    (exported,) = write_metadata(commented)["sources"][0]["tables"][0][f"{kind}_permissions"]
    assert (exported["role"], exported["comment"]) == ("editor", "why")
    dropped, _ = run(commented, f"pg_drop_{kind}_permission", {"table": "article", "role": "editor"})
    assert dropped == TRACKED
    assert (
        refusal(TRACKED, f"pg_drop_{kind}_permission", {"table": "article", "role": "editor"}).code
        == "permission-denied"
    )


@pytest.mark.parametrize(
    ("permission", "reason"),
    [
        ({"columns": ["nowhere"], "filter": {}}, 'column "nowhere" does not exist'),
        ({"columns": "*", "filter": {}, "computed_fields": ["random"]}, 'computed field "random" does not exist'),
    ],
)
def test_a_permission_on_what_is_missing_is_refused(permission, reason):
    args = {"table": "article", "role": "user", "permission": permission}
    error = refusal(TRACKED, "pg_create_select_permission", args)
    assert error.message == f'Inconsistent object: in table "article": in permission for role "user": {reason}'
    assert error.internal[0]["name"] == "select_permission user in table article in source default"
    assert error.internal[0]["definition"]["permission"]["allow_aggregations"] is False


def test_an_unknown_table_is_named_with_its_source():
    error = refusal(TRACKED, "pg_set_table_customization", {"table": "author1", "configuration": {}})
    assert shape(error) == ("not-exists", "$.args", 'table "author1" does not exist in source: default')


def test_custom_names_that_take_a_relationships_name_are_refused():
    configuration = {"column_config": {"name": {"custom_name": "articles"}}}
    error = refusal(RELATED, "pg_set_table_customization", {"table": "author", "configuration": configuration})
    assert (error.code, error.status) == ("unexpected", 400)
    assert error.message == "cannot continue due to new inconsistent metadata"
    reason = 'Inconsistent object: field definition conflicts with custom field name for postgres column "name"'
    assert [found["reason"] for found in error.internal] == [reason]


def test_an_enum_table_must_look_like_one():
    metadata, _ = run(EMPTY, "pg_track_table", {"table": "colors", "is_enum": True})
    assert metadata.sources["default"].tables[public("colors")].is_enum
    error = refusal(TRACKED, "pg_set_table_is_enum", {"table": "article", "is_enum": True})
    assert error.message.startswith(
        'Inconsistent object: the table "article" cannot be used as an enum for the following reasons:\n'
        '  • the table’s primary key ("id") must have type "text", not type "integer"\n'  # noqa: RUF001
    )


def test_an_enum_value_must_be_a_graphql_name():
    databases = Databases({"default": CATALOG}, enums={"default": {public("colors"): (("a+b", None),)}})
    args = {"table": "colors", "is_enum": True}
    error = refusal(EMPTY, "pg_track_table", args, databases=databases)
    assert error.message.endswith('because the value "a+b" is not a valid GraphQL enum value name')


def test_functions_and_tables_share_their_names():
    metadata, _ = run(EMPTY, "track_function", "search", legacy=True)
    assert list(metadata.sources["default"].functions) == [public("search")]
    again = refusal(metadata, "pg_track_function", {"function": "search"})
    assert shape(again) == ("already-tracked", "$.args", 'function already tracked: "search"')
    error = refusal(metadata, "pg_track_table", {"table": "search"})
    assert shape(error) == ("not-supported", "$.args", 'function with name "search" already exists')


@pytest.mark.parametrize(("legacy", "path"), [(True, "$.role"), (False, "$.args.role")])
def test_malformed_arguments_are_refused_with_the_path_of_their_api(legacy, path):
    name = "create_insert_permission" if legacy else "pg_create_insert_permission"
    args = {"table": "article", "role": "", "permission": {"check": {}}}
    assert shape(refusal(TRACKED, name, args, legacy=legacy)) == ("parse-failed", path, "empty string not allowed")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pg_fly", 'unknown metadata command "fly" for backend pg'),
        ("fly_away", 'unknown metadata command "fly_away"; "fly" was not recognized as a valid backend name'),
    ],
)
def test_an_unknown_command_is_named(name, message):
    assert shape(refusal(EMPTY, name, {})) == ("parse-failed", "$", message)


def test_a_source_is_added_updated_renamed_and_dropped():
    databases = Databases(dict.fromkeys(("default", "other", "renamed"), CATALOG))
    args = {"name": "other", "configuration": CONNECTION, "customization": {"root_fields": {"prefix": "o_"}}}
    added, _ = run(EMPTY, "pg_add_source", args, databases=databases)
    assert added.sources["other"].customization.root_fields.prefix == "o_"
    again = refusal(added, "pg_add_source", args, databases=databases)
    assert shape(again) == ("already-exists", "$.args", 'source with name "other" already exists')
    renamed, _ = run(added, "rename_source", {"name": "other", "new_name": "renamed"}, databases=databases)
    assert list(renamed.sources) == ["default", "renamed"]
    dropped, _ = run(renamed, "pg_drop_source", {"name": "renamed"}, databases=databases)
    assert dropped == EMPTY
    error = refusal(dropped, "pg_drop_source", {"name": "renamed"}, databases=databases)
    assert shape(error) == ("not-exists", "$.args", 'source with name "renamed" does not exist')


def test_a_source_whose_database_does_not_answer_is_refused():
    databases = Databases({"default": CATALOG}, failures={"other": Failure("connection error", "could not connect")})
    error = refusal(EMPTY, "pg_add_source", {"name": "other", "configuration": CONNECTION}, databases=databases)
    assert error.code == "invalid-configuration"
    assert error.internal[0]["message"] == "could not connect"


def test_what_is_exported_can_be_put_back():
    _, exported = run(RELATED, "export_metadata", {})
    cleared, _ = run(RELATED, "clear_metadata", {})
    assert cleared == EMPTY
    replaced, _ = run(cleared, "replace_metadata", exported)
    assert write_metadata(replaced) == exported


def test_metadata_without_sources_goes_into_the_default_source():
    metadata, _ = run(EMPTY, "replace_metadata", {"tables": [{"table": "author"}], "functions": ["search"]})
    assert list(metadata.sources["default"].tables) == [public("author")]
    assert list(metadata.sources["default"].functions) == [public("search")]
    error = refusal(Metadata(), "replace_metadata", {"tables": []})
    assert error.message == "cannot import metadata without sources since no default source is defined"


def test_inconsistent_metadata_is_replaced_only_where_that_is_allowed():
    document = write_metadata(RELATED)
    document["sources"][0]["tables"] += [{"table": {"name": "missing", "schema": "public"}}]
    error = refusal(EMPTY, "replace_metadata", document)
    assert shape(error) == ("unexpected", "$.args", "cannot continue due to inconsistent metadata")
    assert [found["name"] for found in error.internal] == ["table missing in source default"]
    args = JsonValue({"allow_inconsistent_metadata": True, "metadata": document}, "$.args")
    result = commands.find("replace_metadata", 2)(Call(EMPTY, args, Context(DATABASES)))
    left = commands.settle((), result, DATABASES)
    answer = result.answered(left)
    assert (answer["is_consistent"], len(answer["inconsistent_objects"])) == (False, 1)
    assert [found.object for found in left] == [ObjectId("default", public("missing"))]
    lenient = Context(DATABASES, left)
    dropped = commands.find("drop_inconsistent_metadata")(Call(result.metadata, JsonValue({}), lenient))
    assert write_metadata(dropped.metadata) == write_metadata(RELATED)


def test_inherited_roles_are_added_and_dropped():
    metadata, _ = run(EMPTY, "add_inherited_role", {"role_name": "editor", "role_set": ["user", "author"]})
    assert metadata.inherited_roles == {"editor": ("user", "author")}
    assert run(metadata, "drop_inherited_role", {"role_name": "editor"})[0] == EMPTY


def test_insert_permissions_of_no_columns_say_so():
    args = {"table": "article", "role": "user", "permission": {"check": {}, "columns": "*"}}
    metadata, _ = run(TRACKED, "pg_create_insert_permission", args)
    assert metadata.sources["default"].tables[public("article")].insert_permissions["user"].columns is ALL


def test_two_tables_of_one_graphql_name_are_refused():
    error = refusal(
        TRACKED, "pg_set_table_customization", {"table": "author", "configuration": {"custom_name": "article"}}
    )
    assert (error.code, error.status, error.path) == ("unexpected", 500, "$.args")
    lines = error.message.split("\n")
    assert lines[0] == "Encountered conflicting definitions in the selection set for 'mutation_root' for fields: ["
    both = "[table article in source default, table author in source default]"
    assert lines[1] == f"  'delete_article_by_pk' defined in {both},"
    assert lines[7:] == [
        f"  'insert_article' defined in {both}",
        "]. Fields must not be defined more than once across all sources.",
    ]


def test_a_query_collection_is_kept_and_may_be_allowed():
    definition = {"queries": [{"name": "all", "query": "{ author { id } }"}]}
    metadata = run_all(
        ("create_query_collection", {"name": "mine", "definition": definition}),
        ("add_query_to_collection", {"collection_name": "mine", "query_name": "one", "query": "{ article { id } }"}),
        ("add_collection_to_allowlist", {"collection": "mine"}),
    )
    exported = write_metadata(metadata)
    assert [query["name"] for query in exported["query_collections"][0]["definition"]["queries"]] == ["all", "one"]
    assert exported["allowlist"] == [{"collection": "mine"}]
    assert refusal(metadata, "drop_query_collection", {"collection": "mine"}).code == "dependency-error"
    assert run(metadata, "drop_query_collection", {"collection": "mine", "cascade": True})[0] == EMPTY


def test_a_query_collection_needs_a_name():
    error = refusal(EMPTY, "create_query_collection", {"name": "", "definition": {"queries": []}}, legacy=True)
    assert shape(error) == ("parse-failed", "$.name", "empty string not allowed")


def test_a_remote_relationship_is_kept():
    to_source = {"source": "default", "table": "article", "field_mapping": {"id": "id"}, "relationship_type": "object"}
    definition = {"to_source": to_source}
    args = {"table": "author", "name": "far", "definition": definition}
    metadata, _ = run(TRACKED, "pg_create_remote_relationship", args)
    (_, author) = write_metadata(metadata)["sources"][0]["tables"]
    assert author["remote_relationships"] == [{"name": "far", "definition": definition}]
    assert refusal(metadata, "pg_create_remote_relationship", args).code == "already-exists"
    assert run(metadata, "pg_delete_remote_relationship", {"table": "author", "name": "far"})[0] == TRACKED


def test_what_only_the_image_can_do_is_said_so():
    error = refusal(EMPTY, "introspect_remote_schema", {})
    message = "introspect_remote_schema is not supported by this engine; the image hasura/graphql-engine has it"
    assert (error.code, error.message) == ("not-supported", message)


def test_two_columns_do_not_share_a_field_name():
    configuration = {"column_config": {"id": {"custom_name": "name"}}}
    error = refusal(TRACKED, "pg_set_table_customization", {"table": "author", "configuration": configuration})
    reason = 'Inconsistent object: the field name "name" is given to more than one column: "id", "name"'
    assert shape(error) == ("invalid-configuration", "$.args", reason)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"query_root_fields": ["select_aggregate"]}, '"select_aggregate" root field cannot be included'),
        ({"columns": ["name"], "subscription_root_fields": ["select_by_pk"]}, "the primary key of the table"),
    ],
)
def test_a_permission_lists_no_root_field_that_its_role_can_not_have(changes, words):
    permission = {"columns": "*", "filter": {}, **changes}
    args = {"table": "author", "role": "user", "permission": permission}
    error = refusal(TRACKED, "pg_create_select_permission", args)
    assert error.code == "invalid-configuration"
    assert words in error.message


def test_a_root_field_that_does_not_exist_is_refused_where_it_stands():
    permission = {"columns": "*", "filter": {}, "query_root_fields": ["select", "select_stream"]}
    args = {"table": "author", "role": "user", "permission": permission}
    error = refusal(TRACKED, "pg_create_select_permission", args)
    assert (error.code, error.path) == ("parse-failed", "$.args.permission.query_root_fields[1]")


def test_a_source_that_another_leads_to_is_renamed_there_and_dropped_with_cascade_only():
    databases = Databases({"default": CATALOG, "other": CATALOG, "third": CATALOG})
    to_source = {"source": "other", "table": "article", "field_mapping": {"id": "id"}, "relationship_type": "object"}
    metadata = TRACKED.with_source(Source("other", configuration=CONNECTION))
    for name, args in (
        ("pg_track_table", {"source": "other", "table": "article", "configuration": {"custom_name": "piece"}}),
        ("pg_create_remote_relationship", {"table": "author", "name": "far", "definition": {"to_source": to_source}}),
        ("rename_source", {"name": "other", "new_name": "third"}),
    ):
        metadata, _ = run(metadata, name, args, databases=databases)
    error = refusal(metadata, "pg_drop_source", {"name": "third"}, databases=databases)
    words = 'cannot drop due to the following dependent objects: remote relationship author.far in source "default"'
    assert shape(error) == ("dependency-error", "$.args", words)
    left, _ = run(metadata, "pg_drop_source", {"name": "third", "cascade": True}, databases=databases)
    assert left == TRACKED

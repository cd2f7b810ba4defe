from dataclasses import replace

import pytest

from orchestrator.engine.catalog import Catalog
from orchestrator.engine.consistency.check import inconsistencies
from orchestrator.engine.consistency.inconsistency import Databases, Failure, ObjectId, consistent
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.reader import read_metadata

from ..catalogs import CATALOG, public

DOCUMENT = {
    "version": 3,
    "sources": [
        {
            "name": "default",
            "configuration": {"connection_info": {"database_url": "postgres://h/d"}},
            "tables": [
                {
                    "table": "article",
                    "object_relationships": [{"name": "author", "using": {"foreign_key_constraint_on": "author_id"}}],
                    "select_permissions": [
                        {"role": "free", "permission": {"columns": "*", "filter": {}}},
                        {"role": "user", "permission": {"columns": "*", "filter": {"author": {"id": 1}}}},
                    ],
                },
                {"table": "author"},
            ],
        }
    ],
}
METADATA = read_metadata(JsonValue(DOCUMENT))


def databases(*, without=()):
    tables = {name: info for name, info in CATALOG.tables.items() if name.name not in without}
    return Databases({"default": Catalog(tables, CATALOG.functions)})


def test_metadata_that_the_database_bears_out_is_consistent():
    assert inconsistencies(METADATA, databases()) == ()


def test_a_missing_table_takes_what_hangs_on_it_along():
    found = inconsistencies(METADATA, databases(without=("author",)))
    assert [(problem.object.name, problem.reason) for problem in found] == [
        ("table author in source default", 'Inconsistent object: no such table/view exists in source: "author"'),
        (
            "object_relation author in table article in source default",
            'Inconsistent object: table "author" is not tracked',
        ),
        (
            "select_permission user in table article in source default",
            'Inconsistent object: in table "article": in permission for role "user": "author" does not exist',
        ),
    ]


def test_what_is_left_is_consistent():
    missing = databases(without=("author",))
    left = consistent(METADATA, inconsistencies(METADATA, missing))
    assert inconsistencies(left, missing) == ()
    (table,) = left.sources["default"].tables.values()
    assert list(table.select_permissions) == ["free"]


def test_a_database_that_does_not_answer_is_one_inconsistency():
    (found,) = inconsistencies(METADATA, Databases({}, {"default": Failure("connection error", "could not connect")}))
    assert found.as_json() == {
        "definition": "default",
        "reason": "Inconsistent object: connection error",
        "name": "source default",
        "type": "source",
        "message": "could not connect",
    }


def test_a_relationship_may_not_take_a_columns_name():
    source = METADATA.sources["default"]
    article = source.tables[public("article")]
    relationships = {"title": replace(article.object_relationships["author"], name="title")}
    table = replace(article, object_relationships=relationships, select_permissions={})
    (found,) = inconsistencies(METADATA.with_source(source.with_table(table)), databases())
    assert found.object == ObjectId("default", public("article"), "object_relationships", "title")
    assert found.reason == "Inconsistent object: field definition conflicts with postgres column"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"nowhere": 1}, '"nowhere" does not exist'),
        ({"_and": [{"author": {"nowhere": {"_eq": 1}}}]}, '"nowhere" does not exist'),
        ({"title": {"_fly": 1}}, "Unknown operator: _fly"),
        (
            {"title": {"_cast": {"x); drop table author; --": {}}}},
            'cannot cast column of type "text" to type "x); drop table author; --"',
        ),
    ],
)
def test_a_filter_on_what_is_missing_makes_its_permission_inconsistent(expression, message):
    source = METADATA.sources["default"]
    article = source.tables[public("article")]
    permission = replace(article.select_permissions["user"], filter=expression)
    table = replace(article, select_permissions={"user": permission})
    (found,) = inconsistencies(METADATA.with_source(source.with_table(table)), databases())
    assert found.reason == f'Inconsistent object: in table "article": in permission for role "user": {message}'


@pytest.mark.parametrize(
    "expression",
    [
        {"_and": 1},
        {"_or": {"a": 1}},
        {"_not": []},
        {"_exists": {}},
        {"_exists": 3},
        {"author": 3},
        {"title": {"_cast": 3}},
    ],
)
def test_a_malformed_filter_is_an_inconsistency_and_no_crash(expression):
    source = METADATA.sources["default"]
    article = source.tables[public("article")]
    permission = replace(article.select_permissions["user"], filter=expression)
    table = replace(article, select_permissions={"user": permission})
    (found,) = inconsistencies(METADATA.with_source(source.with_table(table)), databases())
    assert found.reason.startswith('Inconsistent object: in table "article": in permission for role "user": expected ')

"""A role's condition, in an old v1 query, may look only at what the role may select."""

import pytest

from orchestrator.engine import boolexp
from orchestrator.engine.boolexp import Compare, Related
from orchestrator.engine.errors import EngineError
from orchestrator.engine.expressions import Viewer, condition, plain_value
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.reader import read_metadata
from orchestrator.engine.permissions import SelectRights
from orchestrator.engine.tracked import track

from .catalogs import CATALOG, public

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
                },
                {"table": "author"},
                {"table": "colors"},
            ],
        }
    ],
}
SOURCE = track(read_metadata(JsonValue(DOCUMENT)).sources["default"], CATALOG, {})
OWN = Compare("id", "_is_null", None)
RIGHTS = {
    public("article"): SelectRights(("id", "title"), boolexp.TRUE, None, False, (), None),
    public("author"): SelectRights(("name",), OWN, None, False, (), None),
}


VIEWER = Viewer("user", lambda table: RIGHTS.get(table.name))


def read(expression, *, role=True):
    table = SOURCE.tables[public("article")]
    return condition(expression, SOURCE, table, plain_value, VIEWER if role else None, "$.args.where")


@pytest.mark.parametrize(
    "expression",
    [
        {"author_id": 1},
        {"_and": [{"_not": {"author_id": {"_eq": 1}}}]},
        {"id": {"_ceq": "author_id"}},
        {"author": {"id": {"_ceq": ["$", "author_id"]}}},
        {"author": {"id": {"_gt": 1}}},
        {"_exists": {"_table": "colors", "_where": {}}},
        {"_exists": {"_table": "author", "_where": {"id": 1}}},
    ],
)
def test_what_the_role_does_not_see_is_refused(expression):
    with pytest.raises(EngineError) as caught:
        read(expression)
    assert (caught.value.code, caught.value.path) == ("permission-denied", "$.args.where")
    assert read(expression, role=False)


def test_related_rows_are_those_that_the_role_sees():
    related = read({"author": {"name": "a"}})
    assert isinstance(related, Related)
    assert OWN in related.where.items
    assert OWN in read({"_exists": {"_table": "author", "_where": {"name": "a"}}}).where.items


@pytest.mark.parametrize(
    ("expression", "code", "path", "message"),
    [
        ({"x": 1}, "not-exists", "", '"x" does not exist'),
        ({"title": {"_ceq": "x"}}, "not-exists", ".title._ceq", 'column "x" does not exist'),
        ({"title": {"_ceq": ["author", "id"]}}, "not-supported", ".title._ceq", "Relationship references are not"),
        ({"title": {"$ceq": "id"}}, "unexpected-payload", '.title["$ceq"]', 'incompatible column types: "title" has'),
        ({"title": {"$fly": 1}}, "unexpected-payload", '.title["$fly"]', "Unknown operator: $fly"),
        ({"id": {"$like": "a"}}, "unexpected-payload", '.id["$like"]', ' is of type "integer"; this operator works'),
        ({"title": {"_has_key": "a"}}, "unexpected-payload", ".title._has_key", ' is of type "text"; this operator'),
        ({"id": {"$in": 1}}, "parse-failed", '.id["$in"]', "parsing [] failed, expected Array"),
        ({"id": {"$is_null": 1}}, "parse-failed", '.id["$is_null"]', "parsing Bool failed, expected Boolean"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(expression, code, path, message):
    with pytest.raises(EngineError) as caught:
        read(expression)
    assert (caught.value.code, caught.value.path) == (code, "$.args.where" + path)
    assert caught.value.message.startswith(message)


def test_a_condition_may_compare_with_the_outermost_tables_column():
    related = read({"author": {"name": {"_ceq": ["$", "title"]}}})
    assert Compare("name", "_eq", boolexp.ColumnOperand("title", root=True)) in related.where.items

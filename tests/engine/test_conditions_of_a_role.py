"""A role's condition, in an old v1 query, may look only at what the role may select."""

import pytest

from orchestrator.engine import boolexp
from orchestrator.engine.boolexp import Compare, Related
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata_reader import read_metadata
from orchestrator.engine.permissions import SelectRights, condition, plain_value
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


def sees(table):
    if table.name not in RIGHTS:
        raise EngineError("permission-denied", "nothing to see")
    return RIGHTS[table.name]


def read(expression, *, role=True):
    table = SOURCE.tables[public("article")]
    return condition(expression, SOURCE, table, plain_value, sees if role else None)


@pytest.mark.parametrize(
    "expression",
    [
        {"author_id": 1},
        {"_and": [{"_not": {"author_id": {"_eq": 1}}}]},
        {"title": {"_ceq": "author_id"}},
        {"title": {"_ceq": ["$", "author_id"]}},
        {"author": {"id": {"_gt": 1}}},
        {"_exists": {"_table": "colors", "_where": {}}},
        {"_exists": {"_table": "author", "_where": {"id": 1}}},
    ],
)
def test_what_the_role_does_not_see_is_refused(expression):
    with pytest.raises(EngineError) as caught:
        read(expression)
    assert caught.value.code in ("permission-denied", "bad-request")
    assert read(expression, role=False)


def test_related_rows_are_those_that_the_role_sees():
    related = read({"author": {"name": "a"}})
    assert isinstance(related, Related)
    assert OWN in related.where.items
    assert OWN in read({"_exists": {"_table": "author", "_where": {"name": "a"}}}).where.items


def test_an_unknown_column_to_compare_with_is_named():
    with pytest.raises(EngineError, match='column "x" does not exist'):
        read({"title": {"_ceq": "x"}}, role=False)

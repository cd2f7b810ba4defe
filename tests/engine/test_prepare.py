"""From a request's text to statements: what is planned once, what is a parameter, what the SQL looks like."""

from __future__ import annotations

import pytest

from orchestrator.engine.auth.session import Session
from orchestrator.engine.catalog import Catalog, Column, ForeignKey, Key, QualifiedName, TableInfo
from orchestrator.engine.errors import EngineError
from orchestrator.engine.execute import values_of
from orchestrator.engine.metadata.model import ArrayRelationship, InsertPermission, SelectPermission, Source, Table
from orchestrator.engine.metadata.model import ForeignKey as ForeignKeyConstraint
from orchestrator.engine.options import Options
from orchestrator.engine.prepare import Operations, Request, RunChange, RunMutation, RunQuery, RunStages, read_request
from orchestrator.engine.sql import Statement
from orchestrator.engine.tracked import track

DOC, NOTE = QualifiedName("public", "doc"), QualifiedName("public", "note")


def column(name: str, type_: str, sql_type: str, position: int) -> Column:
    return Column(name, type_, sql_type, "b", None, position > 1, False, False, "", position, None)


DOC_INFO = TableInfo(
    DOC,
    "r",
    (column("id", "int4", "integer", 1), column("title", "text", "text", 2), column("size", "int8", "bigint", 3)),
    Key("doc_pkey", ("id",)),
    (),
    (),
    True,
    True,
    True,
    None,
)
NOTE_INFO = TableInfo(
    NOTE,
    "r",
    (column("id", "int4", "integer", 1), column("doc_id", "int4", "integer", 2)),
    Key("note_pkey", ("id",)),
    (),
    (ForeignKey("note_doc_id_fkey", ("doc_id",), DOC, ("id",)),),
    True,
    True,
    True,
    None,
)
SOURCE = Source(
    "default",
    tables={
        DOC: Table(
            DOC,
            array_relationships={"notes": ArrayRelationship("notes", ForeignKeyConstraint(("doc_id",), NOTE))},
            select_permissions={"user": SelectPermission(("id", "title"), {"id": "X-Hasura-Doc"})},
            insert_permissions={"user": InsertPermission({"id": {"_gt": 0}}, ("id", "title"))},
        ),
        NOTE: Table(NOTE),
    },
)
CATALOG = Catalog({DOC: DOC_INFO, NOTE: NOTE_INFO}, {})
ADMIN, USER = Session("admin"), Session("user", {"x-hasura-doc": "7"})


@pytest.fixture
def operations() -> Operations:
    return Operations((track(SOURCE, CATALOG, {}),), Options())


def statement(operations: Operations, text: str, session: Session = ADMIN, **variables: object) -> Statement:
    runnable = operations.prepare(Request(text, variables, None), session)
    assert isinstance(runnable, RunQuery)
    return runnable.statements["default"]


def test_a_query_is_one_statement(operations: Operations) -> None:
    found = statement(operations, "{ doc(where: {id: {_eq: 3}}, limit: 2) { id name: title } }")
    assert found.text == (
        """SELECT (SELECT coalesce(json_agg(row_to_json("@row")), '[]') FROM (SELECT "@1"."id" AS "id", """
        """"@1"."title" AS "name" FROM "public"."doc" AS "@1" WHERE ("@1"."id" = ($1::text)::integer) """
        """LIMIT ($2::text)::bigint) AS "@row") AS "c0\""""
    )
    assert values_of(found.sources, ADMIN, {}) == ["3", "2"]


def test_a_relationship_is_a_subselect_of_the_same_statement(operations: Operations) -> None:
    found = statement(operations, "{ doc { notes { id } } }")
    assert """FROM "public"."note" AS "@2" WHERE "@2"."doc_id" = "@1"."id\"""" in found.text


def test_a_filter_takes_its_value_from_the_session(operations: Operations) -> None:
    found = statement(operations, "{ doc { id } }", USER)
    assert values_of(found.sources, USER, {}) == ["7"]
    with pytest.raises(EngineError, match="missing session variable"):
        values_of(found.sources, Session("user"), {})


def test_values_of_a_variable_share_a_plan(operations: Operations) -> None:
    text = "query ($where: doc_bool_exp, $ids: [Int!]) { doc(where: {_and: [$where, {id: {_in: $ids}}]}) { id } }"
    first = statement(operations, text, where={"title": {"_eq": "a"}}, ids=[1])
    second = statement(operations, text, where={"title": {"_eq": "b"}}, ids=[1, 2, 3])
    assert first is second
    assert values_of(second.sources, ADMIN, {"where": {"title": {"_eq": "b"}}, "ids": [1, 2]}) == ["b", '{"1","2"}']


def test_another_shape_has_another_plan(operations: Operations) -> None:
    text = "query ($where: doc_bool_exp) { doc(where: $where) { id } }"
    first = statement(operations, text, where={"title": {"_eq": "a"}})
    assert statement(operations, text, where={"title": {"_neq": "a"}}).text != first.text
    assert statement(operations, text, where={"title": {"_is_null": True}}).text.count("IS NULL") == 1
    assert statement(operations, text, where={"title": {"_is_null": False}}).text.count("IS NOT NULL") == 1


def test_roles_do_not_share_plans(operations: Operations) -> None:
    text = "{ doc { id } }"
    assert statement(operations, text, ADMIN).text != statement(operations, text, USER).text


def test_a_checked_insert_is_one_statement_that_fails_by_itself(operations: Operations) -> None:
    text = 'mutation { insert_doc(objects: {id: 1, title: "a"}) { affected_rows returning { id } } }'
    runnable = operations.prepare(Request(text, {}, None), USER)
    assert isinstance(runnable, RunMutation)
    (run,) = runnable.fields[0].runs
    assert isinstance(run, RunChange)
    assert run.statement.text.startswith(
        'WITH "@mutated" AS (INSERT INTO "public"."doc" AS "@1" ("id", "title") VALUES'
    )
    assert "bool_and" in run.statement.text
    assert run.path == "$.selectionSet.insert_doc.args.objects"


def test_an_answer_that_looks_at_other_tables_takes_a_second_statement(operations: Operations) -> None:
    text = "mutation { insert_doc(objects: {id: 1}) { returning { notes { id } } } }"
    runnable = operations.prepare(Request(text, {}, None), ADMIN)
    assert isinstance(runnable, RunMutation)
    assert isinstance(runnable.fields[0].runs[0], RunStages)


def test_big_numbers_become_text_where_that_is_asked_for() -> None:
    operations = Operations((track(SOURCE, CATALOG, {}),), Options(stringify=True))
    assert '("@1"."size")::text AS "size"' in statement(operations, "{ doc { size } }").text


@pytest.mark.parametrize("variables", [{"other": 1}, {"id": None}, {}])
def test_variables_must_fit_their_declaration(operations: Operations, variables: dict[str, object]) -> None:
    with pytest.raises(EngineError):
        statement(operations, "query ($id: Int!) { doc_by_pk(id: $id) { id } }", **variables)


def test_a_request_without_variables_has_none() -> None:
    assert read_request({"query": "{ a }", "variables": None}) == Request("{ a }", {}, None)

"""A role that inherits sees what each of its parents sees, and writes what they agree on."""

from __future__ import annotations

from orchestrator.engine.boolexp import And, Compare, Or
from orchestrator.engine.catalog import Catalog, Column, Key, QualifiedName, TableInfo
from orchestrator.engine.metadata.model import DeletePermission, InsertPermission, SelectPermission, Source, Table
from orchestrator.engine.permissions import TableAccess, access
from orchestrator.engine.sql import Param, SessionVariable
from orchestrator.engine.tracked import TrackedSource, track

NAME = QualifiedName("public", "doc")
COLUMNS = tuple(
    Column(name, type_, sql_type, "b", None, True, False, False, "", number, None)
    for number, (name, type_, sql_type) in enumerate(
        [("id", "int4", "integer"), ("title", "text", "text"), ("secret", "text", "text")], start=1
    )
)
INFO = TableInfo(NAME, "r", COLUMNS, Key("doc_pkey", ("id",)), (), (), True, True, True, None)
SOURCE = Source(
    "default",
    tables={
        NAME: Table(
            NAME,
            select_permissions={
                "reader": SelectPermission(("id", "title"), {}, limit=5),
                "owner": SelectPermission(("id", "secret"), {"id": "X-Hasura-Doc"}, limit=9, allow_aggregations=True),
            },
            insert_permissions={"reader": InsertPermission({}, ("title",))},
            delete_permissions={"reader": DeletePermission({}), "owner": DeletePermission({"id": 1})},
        )
    },
)
OWN = Compare("id", "_eq", Param(SessionVariable("x-hasura-doc"), "integer"))


def access_of(role: str, **inherited: tuple[str, ...]) -> TableAccess:
    tracked = track(SOURCE, Catalog({NAME: INFO}, {}), {})
    source = TrackedSource(tracked.name, tracked.tables, {}, tracked.catalog, inherited)
    return access(source, source.tables[NAME], role, backend=False)


def test_rows_and_columns_add_up() -> None:
    select = access_of("both", both=("reader", "owner")).select
    assert select is not None
    assert select.columns == ("id", "title", "secret")
    assert select.filter == Or((And(()), OWN))
    assert (select.limit, select.aggregations) == (9, True)


def test_a_column_shows_only_where_a_parent_sees_it() -> None:
    select = access_of("both", both=("reader", "owner")).select
    assert select is not None
    assert select.conditions == {"title": Or((And(()),)), "secret": Or((OWN,))}


def test_a_right_to_write_is_inherited_where_the_parents_agree() -> None:
    both = access_of("both", both=("reader", "owner"))
    assert both.insert == access_of("reader").insert
    assert both.delete is None


def test_inheritance_goes_on_through_inherited_roles() -> None:
    top = access_of("top", top=("middle",), middle=("owner",))
    assert top.select == access_of("owner").select


def test_a_role_that_inherits_from_itself_ends() -> None:
    assert access_of("a", a=("b", "reader"), b=("a",)).select == access_of("reader").select


def test_a_role_without_parents_has_nothing() -> None:
    nobody = access_of("nobody")
    assert (nobody.select, nobody.insert, nobody.update, nobody.delete) == (None, None, None, None)

"""Live queries against a real database: one poll for many, answers when they change, and what happens when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import Server
from tests.engine.conftest import Engine, start_engine, stop_engine
from tests.engine.talking import WORDS, Client, client

INTERVAL = 0.05

TABLES = """
create table note (id integer primary key, owner text not null, words text not null);
insert into note select n, 'user' || n, 'of ' || n from generate_series(1, 100) n;
-- The transaction in which a row is read: those answered by one statement see the same.
create view reading as select id, owner, pg_current_xact_id()::text as transaction from note;
create table number (id integer primary key, divisor integer not null);
insert into number values (1, 1), (2, 1);
create function quotient(number number) returns integer language sql stable as $$ select 10 / number.divisor $$;
create function calls(hasura_session json) returns setof note language sql stable
  as $$ select * from note where owner = hasura_session ->> 'x-hasura-user-id' $$;
"""


def own(columns: list[str]) -> dict[str, object]:
    return {"columns": columns, "filter": {"owner": "X-Hasura-User-Id"}, "allow_aggregations": True}


@pytest.fixture(scope="module")
def notes(module_database: str) -> Iterator[Engine]:
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL=str(int(INTERVAL * 1000)),
        HASURA_GRAPHQL_CLOSE_WEBSOCKETS_ON_METADATA_CHANGE="false",
    )
    engine.sql(TABLES)
    for table in ("note", "reading", "number"):
        engine.metadata("pg_track_table", {"table": table})
    for table, columns in (("note", ["id", "owner", "words"]), ("reading", ["id", "transaction"])):
        permission = {"table": table, "role": "user", "permission": own(columns)}
        engine.metadata("pg_create_select_permission", permission)
    definition = {"function": "quotient", "table_argument": "number"}
    engine.metadata("pg_add_computed_field", {"table": "number", "name": "quotient", "definition": definition})
    engine.metadata("pg_track_function", {"function": "calls", "configuration": {"session_argument": "hasura_session"}})
    yield engine
    assert "Traceback" not in stop_engine(engine)


def user(number: int) -> dict[str, str]:
    return {"x-hasura-role": "user", "x-hasura-user-id": f"user{number}"}


def write(engine: Engine, sql: str) -> None:
    engine.sql(sql, check_metadata_consistency=False)


def test_subscribers_that_differ_in_session_variables_are_answered_by_one_statement(notes: Engine) -> None:
    with ExitStack() as stack:
        talking = [stack.enter_context(client(notes, init=user(n))) for n in range(1, 21)]
        for n, each in enumerate(talking, start=1):
            each.subscribe("subscription { reading { id transaction } }")
            assert each.receive_data()["reading"][0]["id"] == n
        # From here on all have joined.
        (begin,) = (row["transaction"] for row in talking[-1].receive_data()["reading"])
        seen = [transactions(each, after=int(begin), count=3) for each in talking]
        assert all(each == seen[0] for each in seen), seen


def transactions(talking: Client, *, after: int, count: int) -> list[int]:
    """The transactions in which the next answers were read."""
    found: list[int] = []
    while len(found) < count:
        read = int(talking.receive_data()["reading"][0]["transaction"])
        if read > after:
            found.append(read)
    return found


def test_subscribers_that_differ_in_variables_are_answered_by_one_statement(notes: Engine) -> None:
    query = "subscription ($id: Int!) { reading(where: {id: {_eq: $id}}) { id transaction } }"
    with client(notes, init={}) as talking:
        for n in range(1, 6):
            talking.subscribe(query, {"id": n}, key=str(n))
        seen: dict[str, set[str]] = {}
        while len([key for key in seen.values() if len(key) == 5]) < 3:
            message = talking.receive()
            (row,) = message["payload"]["data"]["reading"]
            assert str(row["id"]) == message["id"]
            seen.setdefault(row["transaction"], set()).add(message["id"])


@pytest.mark.parametrize("protocol", WORDS)
def test_only_those_whose_answer_has_changed_are_told(notes: Engine, protocol: str) -> None:
    query = "subscription { note { words } }"
    with client(notes, protocol, init=user(1)) as first, client(notes, protocol, init=user(2)) as second:
        for n, each in ((1, first), (2, second)):
            each.subscribe(query)
            assert each.receive_data() == {"note": [{"words": f"of {n}"}]}
        write(notes, "update note set words = 'changed' where id = 1")
        assert first.receive_data() == {"note": [{"words": "changed"}]}
        write(notes, "update note set words = 'of 1' where id = 1")
        assert first.receive_data() == {"note": [{"words": "of 1"}]}
        assert second.is_silent(seconds=4 * INTERVAL)


def test_a_newcomer_to_a_running_query_is_answered_at_once(module_database: str, notes: Engine) -> None:
    slow = start_engine(module_database, HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL="600000")
    query = "subscription { note_aggregate { aggregate { count } } }"
    with ExitStack() as stack:
        for n in (1, 1, 2):
            talking = stack.enter_context(client(slow, init=user(n)))
            talking.subscribe(query)
            assert talking.receive_data() == {"note_aggregate": {"aggregate": {"count": 1}}}
    stop_engine(slow)


def test_aliases_and_kinds_of_root_fields(notes: Engine) -> None:
    with client(notes, init=user(3)) as talking:
        for query, data in (
            ("subscription { mine: note { w: words __typename } }", {"mine": [{"w": "of 3", "__typename": "note"}]}),
            ("subscription { note_by_pk(id: 3) { id } }", {"note_by_pk": {"id": 3}}),
            ("subscription { note_by_pk(id: 4) { id } }", {"note_by_pk": None}),
            ("subscription { calls { id } }", {"calls": [{"id": 3}]}),
            (
                "subscription @_multiple_top_level_fields { a: note { id } b: note(limit: 0) { id } }",
                {"a": [{"id": 3}], "b": []},
            ),
        ):
            talking.subscribe(query)
            assert talking.receive_data() == data
            talking.send(type=talking.stop, id="s")


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("{ note { id } reading { id } }", "validation-failed", "subscriptions must select one top level field"),
        (
            "{ __typename }",
            "not-supported",
            "Introspection at root field level is not supported over subscriptions",
        ),
        ("{ nothing { id } }", "validation-failed", "field 'nothing' not found in type: 'subscription_root'"),
        (
            "@_multiple_top_level_fields { note { id } note_stream(cursor: [], batch_size: 1) { id } }",
            "validation-failed",
            "one streaming column field is expected",
        ),
    ],
)
def test_what_can_not_be_subscribed_to_is_refused(notes: Engine, query: str, code: str, words: str) -> None:
    with client(notes, init={}) as talking:
        talking.subscribe(f"subscription {query}")
        message = talking.receive()
        assert message["type"] == "error"
        (error,) = message["payload"]
        assert (error["extensions"]["code"], error["message"]) == (code, words)


def test_values_that_postgres_refuses_end_their_own_subscription_only(notes: Engine) -> None:
    query = "subscription ($id: Int!) { note(where: {id: {_eq: $id}}) { id } }"
    with client(notes, init={}) as talking:
        talking.subscribe(query, {"id": 1}, key="good")
        assert talking.receive_data() == {"note": [{"id": 1}]}
        talking.subscribe(query, {"id": "one"}, key="bad")
        talking.subscribe(query, {"id": 2}, key="also good")
        messages = {message["id"]: message for message in (talking.receive(), talking.receive())}
        assert messages["bad"]["type"] == "error"
        assert messages["bad"]["payload"][0]["extensions"]["code"] == "data-exception"
        assert messages["also good"]["payload"] == {"data": {"note": [{"id": 2}]}}


def test_an_error_that_comes_up_later_is_told_to_those_it_concerns_until_it_is_over(notes: Engine) -> None:
    query = "subscription ($id: Int!) { number_by_pk(id: $id) { quotient } }"
    with client(notes, init={}) as talking:
        for n in (1, 2):
            talking.subscribe(query, {"id": n}, key=str(n))
            assert talking.receive_data() == {"number_by_pk": {"quotient": 10}}
        write(notes, "update number set divisor = 0 where id = 1")
        message = talking.receive()
        assert (message["type"], message["id"]) == ("next", "1")
        assert message["payload"]["errors"][0]["message"] == "division by zero"
        write(notes, "update number set divisor = 2 where id = 2")
        message = talking.receive()
        assert (message["id"], message["payload"]) == ("2", {"data": {"number_by_pk": {"quotient": 5}}})
        write(notes, "update number set divisor = 1")
        for message in (talking.receive(), talking.receive()):
            assert message["payload"] == {"data": {"number_by_pk": {"quotient": 10}}}


def test_while_postgres_is_away_subscribers_get_errors_and_then_answers_again(
    notes: Engine, module_database: str, postgres_server: Server
) -> None:
    name = module_database.rsplit("/", 1)[1]
    with client(notes, init=user(7)) as talking:
        talking.subscribe("subscription { note { words } }")
        assert talking.receive_data() == {"note": [{"words": "of 7"}]}
        postgres_server.execute(f"alter database {name} with allow_connections false")
        postgres_server.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        message = talking.receive()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "unexpected"
        postgres_server.execute(f"alter database {name} with allow_connections true")
        message = talking.until(lambda message: "errors" not in message["payload"])
        assert message["payload"] == {"data": {"note": [{"words": "of 7"}]}}


def test_running_subscriptions_keep_to_changed_permissions(notes: Engine) -> None:
    notes.sql("create table secret (id integer primary key, word text); insert into secret values (1, 'x'), (2, 'y')")
    notes.metadata("pg_track_table", {"table": "secret"})
    permit(notes, ["id", "word"], {})
    with client(notes, init=user(1)) as talking:
        talking.subscribe("subscription { secret(order_by: {id: asc}) { id word } }")
        assert talking.receive_data() == {"secret": [{"id": 1, "word": "x"}, {"id": 2, "word": "y"}]}
        permit(notes, ["id", "word"], {"id": 2}, again=True)
        assert talking.receive_data() == {"secret": [{"id": 2, "word": "y"}]}
        permit(notes, ["id"], {}, again=True)
        message = talking.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["message"] == "field 'word' not found in type: 'secret'"


def permit(engine: Engine, columns: list[str], filter_: dict[str, object], *, again: bool = False) -> None:
    """Lets users read of the secrets what they may."""
    on = {"table": "secret", "role": "user"}
    drop = [{"type": "pg_drop_select_permission", "args": on}] if again else []
    args = {**on, "permission": {"columns": columns, "filter": filter_}}
    engine.metadata("bulk", [*drop, {"type": "pg_create_select_permission", "args": args}])


def test_a_client_that_reads_nothing_holds_up_nobody(notes: Engine) -> None:
    write(notes, "update note set words = repeat('x', 300000) where id = 50")
    query = "subscription { note_by_pk(id: 50) { id words } }"
    with client(notes, init={}) as deaf, client(notes, init={}) as talking:
        for n in range(40):
            deaf.subscribe(query, key=str(n))
        talking.subscribe(query)
        assert talking.receive_data()["note_by_pk"]["id"] == 50
        for n in range(5):
            write(notes, f"update note set words = repeat('{n}', 300000) where id = 50")
            assert talking.receive_data()["note_by_pk"]["words"][0] == str(n)
    write(notes, "update note set words = 'of 50' where id = 50")

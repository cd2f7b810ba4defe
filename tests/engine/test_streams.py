"""Streaming subscriptions: rows that come after a cursor, in batches, each once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.engine.conftest import Engine, start_engine, stop_engine
from tests.engine.talking import WORDS, Client, client

INTERVAL = 0.05

TABLES = """
create table event (
  id integer primary key, owner text not null, at timestamptz not null, ref uuid not null, word text
);
create table colour (name text primary key);
insert into colour values ('red'), ('blue');
create table thing (id integer primary key, colour text references colour);
"""


@pytest.fixture(scope="module")
def events_engine(module_database: str) -> Iterator[Engine]:
    engine = start_engine(
        module_database,
        HASURA_GRAPHQL_STREAMING_QUERIES_MULTIPLEXED_REFETCH_INTERVAL=str(int(INTERVAL * 1000)),
        HASURA_GRAPHQL_CLOSE_WEBSOCKETS_ON_METADATA_CHANGE="false",
    )
    engine.sql(TABLES)
    for table in ("event", "colour", "thing"):
        engine.metadata("pg_track_table", {"table": table})
    engine.metadata("pg_set_table_is_enum", {"table": "colour", "is_enum": True})
    permission = {"columns": ["id", "word"], "filter": {"owner": "X-Hasura-User-Id"}, "limit": 2}
    engine.metadata("pg_create_select_permission", {"table": "event", "role": "user", "permission": permission})
    yield engine
    assert "Traceback" not in stop_engine(engine)


@pytest.fixture
def events(events_engine: Engine) -> Engine:
    """The engine with five events."""
    write(events_engine, "truncate event")
    add(events_engine, *range(1, 6))
    return events_engine


def write(engine: Engine, sql: str) -> None:
    engine.sql(sql, check_metadata_consistency=False)


def add(engine: Engine, *numbers: int) -> None:
    for n in numbers:
        ref = f"00000000-0000-0000-0000-{n:012}"
        at = f"2024-01-01T00:00:00Z'::timestamptz + '{n} microseconds'::interval"
        write(engine, f"insert into event values ({n}, 'user{n % 2}', '{at}, '{ref}', 'w{n}')")


def stream(cursor: str, *, batch_size: int = 2, more: str = "", fields: str = "id") -> str:
    return f"subscription {{ event_stream(cursor: {cursor}, batch_size: {batch_size}{more}) {{ {fields} }} }}"


def batch(talking: Client) -> list[Any]:
    """The one column of the next batch's rows."""
    return [next(iter(row.values())) for row in talking.receive_data()["event_stream"]]


@pytest.mark.parametrize("protocol", WORDS)
def test_rows_after_the_cursor_come_in_batches_and_later_ones_as_they_appear(events: Engine, protocol: str) -> None:
    with client(events, protocol, init={}) as talking:
        talking.subscribe(stream("{initial_value: {id: 1}}"))
        assert [batch(talking), batch(talking)] == [[2, 3], [4, 5]]
        assert talking.is_silent(seconds=4 * INTERVAL)
        add(events, 6)
        assert batch(talking) == [6]
        write(events, "update event set word = 'changed'")
        assert talking.is_silent(seconds=4 * INTERVAL)


def test_a_descending_cursor_goes_down(events: Engine) -> None:
    with client(events, init={}) as talking:
        talking.subscribe(stream("{initial_value: {id: 5}, ordering: DESC}"))
        assert [batch(talking), batch(talking)] == [[4, 3], [2, 1]]
        add(events, 6, 0)
        assert batch(talking) == [0]


@pytest.mark.parametrize(
    ("initial", "rest"),
    [
        ('at: "2024-01-01T00:00:00.000002Z"', [3, 4, 5]),
        ('ref: "00000000-0000-0000-0000-000000000003"', [4, 5]),
        ('word: "w4"', [5]),
    ],
)
def test_a_cursor_may_be_of_any_type_that_has_an_order(events: Engine, initial: str, rest: list[int]) -> None:
    with client(events, init={}) as talking:
        talking.subscribe(stream(f"{{initial_value: {{{initial}}}}}", batch_size=1))
        assert [batch(talking)[0] for _ in rest] == rest
        assert talking.is_silent(seconds=4 * INTERVAL)


def test_the_condition_the_permission_and_its_limit_hold(events: Engine) -> None:
    add(events, 7, 9, 11)
    with client(events, init={"x-hasura-role": "user", "x-hasura-user-id": "user1"}) as talking:
        more = ', where: {word: {_neq: "w3"}}'
        talking.subscribe(stream("{initial_value: {id: 0}}", batch_size=100, more=more, fields="w: word"))
        assert [batch(talking), batch(talking), batch(talking)] == [["w1", "w5"], ["w7", "w9"], ["w11"]]


def test_each_subscriber_has_a_cursor_of_its_own(events: Engine) -> None:
    query = (
        "subscription ($from: [event_stream_cursor_input]!, $size: Int!) "
        "{ event_stream(cursor: $from, batch_size: $size) { id } }"
    )
    with ExitStack() as stack:
        held = [stack.enter_context(client(events, init={})) for _ in range(3)]
        for n, talking in enumerate(held):
            talking.subscribe(query, {"from": {"initial_value": {"id": n}}, "size": 10})
            assert batch(talking) == list(range(n + 1, 6))
        add(events, 6)
        assert [batch(talking) for talking in held] == [[6], [6], [6]]


@pytest.mark.parametrize(
    ("cursor", "words"),
    [
        ("[]", "one streaming column field is expected"),
        ("[null]", "one streaming column field is expected"),
        ("{initial_value: {}}", "one streaming column field is expected"),
        ("{initial_value: {id: 1, word: 1}}", "multiple column cursors are not supported yet"),
        ("[{initial_value: {id: 1}}, {initial_value: {id: 2}}]", "multiple column cursors are not supported yet"),
        ("{initial_value: {id: null}}", "unexpected null value for type 'Int'"),
        ("{initial_value: {x: 1}}", "field 'x' not found in type: 'event_stream_cursor_value_input'"),
        ("{}", "missing required field 'initial_value'"),
    ],
)
def test_a_cursor_is_one_column(events: Engine, cursor: str, words: str) -> None:
    with client(events, init={}) as talking:
        query = stream(cursor).replace("word: 1", 'word: "1"')
        talking.subscribe(query)
        message = talking.receive()
        assert (message["type"], message["payload"][0]["message"]) == ("error", words)


def test_a_value_that_postgres_refuses_ends_the_subscription(events: Engine) -> None:
    with client(events, init={}) as talking:
        talking.subscribe(stream('{initial_value: {at: "yesterday, I think"}}'))
        message = talking.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "data-exception")


def test_a_stream_stands_alone(events: Engine) -> None:
    one = "event_stream(cursor: {initial_value: {id: 0}}, batch_size: 1) { id }"
    for fields, words in (
        (f"a: {one} b: {one}", "exactly one root field is allowed for streaming subscriptions"),
        (
            f"{one} event {{ id }}",
            "streaming and livequery subscriptions cannot be executed in the same subscription",
        ),
    ):
        with client(events, init={}) as talking:
            talking.subscribe(f"subscription @_multiple_top_level_fields {{ {fields} }}")
            assert talking.receive()["payload"][0]["message"] == words


def test_a_client_that_reads_slowly_misses_no_row(events: Engine) -> None:
    write(events, "update event set word = repeat('x', 500000)")
    with client(events, init={}) as talking:
        talking.subscribe(stream("{initial_value: {id: 0}}", batch_size=1, fields="id word"))
        add(events, *range(6, 11))
        assert [batch(talking)[0] for _ in range(10)] == list(range(1, 11))


FIELD = """{ __type(name: "subscription_root") { fields { name description type { kind ofType { kind } }
  args { name description type { kind name ofType { kind name } } } } } }"""
TYPE = """query ($name: String!) { __type(name: $name) { description
  inputFields { name description type { kind name ofType { name } } } enumValues { name description } } }"""


def subscription_fields(engine: Engine, role: str = "admin") -> dict[str, Any]:
    fields = engine.data(FIELD, x_hasura_role=role)["__type"]["fields"]
    return {field.pop("name"): field for field in fields}


def test_introspection_shows_streams(events: Engine) -> None:
    field = subscription_fields(events)["event_stream"]
    assert field["description"] == 'fetch data from the table in a streaming manner: "event"'
    assert field["type"] == {"kind": "NON_NULL", "ofType": {"kind": "LIST"}}
    assert [(argument["name"], argument["description"]) for argument in field["args"]] == [
        ("batch_size", "maximum number of rows returned in a single batch"),
        ("cursor", "cursor to stream the results returned by the query"),
        ("where", "filter the rows returned"),
    ]
    cursor = events.data(TYPE, {"name": "event_stream_cursor_input"})["__type"]
    assert cursor["description"] == 'Streaming cursor of the table "event"'
    assert [(each["name"], each["description"]) for each in cursor["inputFields"]] == [
        ("initial_value", "Stream column input with initial value"),
        ("ordering", "cursor ordering"),
    ]
    value = events.data(TYPE, {"name": "event_stream_cursor_value_input"}, x_hasura_role="user")["__type"]
    assert value["description"] == "Initial value of the column from where the streaming should start"
    types = {each["name"]: each["type"]["name"] for each in value["inputFields"]}
    assert types == {"id": "Int", "word": "String"}
    ordering = events.data(TYPE, {"name": "cursor_ordering"})["__type"]
    assert ordering["description"] == "ordering argument of a cursor"
    assert ordering["enumValues"] == [
        {"name": "ASC", "description": "ascending ordering of the cursor"},
        {"name": "DESC", "description": "descending ordering of the cursor"},
    ]
    value = events.data(TYPE, {"name": "thing_stream_cursor_value_input"})["__type"]
    assert {each["name"]: each["type"]["name"] for each in value["inputFields"]}["colour"] == "colour_enum"


@pytest.mark.parametrize(
    ("roots", "fields"),
    [
        (None, {"thing", "thing_by_pk", "thing_aggregate", "thing_stream"}),
        (["select_stream"], {"thing_stream"}),
        (["select", "select_by_pk"], {"thing", "thing_by_pk"}),
        (["select_aggregate"], {"thing_aggregate"}),
        ([], set()),
    ],
)
def test_a_permission_may_hide_root_fields(events: Engine, roots: list[str] | None, fields: set[str]) -> None:
    chosen = {} if roots is None else {"subscription_root_fields": roots}
    permission = {"columns": "*", "filter": {}, "allow_aggregations": True, **chosen}
    events.metadata("pg_create_select_permission", {"table": "thing", "role": "some", "permission": permission})
    shown = events.data('{ __type(name: "subscription_root") { fields { name } } }', x_hasura_role="some")["__type"]
    queries = events.data('{ __type(name: "query_root") { fields { name } } }', x_hasura_role="some")["__type"]
    events.metadata("pg_drop_select_permission", {"table": "thing", "role": "some"})
    assert {field["name"] for field in shown["fields"]} == fields if fields else shown is None
    assert {field["name"] for field in queries["fields"]} == {"thing", "thing_by_pk", "thing_aggregate"}


def test_names_are_as_table_and_source_customise_them(events: Engine, module_database: str) -> None:
    custom = {"custom_root_fields": {"select_stream": {"name": "happenings", "comment": "What happens."}}}
    events.metadata("pg_set_table_customization", {"table": "event", "configuration": custom})
    connection = {"connection_info": {"database_url": {"from_env": "HASURA_GRAPHQL_DATABASE_URL"}}}
    customization = {
        "root_fields": {"namespace": "log", "prefix": "all_"},
        "type_names": {"prefix": "Log_"},
    }
    args = {"name": "default", "configuration": connection}
    events.metadata("pg_update_source", {**args, "customization": customization})
    try:
        with client(events, init={}) as talking:
            query = "subscription ($c: [Log_event_stream_cursor_input]!) { l: log { __typename "
            query += "h: all_happenings(cursor: $c, batch_size: 3) { id } } }"
            talking.subscribe(query, {"c": [{"initial_value": {"id": 3}, "ordering": "ASC"}]})
            row = {"__typename": "Log_log_subscription", "h": [{"id": 4}, {"id": 5}]}
            assert talking.receive_data() == {"l": row}
        ordering = events.data(TYPE, {"name": "Log_cursor_ordering"})["__type"]
        assert ordering["description"] == "ordering argument of a cursor"
    finally:
        events.metadata("pg_update_source", {**args, "customization": {}})
        events.metadata("pg_set_table_customization", {"table": "event", "configuration": {}})

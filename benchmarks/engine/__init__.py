"""How fast the engine answers and how much memory it takes, beside PostGraphile 5 and beside PostgreSQL itself."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from graphql import get_introspection_query

from benchmarks.engine import data, load, many_tables
from benchmarks.engine.limit import limit
from benchmarks.engine.scenarios import BY_KEY, SCENARIOS, Scenario, filled, plain
from benchmarks.engine.servers import (
    ADMIN_SECRET,
    ask,
    call,
    engine_server,
    postgraphile_server,
)
from benchmarks.postgres import Postgres, running
from benchmarks.row import Row, Target, at_most, ratio_at_least
from benchmarks.servers import Server

ROUNDS = 3
WARM_UP_SECONDS = 1
UNSEEN_QUERIES = 200
STARTS = 5
FEW_TABLES, MANY_TABLES = 10, 500
PEER, LIMIT = "PostGraphile 5", "pgbench, the same SQL"
UNIT = "requests/s"
UNSEEN = """query Q@number@ ($id: Int!) {
  users_by_pk(id: $id) {
    id name
    posts(where: {title: {_like: "%1%"}}, order_by: {id: asc}, limit: 5) {
      id a@number@: title comments(limit: 2) { id body }
    }
  }
}"""


def rows() -> Iterator[Row]:
    load.need_wrk()
    with running() as postgres:
        yield from throughput(postgres)
        yield from few_tables(many_tables.database_of(FEW_TABLES, postgres))
        yield from very_many_tables(many_tables.database_of(MANY_TABLES, postgres))


def throughput(postgres: Postgres) -> Iterator[Row]:
    database = postgres.database("blog")
    postgres.execute(data.TABLES, data.POLICIES, data.ANALYZE, url=database)
    peers_login = postgres.login("blog", user=data.PEER_LOGIN, password=data.PASSWORD)
    with engine_server(database) as engine, postgraphile_server(peers_login) as peer:
        for kind, args in data.metadata():
            call(engine, kind, args)
        token = data.token()
        for scenario in SCENARIOS:
            check(scenario, engine, peer, token)
            yield from compared(scenario, Measured(postgres, database, engine, peer, token))
        yield unseen(engine, token)


def check(scenario: Scenario, engine: Server, peer: Server, token: str) -> None:
    """Ends the benchmark where the servers' answers differ."""
    for number in (1, 17, scenario.numbers):
        variables = filled(scenario.variables, number)
        mine = ask(engine, scenario.query, variables, token)
        theirs = plain(ask(peer, scenario.peer_query, variables, token))
        if mine != theirs:
            raise SystemExit(f"The answers to '{scenario.name}' differ: {mine} and {theirs}.")


@dataclass(frozen=True)
class Measured:
    """What is under load by turns."""

    postgres: Postgres
    database: str
    engine: Server
    peer: Server
    token: str


def compared(scenario: Scenario, of: Measured) -> Iterator[Row]:
    """Rounds of all three in turn, so that a busy moment hits them alike; each counts with its median."""

    def once(number: int) -> None:
        ask(of.engine, scenario.query, filled(scenario.variables, number), of.token)

    same_sql = limit(of.postgres, once, numbers=scenario.numbers)

    def loaded(server: Server, query: str, seconds: int = load.SECONDS) -> load.Measured:
        body = {"query": query, "variables": dict(scenario.variables)}
        return load.wrk(server.url, body, numbers=scenario.numbers, token=of.token, seconds=seconds)

    loads: dict[str, Callable[[], load.Measured]] = {
        "limit": lambda: load.pgbench(of.postgres, of.database, same_sql),
        "engine": lambda: loaded(of.engine, scenario.query),
        "peer": lambda: loaded(of.peer, scenario.peer_query),
    }
    loaded(of.engine, scenario.query, WARM_UP_SECONDS)
    loaded(of.peer, scenario.peer_query, WARM_UP_SECONDS)
    found: dict[str, list[load.Measured]] = {name: [] for name in loads}
    for _ in range(ROUNDS):
        for name, run in loads.items():
            found[name].append(run())
    rates = {name: statistics.median(each.per_second for each in all_) for name, all_ in found.items()}
    yield Row(scenario.name, rates["engine"], UNIT, ratio_at_least(scenario.at_least), PEER, rates["peer"])
    if scenario.of_limit:
        yield Row(scenario.name, rates["engine"], UNIT, ratio_at_least(scenario.of_limit), LIMIT, rates["limit"])
    if scenario is BY_KEY:
        p99 = {name: statistics.median(each.p99_milliseconds for each in all_) for name, all_ in found.items()}
        name = f"{scenario.name}, p99 of {load.CONNECTIONS} connections"
        yield Row(name, p99["engine"], "ms", at_most(5), PEER, p99["peer"])


def unseen(engine: Server, token: str) -> Row:
    """What a query costs that is parsed and planned first, over the same query once it is known."""
    first, again = [], []
    post = kept_alive(engine, {"authorization": f"Bearer {token}"})
    for number in range(UNSEEN_QUERIES):
        query = UNSEEN.replace("@number@", str(number))
        first.append(post(query, {"id": 1}))
        again.append(post(query, {"id": 2}))
    more = (statistics.median(first) - statistics.median(again)) * 1000
    repeated = statistics.median(again) * 1000
    return Row("an unseen query over a repeated one, p50", more, "ms", at_most(2), "the repeated one", repeated)


def kept_alive(server: Server, headers: dict[str, str]) -> Callable[[str, dict[str, object]], float]:
    """Sends queries over one connection; gives the seconds until the answer is read."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def post(query: str, variables: dict[str, object]) -> float:
        body = json.dumps({"query": query, "variables": variables})
        begin = time.perf_counter()
        connection.request("POST", parts.path, body, {"content-type": "application/json", **headers})
        answer = connection.getresponse().read()
        seconds = time.perf_counter() - begin
        if answer.startswith(b'{"errors"'):
            raise SystemExit(f"{server.url} answers {answer[:2000]!r}")
        return seconds

    return post


def few_tables(database: str) -> Iterator[Row]:
    yield start(f"start with {FEW_TABLES} tables", database, at_most(0.6))
    with engine_server(database) as engine:
        introspect(engine)
        yield Row(f"memory with {FEW_TABLES} tables", engine.megabytes(), "MB", at_most(80))


def very_many_tables(database: str) -> Iterator[Row]:
    yield start(f"start with {MANY_TABLES} tables", database, at_most(2))
    with engine_server(database) as engine:
        yield Row(f"introspection of {MANY_TABLES} tables, the first", introspect(engine), "s", at_most(1.5))
        yield Row(f"memory with {MANY_TABLES} tables", engine.megabytes(), "MB", at_most(250))


def start(name: str, database: str, target: Target) -> Row:
    """From the start of the process until it answers."""
    seconds = []
    for _ in range(STARTS):
        with engine_server(database) as engine:
            seconds.append(engine.ready_seconds)
    return Row(name, statistics.median(seconds), "s", target)


def introspect(engine: Server) -> float:
    """The seconds of the introspection that tools send."""
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    return kept_alive(engine, {"x-hasura-admin-secret": ADMIN_SECRET})(query, {})

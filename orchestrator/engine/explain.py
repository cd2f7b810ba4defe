"""How a query would be run: the SQL of each root field and PostgreSQL's plan for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.engine import execute, plan, prepare
from orchestrator.engine.auth.session import ROLE, Session
from orchestrator.engine.db import Database
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.prepare import Operations, Request
from orchestrator.engine.render import render_query
from orchestrator.engine.sql import Source, compile_sql, raw, text_literal, text_of


async def explain(operations: Operations, databases: Mapping[str, Database], body: JsonValue) -> Any:
    """A list with an entry for each root field of a query; of a subscription the one field, without its name."""
    request, session = prepare.read_request(body["query"].json), asking(body)
    kind, roots = operations.roots(request, session)
    if kind == "mutation":
        raise EngineError("invalid-params", "only queries can be explained")
    found = [await _explained(root, databases, session, request) for root in roots]
    if kind == "query":
        return found
    return {"sql": found[0]["sql"], "plan": found[0]["plan"], "variables": dict(session.variables)}


def asking(body: JsonValue) -> Session:
    """The session of the variables under `user`, the admin's without."""
    variables = {name.lower(): item.text() for name, item in body.members_of("user").items()}
    role = variables.get(ROLE, "admin")
    return Session(role, {**variables, ROLE: role})


async def _explained(
    root: plan.Root, databases: Mapping[str, Database], session: Session, request: Request
) -> dict[str, Any]:
    if not isinstance(root.node, plan.Rows | plan.Aggregate):
        return {"field": root.key, "sql": None, "plan": None}
    sql = "SELECT " + render_query(root.node) + ' AS "root"'

    def shown(source: Source) -> str:
        (value,) = execute.values_of((source,), session, request.variables)
        return "NULL" if value is None else text_literal(value)

    statement = compile_sql(raw("EXPLAIN (FORMAT TEXT) ") + sql)
    values = execute.values_of(statement.sources, session, request.variables)
    lines = await databases[root.source].fetch_rows(statement.text, values)
    return {"field": root.key, "sql": text_of(sql, shown), "plan": [_text(line[0]) for line in lines]}


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

"""The old queries of /v1/query: select, insert, update, delete and count, on the same plan nodes as GraphQL.

What can't be read in a query's arguments is refused with its path within them, all else with its path in the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from orchestrator.engine.auth.session import Session
from orchestrator.engine.crud import reading, writing
from orchestrator.engine.crud.query import ARGS, Query
from orchestrator.engine.errors import not_found
from orchestrator.engine.execute import Runner
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.sql import SessionVariable, Sql, Statement, compile_sql
from orchestrator.engine.tracked import TrackedSource

QUERIES: Mapping[str, Callable[[Query, JsonValue], Sql]] = {
    "select": reading.select,
    "count": reading.count,
    "insert": writing.insert,
    "update": writing.update,
    "delete": writing.delete,
}


async def run(
    connection: Any, source: TrackedSource, session: Session, name: str, args: Any, *, stringify: bool
) -> Any:
    """The answer of one old query; `stringify` gives numbers too big for JavaScript as strings."""
    statement = compile_sql(QUERIES[name](Query(source, session, stringify), JsonValue(args)))
    _check_session(statement, session)
    answer = await Runner(connection, session, {}).fetch(statement, ARGS)
    return orjson.Fragment(answer)


def _check_session(statement: Statement, session: Session) -> None:
    for needed in statement.sources:
        if isinstance(needed, SessionVariable) and needed.name not in (None, *session.variables):
            raise not_found(f"{needed.name} header is expected but not found", ARGS)

"""Runs what was prepared: parameters filled in, statements sent, the answer put together from PostgreSQL's text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import asyncpg
import orjson

from orchestrator.engine import plan, remote
from orchestrator.engine.answers import filled, json_object
from orchestrator.engine.auth.session import Session
from orchestrator.engine.db import AWAY, Database, engine_error
from orchestrator.engine.errors import EngineError, bad_request, not_found, not_supported
from orchestrator.engine.given import at_steps
from orchestrator.engine.prepare import (
    MutationField,
    RunChange,
    RunMutation,
    RunQuery,
    RunStages,
)
from orchestrator.engine.render import CHECK_FAILED, render_changed_rows, render_shown_rows
from orchestrator.engine.scalars import encode_json
from orchestrator.engine.sql import (
    Blend,
    JoinKeys,
    Literal,
    Param,
    RequestVariable,
    SessionVariable,
    Source,
    Statement,
    compile_sql,
)

Values = Mapping[str, Any]
MAX_PARAMETERS = 32_767


async def run(
    runnable: RunQuery | RunMutation, databases: Mapping[str, Database], session: Session, variables: Values
) -> bytes:
    """The JSON object of the operation's `data`."""
    if isinstance(runnable, RunQuery):
        data = await _run_query(runnable, databases, session, variables)
    else:
        data = await _run_mutation(runnable, databases, session, variables)
    if not runnable.steps:
        return data

    async def fetch(source: str, statement: Statement, keys: str) -> bytes:
        values = [keys if isinstance(s, JoinKeys) else _value(s, session, variables) for s in statement.sources]
        answer: bytes = (await databases[source].fetch_row(statement.text, values))[0]
        return answer

    return await remote.complete(data, runnable.steps, fetch)


def values_of(sources: Sequence[Source], session: Session, variables: Values) -> list[str | None]:
    if len(sources) > MAX_PARAMETERS:
        raise bad_request(f"the request has more than {MAX_PARAMETERS} values; send it in parts")
    return [_value(source, session, variables) for source in sources]


def _value(source: Source, session: Session, variables: Values) -> str | None:
    if isinstance(source, Literal):
        return source.text
    if isinstance(source, RequestVariable):
        return source.encode(at_steps(variables, source.steps), source.path)
    if isinstance(source, SessionVariable):
        text = _session_value(source.name, session)
        return source.encode(text) if source.encode else text
    if isinstance(source, Blend):
        return source.build(variables)
    raise EngineError("unexpected", "a parameter without a value")


def _session_value(name: str | None, session: Session) -> str:
    if name is None:
        return orjson.dumps(dict(session.variables)).decode()
    if name not in session.variables:
        raise not_found(f'missing session variable: "{name}"')
    return session.variables[name]


# Queries


async def _run_query(query: RunQuery, databases: Mapping[str, Database], session: Session, variables: Values) -> bytes:
    rows: dict[str, Any] = {}
    for source, statement in query.statements.items():
        rows[source] = await databases[source].fetch_row(
            statement.text, values_of(statement.sources, session, variables)
        )
    return filled(query.slots, rows)


# Mutations


async def _run_mutation(
    mutation: RunMutation, databases: Mapping[str, Database], session: Session, variables: Values
) -> bytes:
    source = mutation.one_statement_of
    if source is not None:
        # A single statement needs no transaction around it: it is one.
        async with databases[source].connection() as connection:
            return await _fields(mutation.fields, {source: Runner(connection, session, variables)})
    async with AsyncExitStack() as stack:
        runners = {}
        for source in {item.source for item in mutation.leaves if item.runs}:
            connection = await stack.enter_async_context(databases[source].connection())
            await stack.enter_async_context(connection.transaction())
            runners[source] = Runner(connection, session, variables)
        return await _fields(mutation.fields, runners)


async def _fields(fields: Sequence[MutationField], runners: Mapping[str, Runner]) -> bytes:
    return json_object([(item.key, await _field(item, runners)) for item in fields])


async def _field(item: MutationField, runners: Mapping[str, Runner]) -> bytes:
    if item.below is not None:
        return await _fields(item.below, runners)
    return item.constant if item.constant is not None else await runners[item.source].field(item)


class Runner:
    """Runs the changes of one root field on a connection."""

    def __init__(self, connection: Any, session: Session, variables: Values) -> None:
        self._connection = connection
        self._session = session
        self._variables = variables

    async def field(self, item: MutationField) -> bytes:
        answers = [await self.run(run) for run in item.runs]
        return b"[" + b",".join(answers) + b"]" if item.many else answers[0]

    async def run(self, run: RunChange | RunStages) -> bytes:
        if isinstance(run, RunChange):
            return await self.fetch(run.statement, run.path)
        rows, affected = await self.changed(run.change)
        text = encode_json(rows, run.change.path)
        shown = render_shown_rows(text, run.output, run.change.table, affected)
        return await self.fetch(compile_sql(shown), "$")

    async def fetch(self, statement: Statement, path: str) -> bytes:
        values = values_of(statement.sources, self._session, self._variables)
        try:
            row = await self._connection.fetchrow(statement.text, *values)
        except asyncpg.InvalidTextRepresentationError as error:
            if CHECK_FAILED in str(error):
                raise _check_failed(path) from error
            raise engine_error(error).at(path) from error
        except AWAY:
            raise
        except asyncpg.PostgresError as error:
            raise engine_error(error).at(path) from error
        return row[0] or b"null"

    async def changed(self, change: plan.Insert | plan.Update | plan.Delete) -> tuple[list[Any], int]:
        """The rows after the change, with all their columns, and how many rows were affected in all."""
        if not isinstance(change, plan.Insert):
            return await self.changed_rows(change)
        if not any(row.before or row.after for row in change.rows):
            return await self.changed_rows(change)
        rows: list[Any] = []
        affected = 0
        for row in change.rows:
            inserted, count = await self.insert_nested(change, row)
            rows.extend(inserted)
            affected += count
        return rows, affected

    async def changed_rows(self, change: plan.Insert | plan.Update | plan.Delete) -> tuple[list[Any], int]:
        rows: list[Any] = []
        for part in _parts(change):
            text = await self.fetch(compile_sql(render_changed_rows(part)), part.path)
            rows.extend(json.loads(text, parse_float=Decimal))
        return rows, len(rows)

    async def insert_nested(self, insert: plan.Insert, row: plan.InsertRow) -> tuple[list[Any], int]:
        values, affected = dict(row.values), 0
        for related in row.before:
            rows, count = await self.changed(related.insert)
            affected += count
            if not rows:
                raise _nothing_inserted(
                    f'object relation "{related.relationship}"', related.insert, f"{row.path}.{related.relationship}"
                )
            values.update(
                {ours: _literal(rows[0][theirs], insert.types[ours]) for ours, theirs in related.join.columns}
            )
        columns = tuple(dict.fromkeys((*insert.columns, *values)))
        alone = replace(insert, rows=(plan.InsertRow(values),), columns=columns, path=row.path)
        own, count = await self.changed_rows(alone)
        affected += count
        if row.after and not own:
            raise _nothing_inserted("array relations", insert, row.path)
        for related in row.after:
            types = related.insert.types
            fixed = {theirs: _literal(own[0][ours], types[theirs]) for ours, theirs in related.join.columns}
            _, count = await self.changed(_with_values(related.insert, fixed))
            affected += count
        return own, affected


def _parts(change: plan.Insert | plan.Update | plan.Delete) -> Iterator[plan.Insert | plan.Update | plan.Delete]:
    """The change in parts that are one statement each."""
    if not isinstance(change, plan.Insert):
        yield change
        return
    size = change.rows_a_statement
    for start in range(0, len(change.rows), size):
        yield replace(change, rows=change.rows[start : start + size])


def _with_values(insert: plan.Insert, values: Mapping[str, Param]) -> plan.Insert:
    """The insert with these columns set in every row."""
    rows = tuple(replace(row, values={**row.values, **values}) for row in insert.rows)
    return replace(insert, rows=rows, columns=tuple(dict.fromkeys((*insert.columns, *values))))


def _literal(value: Any, sql_type: str) -> Param:
    """A column's value, as JSON gave it, as a parameter."""
    return Param(Literal(value if value is None or isinstance(value, str) else encode_json(value, "$")), sql_type)


def _check_failed(path: str) -> EngineError:
    return EngineError("permission-error", "check constraint of an insert/update permission has failed", path)


def _nothing_inserted(what: str, insert: plan.Insert, path: str) -> EngineError:
    return not_supported(
        f'cannot proceed to insert {what} since insert to table "{insert.table}" affects zero rows', path
    )

"""Relationships to tables of other sources: each is one more statement, whose rows go where the first left keys.

A statement leaves, in place of the related rows, the list of its row's values in the columns of the relationship, as
text. The steps say where these lists are.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestrator.engine import plan
from orchestrator.engine.render import render_remote
from orchestrator.engine.scalars import encode_json
from orchestrator.engine.sql import Statement, compile_sql

# Sends a statement to a source, with the keys as JSON text; its answer is a JSON list with one item a key.
Fetch = Callable[[str, Statement, str], Awaitable[bytes]]
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Step:
    """`path` leads, by response keys, to where the keys are; the steps `below` start at what comes in their place."""

    path: tuple[str, ...]
    source: str
    statement: Statement
    below: tuple[Step, ...]


def steps_of(fields: Sequence[plan.Field], path: tuple[str, ...]) -> Iterator[Step]:
    """The steps for the remote relationships among fields, and among what is related to them in the same source."""
    for field in fields:
        if isinstance(field, plan.RemoteField):
            statement = compile_sql(render_remote(field))
            yield Step((*path, field.key), field.source, statement, tuple(query_steps(field.query, ())))
        elif isinstance(field, plan.ObjectField | plan.ArrayField | plan.ComputedRows):
            yield from query_steps(field.rows, (*path, field.key))
        elif isinstance(field, plan.AggregateField):
            yield from query_steps(field.aggregate, (*path, field.key))


def query_steps(query: plan.Query, path: tuple[str, ...]) -> Iterator[Step]:
    if isinstance(query, plan.Rows):
        yield from steps_of(query.fields, path)
        return
    for part in query.parts:
        if isinstance(part, plan.AggregateNodes):
            yield from steps_of(part.fields, (*path, part.key))


def root_steps(roots: Sequence[plan.Root], path: tuple[str, ...] = ()) -> Iterator[Step]:
    """The steps for all that an operation shows."""
    for root in roots:
        at = (*path, root.key)
        if root.below is not None:
            yield from root_steps(root.below, at)
        elif isinstance(root.node, plan.Mutation):
            yield from _output_steps(root.node.outputs, at)
        elif isinstance(root.node, plan.CallFunction):
            yield from query_steps(root.node.query, at)
        elif isinstance(root.node, plan.Stream):
            yield from query_steps(root.node.rows, at)
        elif root.node is not None:
            yield from query_steps(root.node, at)


def _output_steps(output: plan.MutationOutput, path: tuple[str, ...]) -> Iterator[Step]:
    yield from steps_of(output.single or (), path)
    for part in output.parts:
        if isinstance(part, plan.Returning):
            yield from steps_of(part.fields, (*path, part.key))


async def complete(data: bytes, steps: Sequence[Step], fetch: Fetch) -> bytes:
    """The answer with what is related in other sources in its place."""
    if not steps:
        return data
    root = _loads(data)
    await _fill([root], steps, fetch)
    return encode_json(root, "$").encode()


async def _fill(roots: Sequence[Any], steps: Sequence[Step], fetch: Fetch) -> None:
    for step in steps:
        places = list(_places(roots, step.path))
        keys: list[Key] = list(dict.fromkeys(tuple(place[step.path[-1]]) for place in places))
        if not keys:
            continue
        found = _loads(await fetch(step.source, step.statement, json.dumps(keys)))
        await _fill(found, step.below, fetch)
        related = dict(zip(keys, found, strict=True))
        for place in places:
            place[step.path[-1]] = related[tuple(place[step.path[-1]])]


def _places(values: Sequence[Any], path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The objects that hold the path's last key."""
    for value in values:
        if isinstance(value, list):
            yield from _places(value, path)
        elif value is not None and len(path) == 1:
            yield value
        elif value is not None:
            yield from _places([value[path[0]]], path[1:])


def _loads(text: bytes) -> Any:
    return json.loads(text, parse_float=Decimal)

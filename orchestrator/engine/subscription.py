"""A subscription into one statement for all its subscribers: each is a row of the statement's input.

A parameter that is the same for all of them stays one; the others become columns of `"_subs"`, and the answers come
back with the number of their row.
"""

# ruff: noqa: S608 - text comes from quoted names of the catalog; values are parameters.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from orchestrator.engine import boolexp, given, plan, remote, scalars
from orchestrator.engine.answers import Slot, slot_of
from orchestrator.engine.arguments import arguments_of, reject_null
from orchestrator.engine.boolexp import Compare
from orchestrator.engine.directives import MULTIPLE_TOP_LEVEL_FIELDS
from orchestrator.engine.errors import not_supported, validation_failed
from orchestrator.engine.given import Given
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.planner import TYPENAME, Planner, find_field
from orchestrator.engine.render import render_query, render_stream
from orchestrator.engine.schema.bindings import ColumnOf, Namespace, StreamRoot
from orchestrator.engine.schema.streams import DIRECTIONS
from orchestrator.engine.schema.types import ObjectType
from orchestrator.engine.selection import Selected, collect
from orchestrator.engine.sql import Literal, Param, Source, Sql, StreamCursor, join, sources_of, text_of

Introspection = ("__schema", "__type", TYPENAME)


@dataclass(frozen=True)
class RunLive:
    """A subscription, whichever subscriber's: `text` takes the values of `shared`, then a list for each of `own`.

    A live query's statement takes, ahead of `own`, the hashes of the answers that the subscribers know, and gives the
    others: number, hash, answer's columns. A stream's, whose cursor begins at `initial`, gives number, cursor, rows.
    """

    source: str
    slots: tuple[Slot, ...]
    text: str
    shared: tuple[Literal, ...]
    own: tuple[Source, ...]
    initial: Source | None = None

    @property
    def is_stream(self) -> bool:
        return self.initial is not None


@dataclass(frozen=True)
class SubscriptionPlanner:
    """Plans the fields of a subscription, of which there may be but one at the top, and of one source."""

    planner: Planner

    def subscription(self, type_: ObjectType) -> tuple[plan.Root, ...]:
        operation = self.planner.operation
        selection = (operation.selection,)
        selected = collect(selection, type_.name, operation.fragments, self.planner.variables, "$.selectionSet")
        may_be_many = any(node.name.value == MULTIPLE_TOP_LEVEL_FIELDS for node in operation.directives)
        if len(selected) > 1 and not may_be_many:
            raise validation_failed("subscriptions must select one top level field")
        if not selected or any(item.name in Introspection for item in selected):
            raise not_supported("Introspection at root field level is not supported over subscriptions")
        return tuple(self._root(type_, item) for item in selected)

    def _root(self, type_: ObjectType, selected: Selected, parent: str = "$.selectionSet.") -> plan.Root:
        path = parent + selected.name
        if selected.name == TYPENAME:
            return plan.Root(selected.key, "", None, orjson.dumps(type_.name))
        field = find_field(type_, selected.name, path)
        binding = field.binding
        if isinstance(binding, Namespace):
            return self.planner.namespace(binding.type, selected, path, self._root)
        if not isinstance(binding, StreamRoot):
            node: plan.Query | plan.Stream = self.planner.root_node(field, selected, path)
        else:
            arguments = arguments_of(field, selected, self.planner.variables, path)
            node = self._stream(binding.access, arguments, selected, path)
        return plan.Root(selected.key, binding.access.source.name, node)

    def _stream(
        self, access: TableAccess, arguments: Mapping[str, Given], selected: Selected, path: str
    ) -> plan.Stream:
        binding, initial, (operator, direction) = self._cursor(access, arguments["cursor"], f"{path}.args.cursor")
        column, batch_path = binding.column, f"{path}.args.batch_size"
        reject_null(arguments["batch_size"], "Int", batch_path)
        size = given.as_param(arguments["batch_size"], scalars.encode_non_negative, "bigint", batch_path)
        chosen = {name: value for name, value in arguments.items() if name == "where"}
        rows = self.planner.rows(access, access.table.name, chosen, selected, path)
        after = Compare(column.name, operator, Param(StreamCursor(), initial.cast))
        rows = replace(
            rows,
            where=boolexp.all_of([after, rows.where]),
            order=(plan.OrderItem(plan.OrderColumn(column.name), direction),),
            limits=(size, *rows.limits),
        )
        return plan.Stream(rows, column.name, initial.source)

    def _cursor(self, access: TableAccess, value: Given, path: str) -> tuple[ColumnOf, Param, tuple[str, str]]:
        """The cursor's column, its initial value, and its comparison and order."""
        arguments = self.planner.arguments
        type_ = arguments.input_object(access.table.typed("_stream_cursor_input"))
        columns = arguments.input_object(type_.fields["initial_value"].type.named)
        found = []
        for index, item in enumerate(given.as_list(value, path)):
            if item.value is None:
                continue
            at = f"{path}[{index}]" if isinstance(value.value, list) else path
            fields = given.as_object(item, type_, at)
            direction = DIRECTIONS["ASC"]
            if "ordering" in fields and fields["ordering"].value is not None:
                enum = arguments.enum(type_.fields["ordering"].type.named)
                direction = given.as_enum(fields["ordering"], enum, f"{at}.ordering").binding
            at += ".initial_value"
            for name, initial in given.as_object(fields["initial_value"], columns, at).items():
                binding: ColumnOf = columns.fields[name].binding
                found.append((binding, self.planner.column_param(binding, initial, f"{at}.{name}"), direction))
        if len(found) != 1:
            expected = (
                "multiple column cursors are not supported yet" if found else "one streaming column field is expected"
            )
            raise validation_failed(expected, path)
        return found[0]


def compile_subscription(roots: Sequence[plan.Root]) -> RunLive:
    """The statement of the root fields; raises where they can't be subscribed to together."""
    asked: dict[str, list[Any]] = {}
    slots = tuple(slot_of(root, asked) for root in roots)
    if any(True for _ in remote.root_steps(roots)):
        raise not_supported("Remote relationships are not allowed in subscriptions")
    if len(asked) > 1:
        raise not_supported("all fields of a subscription must be from the same source")
    if not asked:
        raise not_supported("Introspection at root field level is not supported over subscriptions")
    ((source, nodes),) = asked.items()
    streams = [node for node in nodes if isinstance(node, plan.Stream)]
    if not streams:
        return _live_query(source, slots, nodes)
    if len(streams) < len(nodes):
        raise not_supported("streaming and livequery subscriptions cannot be executed in the same subscription")
    if len(streams) > 1:
        raise not_supported("exactly one root field is allowed for streaming subscriptions")
    return _stream(source, slots, streams[0])


def _live_query(source: str, slots: tuple[Slot, ...], nodes: Sequence[plan.Query]) -> RunLive:
    columns = [f'"c{index}"' for index in range(len(nodes))]
    shown = [render_query(node) + f" AS {column}" for node, column in zip(nodes, columns, strict=True)]
    asked = join(", ", shown)
    shared, own = _divided(asked)
    input_ = _input(shared, own, ("known", "bigint"))
    answers = f'SELECT "_subs"."n", "_subs"."known", {_placed(asked, shared, own)} FROM {input_} OFFSET 0'
    # The hash is of 64 bits: PostgreSQL sends only what has changed.
    texts = ", ".join(f"{column}::text" for column in columns)
    hash_ = f"hashtextextended(concat_ws(',', {texts}) COLLATE \"C\", 0)"
    listed = ", ".join(columns)
    hashed = f'SELECT "n", "known", {hash_} AS "hash", {listed} FROM ({answers}) AS "_answers" OFFSET 0'
    text = f'SELECT "n", "hash", {listed} FROM ({hashed}) AS "_hashed" WHERE "hash" IS DISTINCT FROM "known"'
    return RunLive(source, slots, text, shared, own)


def _stream(source: str, slots: tuple[Slot, ...], node: plan.Stream) -> RunLive:
    asked = render_stream(node)
    shared, own = _divided(asked)
    input_ = _input(shared, own)
    next_ = f'CROSS JOIN LATERAL ({_placed(asked, shared, own)}) AS "_next"'
    text = f'SELECT "_subs"."n", "_next"."cursor", "_next"."c0" FROM {input_} {next_} WHERE "_next"."c0" IS NOT NULL'
    return RunLive(source, slots, text, shared, own, node.initial)


def _divided(sql: Sql) -> tuple[tuple[Literal, ...], tuple[Source, ...]]:
    """The parameters that are the same for all subscribers, and those that each has of its own."""
    sources = sources_of(sql)
    shared = tuple(source for source in sources if isinstance(source, Literal))
    return shared, tuple(source for source in sources if not isinstance(source, Literal))


def _placed(sql: Sql, shared: tuple[Literal, ...], own: tuple[Source, ...]) -> str:
    places: dict[Source, str] = {source: f"${number}::text" for number, source in enumerate(shared, start=1)}
    places |= {source: f'"_subs"."v{number}"' for number, source in enumerate(own)}
    return text_of(sql, lambda source: places[source])


def _input(shared: tuple[Literal, ...], own: tuple[Source, ...], *first: tuple[str, str]) -> str:
    """The subscribers' values as rows, numbered."""
    columns = [*first, *((f"v{number}", "text") for number in range(len(own)))]
    listed = ", ".join(f"${len(shared) + at}::{type_}[]" for at, (_, type_) in enumerate(columns, start=1))
    names = ", ".join(f'"{name}"' for name, _ in columns)
    return f'unnest({listed}) WITH ORDINALITY AS "_subs" ({names}, "n")'

"""A GraphQL request into something that can run: parsed and planned once, then kept for requests of the same shape."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import orjson

from orchestrator.engine import directives, plan, remote
from orchestrator.engine.allowlist import normal_form
from orchestrator.engine.answers import Slot, slot_of
from orchestrator.engine.auth.session import Session
from orchestrator.engine.document import Document, Operation, choose_operation, parse_document
from orchestrator.engine.errors import EngineError, validation_failed
from orchestrator.engine.given import Declared, Variables
from orchestrator.engine.input_hooks.hooks import InputCheck
from orchestrator.engine.mutations import MutationPlanner
from orchestrator.engine.options import Options
from orchestrator.engine.planner import Planner
from orchestrator.engine.render import render_change, render_query
from orchestrator.engine.scalars import mismatch
from orchestrator.engine.schema.role import RoleSchema
from orchestrator.engine.schema.types import Enum, InputObject, Ref, key_of
from orchestrator.engine.sql import Statement, compile_sql, join, raw
from orchestrator.engine.subscription import RunLive, SubscriptionPlanner, compile_subscription
from orchestrator.engine.tracked import TrackedSource

Kept = TypeVar("Kept")
MAX_DOCUMENTS = 1000
MAX_OPERATIONS = 1000
MAX_SHAPES = 200
MAX_KEPT = 100_000


class Request(NamedTuple):
    """A GraphQL request's body."""

    text: str
    variables: Mapping[str, Any]
    operation: str | None


@dataclass(frozen=True)
class RunQuery:
    """One statement a source; each root field is a column of it. The steps bring what is related across sources."""

    slots: tuple[Slot, ...]
    statements: Mapping[str, Statement]
    steps: tuple[remote.Step, ...] = ()


@dataclass(frozen=True)
class RunChange:
    """A change that is one statement; `path` is where PostgreSQL's errors are reported."""

    statement: Statement
    path: str


@dataclass(frozen=True)
class RunStages:
    """A change that takes several statements, such as a nested insert, or whose answer looks at other tables."""

    change: plan.Insert | plan.Update | plan.Delete
    output: plan.MutationOutput


@dataclass(frozen=True)
class MutationField:
    key: bytes
    source: str
    runs: tuple[RunChange | RunStages, ...]
    many: bool = False
    constant: bytes | None = None
    below: tuple[MutationField, ...] | None = None


@dataclass(frozen=True)
class RunMutation:
    """`checks` are to be passed before anything is changed."""

    fields: tuple[MutationField, ...]
    steps: tuple[remote.Step, ...] = ()
    checks: tuple[InputCheck, ...] = ()

    @property
    def leaves(self) -> tuple[MutationField, ...]:
        """The fields that change something or are constant, in order."""
        return tuple(_leaves(self.fields))

    @cached_property
    def one_statement_of(self) -> str | None:
        """The source whose one statement is the whole mutation; None where there are more statements, or none."""
        if len(self.leaves) != 1:
            return None
        only = self.leaves[0]
        return only.source if len(only.runs) == 1 and isinstance(only.runs[0], RunChange) else None


def _leaves(fields: tuple[MutationField, ...]) -> Iterator[MutationField]:
    for item in fields:
        if item.below is None:
            yield item
        else:
            yield from _leaves(item.below)


Runnable = RunQuery | RunMutation | RunLive


class Cache(Generic[Kept]):
    """The values last added, by key, up to a number of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[Hashable, Kept] = {}

    def get(self, key: Hashable) -> Kept | None:
        return self._kept.get(key)

    def add(self, key: Hashable, value: Kept) -> Kept:
        if len(self._kept) >= self._size:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = value
        return value


@dataclass(frozen=True)
class KnownOperation:
    """An operation of a role, and what runs it for each shape of its variables."""

    operation: Operation
    schema: RoleSchema
    runnables: Cache[Runnable] = field(default_factory=lambda: Cache(MAX_SHAPES))


class Operations:
    """What is known of requests under one state of the metadata: schemas by role, documents, operations."""

    def __init__(
        self,
        sources: tuple[TrackedSource, ...],
        options: Options,
        allowed: frozenset[tuple[str, ...]] | None = None,
    ) -> None:
        self._sources = sources
        self._options = options
        self._allowed = allowed
        self._schemas: dict[tuple[str, bool], RoleSchema] = {}
        self._documents: Cache[Document] = Cache(MAX_DOCUMENTS)
        self._operations: Cache[KnownOperation] = Cache(MAX_OPERATIONS)

    def schema(self, role: str, *, backend: bool) -> RoleSchema:
        key = (role, backend)
        if key not in self._schemas:
            self._schemas[key] = RoleSchema(self._sources, role, self._options, backend=backend)
        return self._schemas[key]

    def prepare(self, request: Request, session: Session) -> Runnable:
        """What runs the request for the session's role."""
        try:
            return self._prepared(request, session)
        except RecursionError:
            raise _too_deep() from None

    def _prepared(self, request: Request, session: Session) -> Runnable:
        key = (session.role, session.backend_only, request.text, request.operation)
        known = self._operations.get(key)
        if known is None:
            known = self._allow(request, session)
            if len(request.text) <= MAX_KEPT:
                self._operations.add(key, known)
        variables = checked_variables(known.operation, request.variables, self._options)
        shape = tuple(
            _shape(known.schema, declared.type, variables.get(name, _ABSENT))
            for name, declared in known.operation.declared.items()
        )
        found = known.runnables.get(shape)
        if found is not None:
            return found
        runnable = self._plan(known, Variables(known.operation.declared, variables, self._options.unset_is_null))
        return known.runnables.add(shape, runnable) if _can_be_kept(runnable) else runnable

    def _know(self, request: Request, session: Session) -> KnownOperation:
        document = self._document(request.text)
        schema = self.schema(session.role, backend=session.backend_only)
        return KnownOperation(choose_operation(document, request.operation), schema)

    def _allow(self, request: Request, session: Session) -> KnownOperation:
        """The operation, where the allow list has it or need not have it."""
        is_held = self._allowed is not None and not session.is_admin
        if is_held and normal_form(self._document(request.text)) not in (self._allowed or ()):
            reason = {"message": "query is not in any of the allowlists"}
            raise EngineError("validation-failed", "query is not allowed", internal=reason)
        return self._know(request, session)

    def _document(self, text: str) -> Document:
        document = self._documents.get(text)
        if document is None:
            document = parse_document(text)
            if len(text) <= MAX_KEPT:
                self._documents.add(text, document)
        return document

    def roots(self, request: Request, session: Session) -> tuple[str, tuple[plan.Root, ...]]:
        """The kind of the operation, and what the root fields of a query or subscription ask for."""
        known = self._know(request, session)
        kind, schema = known.operation.kind, known.schema
        given = checked_variables(known.operation, request.variables, self._options)
        planner = self._planner(known, Variables(known.operation.declared, given, self._options.unset_is_null))
        if kind == "mutation":
            return kind, ()
        if kind == "query":
            return kind, planner.query(schema.query)
        if schema.subscription is None:
            raise validation_failed("no subscriptions exist")
        return kind, SubscriptionPlanner(planner).subscription(schema.subscription)

    def _planner(self, known: KnownOperation, variables: Variables) -> Planner:
        return Planner(known.schema, known.operation, variables, self._options.stringify)

    def _plan(self, known: KnownOperation, variables: Variables) -> Runnable:
        runnable = self._runnable(known, self._planner(known, variables))
        directives.read(known.operation.directives, known.operation.kind.upper(), variables, "$")
        return runnable

    def _runnable(self, known: KnownOperation, planner: Planner) -> Runnable:
        if known.operation.kind == "mutation":
            return self._mutation(known.schema, planner)
        if known.operation.kind == "subscription":
            return self._subscription(known.schema, planner)
        return compile_query(planner.query(known.schema.query))

    def _subscription(self, schema: RoleSchema, planner: Planner) -> RunLive:
        if schema.subscription is None:
            raise validation_failed("no subscriptions exist")
        return compile_subscription(SubscriptionPlanner(planner).subscription(schema.subscription))

    def _mutation(self, schema: RoleSchema, planner: Planner) -> RunMutation:
        if schema.mutation is None:
            raise validation_failed("no mutations exist")
        return compile_mutation(MutationPlanner(planner).mutation(schema.mutation))


def _too_deep() -> EngineError:
    return validation_failed("the query is nested too deeply", "$.query")


_ABSENT = object()


def checked_variables(operation: Operation, given: Mapping[str, Any], options: Options) -> Mapping[str, Any]:
    """The variables of the request that the operation declares; raises for what is missing or too much."""
    if not given and not operation.declared:
        return given
    for name, declared in operation.declared.items():
        _check_non_null(name, declared, given, options)
    unexpected = [name for name in given if name not in operation.used]
    if unexpected:
        raise validation_failed(f"unexpected variables in variableValues: {', '.join(unexpected)}")
    return given


def _check_non_null(name: str, declared: Declared, given: Mapping[str, Any], options: Options) -> None:
    if not declared.type.non_null:
        return
    if name not in given and declared.default is None:
        raise validation_failed(f'expecting a value for non-nullable variable: "{name}"')
    if name in given and given[name] is None and not options.null_in_non_null:
        raise validation_failed(f'null value found for non-nullable type: "{declared.type}"')


def _shape(schema: RoleSchema, ref: Ref, value: Any) -> Hashable:
    """What of a variable the plan depends on: all but the scalars, which are parameters."""
    if value is None or value is _ABSENT:
        return value
    if ref.item is not None and isinstance(value, list):
        return _list_shape(schema, ref.item, value)
    type_ = schema.type(ref.named)
    if isinstance(type_, InputObject):
        if not isinstance(value, dict):
            return type(value).__name__
        return tuple((key, _field_shape(schema, type_, key, item)) for key, item in value.items())
    if isinstance(type_, Enum) or ref.named == "Boolean":
        return value if isinstance(value, str | bool) else type(value).__name__
    return isinstance(value, list)


def _list_shape(schema: RoleSchema, item: Ref, value: list[Any]) -> Hashable:
    if item.item is None and not isinstance(schema.type(item.name), InputObject | Enum):
        return None in value
    return tuple(_shape(schema, item, entry) for entry in value)


def _field_shape(schema: RoleSchema, type_: InputObject, key: str, value: Any) -> Hashable:
    known = type_.fields.get(key_of(type_.fields, key) or key)
    return None if known is None else _shape(schema, known.type, value)


def _can_be_kept(runnable: Runnable) -> bool:
    """Whether it can serve other requests of its shape, and is small enough to be worth it."""
    if isinstance(runnable, RunLive):
        return len(runnable.text) < MAX_KEPT
    if isinstance(runnable, RunQuery):
        if any(slot.of_values for slot in runnable.slots):
            return False
        return all(len(statement.text) < MAX_KEPT for statement in runnable.statements.values())
    runs = [run for field_ in runnable.leaves for run in field_.runs]
    return all(isinstance(run, RunChange) and len(run.statement.text) < MAX_KEPT for run in runs)


def compile_query(roots: tuple[plan.Root, ...]) -> RunQuery:
    asked: dict[str, list[plan.Query]] = {}
    slots = tuple(slot_of(root, asked) for root in roots)
    statements = {source: _select(nodes) for source, nodes in asked.items()}
    return RunQuery(slots, statements, tuple(remote.root_steps(roots)))


def _select(nodes: list[plan.Query]) -> Statement:
    columns = [render_query(node) + f' AS "c{index}"' for index, node in enumerate(nodes)]
    return compile_sql("SELECT " + join(", ", columns))


def compile_mutation(roots: tuple[plan.Root, ...]) -> RunMutation:
    fields = tuple(_mutation_field(root) for root in roots)
    return RunMutation(fields, tuple(remote.root_steps(roots)), tuple(_checks(roots)))


def _checks(roots: tuple[plan.Root, ...]) -> Iterator[InputCheck]:
    for root in roots:
        if root.below is not None:
            yield from _checks(root.below)
        elif isinstance(root.node, plan.Mutation):
            yield from root.node.checks


def _mutation_field(root: plan.Root) -> MutationField:
    key, node = orjson.dumps(root.key), root.node
    if root.below is not None:
        return MutationField(key, "", (), below=tuple(_mutation_field(item) for item in root.below))
    if isinstance(node, plan.CallFunction):
        statement = compile_sql(raw("SELECT ") + render_query(node.query) + ' AS "root"')
        return MutationField(key, root.source, (RunChange(statement, "$"),))
    if not isinstance(node, plan.Mutation):
        return MutationField(key, root.source, (), constant=root.constant)
    runs = tuple(_run(change, node.outputs) for change in node.changes)
    if not runs:
        return MutationField(key, root.source, (), constant=b"[]")
    return MutationField(key, root.source, runs, many=node.many)


def _run(change: plan.Insert | plan.Update | plan.Delete, output: plan.MutationOutput) -> RunChange | RunStages:
    if (isinstance(change, plan.Insert) and not _is_one_statement(change)) or _looks_elsewhere(output):
        return RunStages(change, output)
    return RunChange(compile_sql(render_change(change, output)), change.path)


def _is_one_statement(insert: plan.Insert) -> bool:
    nested = any(row.before or row.after for row in insert.rows)
    return bool(insert.rows) and not nested and len(insert.rows) <= insert.rows_a_statement


def _looks_elsewhere(output: plan.MutationOutput) -> bool:
    """Whether the answer shows more than the changed rows themselves: that must see the change done."""
    shown = list(output.single or ())
    for part in output.parts:
        if isinstance(part, plan.Returning):
            shown.extend(part.fields)
    return not all(isinstance(item, plan.ColumnField | plan.ConstantField | plan.RemoteField) for item in shown)


def read_request(body: Any, path: str = "$") -> Request:
    """The request that a JSON body makes."""
    if not isinstance(body, dict):
        raise EngineError("parse-failed", "expected an object with the key 'query'", path)
    text, extensions = body.get("query"), body.get("extensions")
    if isinstance(extensions, dict) and "persistedQuery" in extensions:
        raise EngineError("not-supported", "Automatic Persisted Queries is not enabled", path)
    if text is None:
        raise EngineError("parse-failed", "the key 'query' was not present", path)
    if not isinstance(text, str):
        raise EngineError("parse-failed", "parsing Text failed, expected String", f"{path}.query")
    variables, operation = body.get("variables"), body.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise mismatch("an object", "variables", variables, f"{path}.variables")
    if operation is not None and not isinstance(operation, str):
        raise EngineError("parse-failed", "parsing Text failed, expected String", f"{path}.operationName")
    return Request(text, variables or {}, operation)

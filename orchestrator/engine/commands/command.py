"""What a metadata command is given and gives back, and the look-ups that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from orchestrator.engine.consistency.check import inconsistencies, without_dependents
from orchestrator.engine.consistency.conflicts import conflict
from orchestrator.engine.consistency.inconsistency import (
    Databases,
    Inconsistency,
    ObjectId,
    consistent,
    drop_object,
    new_inconsistencies,
)
from orchestrator.engine.errors import EngineError
from orchestrator.engine.json_value import JsonValue
from orchestrator.engine.metadata.model import DEFAULT_SOURCE, Metadata, Source, Table
from orchestrator.engine.metadata.reader import read_name, source_name

Tolerates = Literal["none", "old", "all"]

ARGS: Final = "$.args"
SUCCESS: Final[Mapping[str, Any]] = {"message": "success"}


@dataclass(frozen=True)
class Context:
    """What a command may know: the databases as last read, what is inconsistent now, and the metadata's version."""

    databases: Databases
    inconsistent: tuple[Inconsistency, ...] = ()
    resource_version: int = 0
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Result:
    """The metadata after the command and its answer, or what makes that from the inconsistencies afterwards.

    `built` is the object that the command is about: where that is inconsistent, its own reason is the error.
    `tolerates` says which inconsistent objects it may leave behind. `reload` asks for all catalogs to be read anew,
    whether or not the sources changed.
    """

    metadata: Metadata
    answer: Any = field(default_factory=lambda: dict(SUCCESS))
    built: ObjectId | None = None
    tolerates: Tolerates = "old"
    reload: bool = False

    def answered(self, inconsistent: tuple[Inconsistency, ...]) -> Any:
        return self.answer(inconsistent) if callable(self.answer) else self.answer


@dataclass(frozen=True)
class Call:
    """What a command is called with: the metadata as it is, the arguments and what else may be known."""

    metadata: Metadata
    args: JsonValue
    context: Context

    @property
    def databases(self) -> Databases:
        return self.context.databases


Command = Callable[[Call], Result]


def refusal(code: str, message: str, internal: Any = None) -> EngineError:
    return EngineError(code, message, ARGS, internal=internal)


def source_of(call: Call) -> Source:
    """The source that the arguments name, or the default one; a bare name for arguments names none."""
    return find_source(call, source_name(call.args) if isinstance(call.args.json, dict) else DEFAULT_SOURCE)


def find_source(call: Call, name: str) -> Source:
    if name not in call.metadata.sources:
        raise refusal("not-exists", f'source with name "{name}" does not exist')
    return call.metadata.sources[name]


def table_of(call: Call) -> tuple[Source, Table]:
    """The tracked table that the arguments name, with its source."""
    name = read_name(call.args["table"])
    source = source_of(call)
    if name not in source.tables:
        raise refusal("not-exists", f'table "{name}" does not exist in source: {source.name}')
    return source, source.tables[name]


def field_taken(call: Call, source: Source, table: Table, name: str) -> bool:
    """Whether the table has a column, relationship or computed field of that name."""
    catalog = call.databases.catalogs.get(source.name)
    columns = catalog.tables[table.name].column if catalog and table.name in catalog.tables else {}
    return name in columns or name in table.relationships or name in table.computed_fields


def changed(call: Call, source: Source, table: Table, built: ObjectId | None = None) -> Result:
    """The result of putting the changed table in its place."""
    return Result(call.metadata.with_source(source.with_table(table)), built=built or ObjectId(source.name, table.name))


def dropped(call: Call, gone: ObjectId, *, cascade: bool) -> Result:
    """The result of dropping an object: what depends on it is dropped, too, or stands in the way."""
    left = drop_object(call.metadata, gone)
    return Result(without_dependents(left, call.context.inconsistent, call.databases, cascade=cascade))


def settle(before: tuple[Inconsistency, ...], result: Result, databases: Databases) -> tuple[Inconsistency, ...]:
    """What is inconsistent after the command; raises the error of a command that made something so."""
    after = inconsistencies(result.metadata, databases)
    clash = conflict(consistent(result.metadata, after), databases)
    if clash is not None:
        raise clash
    if result.tolerates == "all" or not after:
        return after
    if result.tolerates == "none":
        wrong = new_inconsistencies((), after)
        if wrong:
            raise inconsistent("cannot continue due to inconsistent metadata", wrong)
        return after
    new = new_inconsistencies(before, after)
    own = [problem for problem in new if problem.object == result.built]
    if own:
        reasons = ", ".join(problem.reason for problem in own)
        raise refusal("invalid-configuration", reasons, [problem.as_json() for problem in own])
    # An inherited role whose parents went is told, and stands in nobody's way.
    new = tuple(problem for problem in new if problem.object.source)
    if new:
        raise inconsistent("cannot continue due to new inconsistent metadata", new)
    return after


def inconsistent(message: str, found: tuple[Inconsistency, ...]) -> EngineError:
    return EngineError("unexpected", message, ARGS, status=400, internal=[problem.as_json() for problem in found])


def all_of(steps: Sequence[tuple[Command, JsonValue]]) -> Command:
    """One command that carries several out, so that only what they leave together need be consistent."""

    def command(call: Call) -> Result:
        metadata = call.metadata
        reload = False
        for step, args in steps:
            result = step(replace(call, metadata=metadata, args=args))
            metadata, reload = result.metadata, reload or result.reload
        return Result(metadata, reload=reload)

    return command

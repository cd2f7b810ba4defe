"""What a field or an input means: the planner reads these and never looks a name up again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.engine.boolexp import BoolExp, Operator
from orchestrator.engine.catalog import Argument, Column, FunctionInfo
from orchestrator.engine.permissions import TableAccess
from orchestrator.engine.schema.types import ObjectType
from orchestrator.engine.tracked import Relationship, RemoteRelationship, TrackedFunction


@dataclass(frozen=True, slots=True)
class SelectRoot:
    """`kind` is many, by_pk or aggregate."""

    access: TableAccess
    kind: str


@dataclass(frozen=True, slots=True)
class StreamRoot:
    """`T_stream`, the new rows of a table."""

    access: TableAccess


@dataclass(frozen=True, slots=True)
class InsertRoot:
    access: TableAccess
    one: bool


@dataclass(frozen=True, slots=True)
class UpdateRoot:
    """`kind` is where, by_pk or many."""

    access: TableAccess
    kind: str


@dataclass(frozen=True, slots=True)
class DeleteRoot:
    access: TableAccess
    by_pk: bool


@dataclass(frozen=True, slots=True)
class FunctionRoot:
    """`kind` is many or aggregate."""

    function: TrackedFunction
    access: TableAccess
    kind: str


@dataclass(frozen=True, slots=True)
class Namespace:
    """The one field that holds all root fields of a source."""

    type: ObjectType


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column; `enum` is the type whose values it takes, `when` the rows in which the role may see it."""

    column: Column
    enum: str | None = None
    when: BoolExp | None = None


@dataclass(frozen=True, slots=True)
class RelationshipOf:
    relationship: Relationship
    target: TableAccess


@dataclass(frozen=True, slots=True)
class RelatedAggregate:
    relationship: Relationship
    target: TableAccess


@dataclass(frozen=True, slots=True)
class AggregatePredicate:
    """A comparison of an aggregate function over related rows; `arguments` are named where there are several."""

    function: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteOf:
    """A relationship to a table of another source; `aggregate` says whether its aggregates are meant."""

    relationship: RemoteRelationship
    target: TableAccess
    aggregate: bool = False


@dataclass(frozen=True, slots=True)
class ComputedOf:
    """A computed field; `target` is set where it gives rows of a table."""

    name: str
    function: FunctionInfo
    access: TableAccess
    target: TableAccess | None

    @property
    def when(self) -> BoolExp | None:
        """The rows in which the role may see it, where it may not in all."""
        return self.access.select.conditions.get(self.name) if self.access.select else None


@dataclass(frozen=True, slots=True)
class AggregateObject:
    """The field `aggregate`."""

    access: TableAccess


@dataclass(frozen=True, slots=True)
class AggregateRows:
    """The field `nodes`."""

    access: TableAccess


@dataclass(frozen=True, slots=True)
class CountOf:
    access: TableAccess


@dataclass(frozen=True, slots=True)
class FunctionOf:
    """An aggregate function over columns, such as `sum`."""

    function: str


@dataclass(frozen=True, slots=True)
class AffectedRowsOf:
    pass


@dataclass(frozen=True, slots=True)
class ReturningOf:
    access: TableAccess


@dataclass(frozen=True, slots=True)
class Connective:
    """`_and`, `_or` or `_not`."""

    name: str


@dataclass(frozen=True, slots=True)
class OperatorOf:
    """A comparison of a column of `type`; the operand is of `operand` with the cast `cast`."""

    name: str
    operator: Operator | None
    type: str
    cast: str


@dataclass(frozen=True, slots=True)
class OperandOf:
    """One argument of an operator that takes several; `default` is PostgreSQL's text of it."""

    type: str
    cast: str
    default: str | None


@dataclass(frozen=True, slots=True)
class CastTo:
    """`_cast: {String: {…}}`."""

    sql_type: str


@dataclass(frozen=True, slots=True)
class NestedInsert:
    relationship: Relationship
    target: TableAccess


@dataclass(frozen=True, slots=True)
class UpdateOperator:
    """`_set`, `_inc` and so on; the argument's fields are the columns."""

    name: str


@dataclass(frozen=True, slots=True)
class FunctionArguments:
    """The arguments of a function that a request gives, by GraphQL name, in the function's order."""

    names: Mapping[str, Argument]

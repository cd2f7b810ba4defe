"""What a request asks of the database, as frozen nodes that `render` turns into SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.engine.boolexp import BoolExp, FunctionCall, Join
from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.input_hooks.hooks import InputCheck
from orchestrator.engine.sql import Param, Source

# The protocol allows 65,535 parameters, asyncpg half of them; conditions and presets need some, too.
MAX_VALUES = 30_000


@dataclass(frozen=True, slots=True)
class ColumnField:
    """A column under its response key; `output` is a key of OUTPUTS in render, `path` the steps into a JSON value.

    `when` hides the value (null) unless the condition holds, as inherited roles need.
    """

    key: str
    column: str
    output: str
    path: Param | None = None
    when: BoolExp | None = None


@dataclass(frozen=True, slots=True)
class ConstantField:
    """A value known beforehand, such as `__typename`."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ObjectField:
    key: str
    join: Join
    rows: Rows


@dataclass(frozen=True, slots=True)
class ArrayField:
    key: str
    join: Join
    rows: Rows


@dataclass(frozen=True, slots=True)
class AggregateField:
    key: str
    join: Join
    aggregate: Aggregate


@dataclass(frozen=True, slots=True)
class ComputedField:
    """A scalar that a function gives for the row."""

    key: str
    call: FunctionCall
    output: str
    path: Param | None = None
    when: BoolExp | None = None


@dataclass(frozen=True, slots=True)
class ComputedRows:
    """The rows that a function gives for the row; `rows.single` says whether it is at most one."""

    key: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class RemoteField:
    """Rows of another source: `columns` are the row's own, `join` pairs the names of the keys' columns with theirs."""

    key: str
    columns: tuple[str, ...]
    source: str
    join: Join
    types: tuple[str, ...]
    query: Query


Field = (
    ColumnField | ConstantField | ObjectField | ArrayField | AggregateField | ComputedField | ComputedRows | RemoteField
)


@dataclass(frozen=True, slots=True)
class OrderColumn:
    """`when` hides the value, as in ColumnField."""

    column: str
    when: BoolExp | None = None


@dataclass(frozen=True, slots=True)
class OrderComputed:
    call: FunctionCall
    when: BoolExp | None = None


@dataclass(frozen=True, slots=True)
class OrderRelated:
    """An order by what the related object has."""

    join: Join
    where: BoolExp
    inner: OrderExpression


@dataclass(frozen=True, slots=True)
class OrderAggregate:
    """An order by an aggregate over related rows, or over those that a computed field gives."""

    rows: Join | FunctionCall
    where: BoolExp
    function: str
    column: str | None


OrderExpression = OrderColumn | OrderComputed | OrderRelated | OrderAggregate


@dataclass(frozen=True, slots=True)
class OrderItem:
    """`direction` is SQL (`ASC NULLS LAST`)."""

    expression: OrderExpression
    direction: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table or a function. `limits` are all to be kept to; `single` gives one object or null."""

    origin: Origin
    fields: tuple[Field, ...]
    where: BoolExp
    order: tuple[OrderItem, ...] = ()
    distinct: tuple[str, ...] = ()
    limits: tuple[Param, ...] = ()
    offset: Param | None = None
    single: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    key: str
    columns: tuple[str, ...]
    distinct: bool


@dataclass(frozen=True, slots=True)
class AggregateOfColumns:
    """An aggregate function over columns and scalar computed fields."""

    key: str
    function: str
    columns: tuple[ColumnField | ComputedField | ConstantField, ...]


@dataclass(frozen=True, slots=True)
class AggregateValues:
    key: str
    items: tuple[Count | AggregateOfColumns | ConstantField, ...]


@dataclass(frozen=True, slots=True)
class AggregateNodes:
    key: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`rows.fields` is empty: the parts say what is shown. `node_limits` are a role's limit, which counts
    for the nodes but not for the aggregates."""

    rows: Rows
    parts: tuple[AggregateValues | AggregateNodes | ConstantField, ...]
    node_limits: tuple[Param, ...] = ()


Origin = QualifiedName | FunctionCall
Query = Rows | Aggregate


@dataclass(frozen=True, slots=True)
class Stream:
    """The next rows after a cursor, which `rows` compare with; `column` gives its next value, `initial` its first."""

    rows: Rows
    column: str
    initial: Source


@dataclass(frozen=True, slots=True)
class AffectedRows:
    key: str


@dataclass(frozen=True, slots=True)
class Returning:
    key: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class MutationOutput:
    """What a mutation shows: an object of these parts or, for `…_one` and `…_by_pk`, the one row's fields."""

    parts: tuple[AffectedRows | Returning | ConstantField, ...]
    single: tuple[Field, ...] | None = None


@dataclass(frozen=True, slots=True)
class OnConflict:
    """`columns` are set to what the insert brought, `presets` to their values; without columns nothing is done.
    `target` are the columns in conflict where no constraint is named."""

    constraint: str | None
    columns: tuple[str, ...]
    presets: Mapping[str, Param]
    where: BoolExp
    check: BoolExp
    target: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InsertRow:
    """One row: its columns' values, and the objects inserted before it and the rows inserted after it.

    `path` is where errors are reported when the row is inserted by itself.
    """

    values: Mapping[str, Param]
    path: str = "$"
    before: tuple[RelatedInsert, ...] = ()
    after: tuple[RelatedInsert, ...] = ()


@dataclass(frozen=True, slots=True)
class RelatedInsert:
    relationship: str
    join: Join
    is_array: bool
    after: bool
    insert: Insert


@dataclass(frozen=True, slots=True)
class Insert:
    """`columns` are those that some row gives a value, `types` the SQL types of all; `path` is where a failed check
    is reported."""

    table: QualifiedName
    types: Mapping[str, str]
    columns: tuple[str, ...]
    rows: tuple[InsertRow, ...]
    presets: Mapping[str, Param]
    check: BoolExp
    on_conflict: OnConflict | None
    path: str

    @property
    def rows_a_statement(self) -> int:
        """How many rows one statement can bring without more parameters than PostgreSQL's protocol allows."""
        return max(1, MAX_VALUES // max(1, len(self.columns) + len(self.presets)))


@dataclass(frozen=True, slots=True)
class SetColumn:
    """`operator` is a key of UPDATE_OPERATORS in render."""

    column: str
    operator: str
    value: Param


@dataclass(frozen=True, slots=True)
class Update:
    table: QualifiedName
    changes: tuple[SetColumn, ...]
    where: BoolExp
    check: BoolExp
    path: str


@dataclass(frozen=True, slots=True)
class Delete:
    table: QualifiedName
    where: BoolExp
    path: str


@dataclass(frozen=True, slots=True)
class CallFunction:
    """A tracked function as a mutation."""

    query: Query


@dataclass(frozen=True, slots=True)
class Mutation:
    """One root field; several `changes` are `update_many`, whose answer is a list."""

    changes: tuple[Insert | Update | Delete, ...]
    outputs: MutationOutput
    many: bool = False
    checks: tuple[InputCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Root:
    """A root field's response key, the source it asks, and what it asks of it.

    Without a node the answer is `constant` or, for a namespace, the object of what is `below`. `of_values`: a constant
    that is right for these values of the variables only.
    """

    key: str
    source: str
    node: Query | Stream | Mutation | CallFunction | None
    constant: bytes | None = None
    below: tuple[Root, ...] | None = None
    of_values: bool = False

"""Conditions on a table's rows, as frozen nodes: what `where` arguments and permission filters become."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.engine.catalog import QualifiedName
from orchestrator.engine.sql import Param


@dataclass(frozen=True, slots=True)
class ColumnOperand:
    """Another column to compare with; `root` means a column of the outermost table, as in `["$", "id"]`."""

    column: str
    root: bool = False


@dataclass(frozen=True, slots=True)
class Operands:
    """The further arguments of an operator that is a function of several."""

    items: tuple[Param, ...]


Operand = Param | tuple[Param, ...] | Operands | ColumnOperand | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`operator` is a key of OPERATORS; the operand is None for those that take none."""

    column: str
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class CastCompare:
    """A comparison of the column's value cast to another type (`_cast`)."""

    column: str
    cast: str
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[BoolExp, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[BoolExp, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: BoolExp


@dataclass(frozen=True, slots=True)
class Join:
    """How rows of `table` belong to a row of this one: pairs of (this column, that column)."""

    table: QualifiedName
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Some row along the relationship fulfils the condition."""

    join: Join
    where: BoolExp


@dataclass(frozen=True, slots=True)
class Exists:
    """Some row of any table fulfils the condition."""

    table: QualifiedName
    where: BoolExp


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A computed field's function; arguments in order, where None stands for the row itself."""

    function: QualifiedName
    arguments: tuple[tuple[str | None, Param | None], ...]


@dataclass(frozen=True, slots=True)
class ComputedCompare:
    call: FunctionCall
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class ComputedRelated:
    """Some row that a computed field gives fulfils the condition."""

    call: FunctionCall
    where: BoolExp


@dataclass(frozen=True, slots=True)
class AggregateCompare:
    """A comparison of an aggregate over related rows (`articles_aggregate: {count: {…}}`); `columns` are the function's
    arguments, none of them for `count(*)`."""

    join: Join
    function: str
    columns: tuple[str, ...]
    distinct: bool
    filter: BoolExp
    operator: str
    operand: Operand


BoolExp = (
    And | Or | Not | Compare | CastCompare | Related | Exists | ComputedCompare | ComputedRelated | AggregateCompare
)

TRUE = And(())
FALSE = Or(())


def all_of(items: Iterable[BoolExp]) -> BoolExp:
    """One condition that holds where each of them does.

    >>> all_of([TRUE, FALSE, TRUE])
    Or(items=())
    """
    kept = tuple(item for item in items if item != TRUE)
    return kept[0] if len(kept) == 1 else And(kept)


@dataclass(frozen=True, slots=True)
class OperandPart:
    """One field of an operand that is an object; a `type` of None is the column's, `only` the one it is there for."""

    name: str
    type: str | None
    default: bool | None = None
    only: str | None = None
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Operator:
    """`sql` has `{0}` for the column and `{1}` for the operand; `operand` is same, array, text, keys or parts.

    `parts` are the fields of an object, in the order of the function's arguments. A text is of the column's own type
    where that is one of text's, else of the type `takes` or plain text; `cast` is what it becomes in SQL.
    """

    sql: str
    operand: str
    parts: tuple[OperandPart, ...] = ()
    takes: str | None = None
    cast: str | None = None

    def parts_for(self, column_type: str) -> tuple[OperandPart, ...]:
        return tuple(part for part in self.parts if part.only in (None, column_type))


_DISTANCE = (
    OperandPart("from", None),
    OperandPart("distance", "float8"),
    OperandPart("use_spheroid", "bool", default=True, only="geography"),
)


OPERATORS: Mapping[str, Operator] = {
    "_eq": Operator("{0} = {1}", "same"),
    "_neq": Operator("{0} <> {1}", "same"),
    "_gt": Operator("{0} > {1}", "same"),
    "_lt": Operator("{0} < {1}", "same"),
    "_gte": Operator("{0} >= {1}", "same"),
    "_lte": Operator("{0} <= {1}", "same"),
    "_in": Operator("{0} = ANY ({1})", "array"),
    "_nin": Operator("{0} <> ALL ({1})", "array"),
    "_like": Operator("{0} LIKE {1}", "text"),
    "_nlike": Operator("{0} NOT LIKE {1}", "text"),
    "_ilike": Operator("{0} ILIKE {1}", "text"),
    "_nilike": Operator("{0} NOT ILIKE {1}", "text"),
    "_similar": Operator("{0} SIMILAR TO {1}", "text"),
    "_nsimilar": Operator("{0} NOT SIMILAR TO {1}", "text"),
    "_regex": Operator("{0} ~ {1}", "text"),
    "_iregex": Operator("{0} ~* {1}", "text"),
    "_nregex": Operator("{0} !~ {1}", "text"),
    "_niregex": Operator("{0} !~* {1}", "text"),
    "_contains": Operator("{0} @> {1}", "same"),
    "_contained_in": Operator("{0} <@ {1}", "same"),
    "_has_key": Operator("{0} ? {1}", "text"),
    "_has_keys_any": Operator("{0} ?| {1}", "keys"),
    "_has_keys_all": Operator("{0} ?& {1}", "keys"),
    "_jsonb_path_exists": Operator("{0} @? {1}", "text", cast="jsonpath"),
    "_jsonb_path_match": Operator("{0} @@ {1}", "text", cast="jsonpath"),
    "_ancestor": Operator("{0} @> {1}", "same"),
    "_ancestor_any": Operator("{0} @> {1}", "array"),
    "_descendant": Operator("{0} <@ {1}", "same"),
    "_descendant_any": Operator("{0} <@ {1}", "array"),
    "_matches": Operator("{0} ~ {1}", "text", takes="lquery"),
    "_matches_any": Operator("{0} ? {1}", "keys", cast="lquery[]"),
    "_matches_fulltext": Operator("{0} @ {1}", "text", takes="ltxtquery"),
    "_st_contains": Operator("ST_Contains({0}, {1})", "same"),
    "_st_crosses": Operator("ST_Crosses({0}, {1})", "same"),
    "_st_equals": Operator("ST_Equals({0}, {1})", "same"),
    "_st_intersects": Operator("ST_Intersects({0}, {1})", "same"),
    "_st_overlaps": Operator("ST_Overlaps({0}, {1})", "same"),
    "_st_touches": Operator("ST_Touches({0}, {1})", "same"),
    "_st_within": Operator("ST_Within({0}, {1})", "same"),
    "_st_3d_intersects": Operator("ST_3DIntersects({0}, {1})", "same"),
    "_st_d_within": Operator("ST_DWithin({0}, {1})", "parts", _DISTANCE),
    "_st_3d_d_within": Operator("ST_3DDWithin({0}, {1})", "parts", _DISTANCE),
    "_st_intersects_rast": Operator("ST_Intersects({0}, {1})", "same"),
    "_st_intersects_nband_geom": Operator(
        "ST_Intersects({0}, {1})", "parts", (OperandPart("nband", "int4"), OperandPart("geommin", "geometry"))
    ),
    "_st_intersects_geom_nband": Operator(
        "ST_Intersects({0}, {1})",
        "parts",
        (OperandPart("geommin", "geometry"), OperandPart("nband", "int4", nullable=True)),
    ),
}

IS_NULL = "_is_null"
IS_NOT_NULL = "_is_not_null"

ALIASES: Mapping[str, str] = {"_ne": "_neq", "_not_null": IS_NOT_NULL}
"""Names that permissions and the old v1 queries may use."""

COLUMN_OPERATORS: Mapping[str, str] = {
    "_ceq": "_eq",
    "_cne": "_neq",
    "_cneq": "_neq",
    "_cgt": "_gt",
    "_clt": "_lt",
    "_cgte": "_gte",
    "_clte": "_lte",
}
"""Comparisons with another column, for permissions."""
